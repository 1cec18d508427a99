/** A run that trains a policy from the episodes that it plays. */
import { disposeTree, type NamedTensors } from "../tensorflow/mod.ts";
import type { Environment } from "./environment.ts";
import { playEpisodes, type PlayOptions } from "./episodes.ts";
import { type RolloutRun, trainFromRollouts } from "./rollout_run.ts";
import type { TrainedParameters } from "./run.ts";

/** Settings of a run in episodes. */
export interface EpisodeRun<Batch>
  extends
    Omit<PlayOptions, "chosen" | "view" | "memory" | "temperature">,
    Omit<RolloutRun<Batch>, "tasks" | "rollOut" | "maxCompletionLength"> {
  /** What makes an environment of each task. */
  readonly tasks: readonly (() => Environment)[];
}

/**
 * Trains from `initial`, which is taken over, or goes on from a checkpoint; see
 * `trainFromRollouts`. All turns of an episode share its advantage.
 *
 * Deviation: the released code learns a random choice of turns of each episode
 * here, too (`maxPromptAugmentations`); these are all of them.
 *
 * @throws {RangeError} If there are fewer tasks than a step asks for, or an
 * episode may not fit the policy's shape.
 * @throws What `playEpisodes` and `trainFromRollouts` do.
 */
export async function trainInEpisodes<Batch>(
  initial: NamedTensors,
  run: EpisodeRun<Batch>,
): Promise<TrainedParameters> {
  const { tasks, maxTurns, maxNewTokens } = run;
  try {
    requireRoom(run);
  } catch (error) {
    disposeTree(initial);
    throw error;
  }
  return await trainFromRollouts(initial, {
    ...run,
    tasks: tasks.length,
    maxCompletionLength: maxTurns * maxNewTokens,
    rollOut: (request) => playEpisodes(tasks, { ...run, ...request }),
  });
}

/** @throws {RangeError} As `trainInEpisodes` says. */
function requireRoom<Batch>(
  { learner: { policy }, tasks, tasksPerStep, maxLength, ...limits }:
    EpisodeRun<Batch>,
): void {
  const { shape: { rows, length, targets, turns = 1 }, layout } = policy;
  const turnsOfRow = layout.memoryScope === "episode" ? limits.maxTurns : 1;
  const most = rows * turnsOfRow * limits.maxNewTokens;
  const refuse = (rule: string, current: number | string): never => {
    throw new RangeError(
      `Cannot train in episodes as ${rule}: current value is ${current}`,
    );
  };
  if (tasks.length < tasksPerStep) {
    refuse(`there must be at least ${tasksPerStep} tasks`, tasks.length);
  }
  if (maxLength > length) {
    refuse(`an episode must fit into ${length} tokens of a row`, maxLength);
  }
  if (turnsOfRow > turns) {
    refuse(`a row must hold ${turnsOfRow} turns`, turns);
  }
  if (most > targets) {
    refuse(
      `what is written in ${rows} rows must fit into ${targets} targets`,
      most,
    );
  }
}
