/** A run that trains a policy from its completions of single prompts. */
import { disposeTree, type NamedTensors } from "../tensorflow/mod.ts";
import { type RolloutRun, trainFromRollouts } from "./rollout_run.ts";
import { rollOut, type RollOutOptions } from "./rollouts.ts";
import type { TrainedParameters } from "./run.ts";

/** Settings of a policy's run. */
export interface PolicyRun<Batch> extends
  Pick<
    RollOutOptions,
    "generator" | "eosTokenIds" | "maxNewTokens" | "batchSize" | "reward"
  >,
  Omit<
    RolloutRun<Batch>,
    "tasks" | "tasksPerStep" | "rollOut" | "maxCompletionLength"
  > {
  /** Token ids of each prompt; `reward` gets their numbers. */
  readonly prompts: readonly (readonly number[])[];
  /** Prompts of a step; each gets a group of completions. */
  readonly promptsPerStep: number;
}

/**
 * Trains from `initial`, which is taken over, or goes on from a checkpoint; see
 * `trainFromRollouts`.
 *
 * @throws {RangeError} If there are fewer prompts than a step asks for, or one
 * does not fit the policy's shape together with its completion.
 * @throws What `rollOut` and `trainFromRollouts` do.
 */
export async function trainPolicy<Batch>(
  initial: NamedTensors,
  run: PolicyRun<Batch>,
): Promise<TrainedParameters> {
  const { prompts, maxNewTokens } = run;
  try {
    requireRoom(run);
  } catch (error) {
    disposeTree(initial);
    throw error;
  }
  return await trainFromRollouts(initial, {
    ...run,
    tasks: prompts.length,
    tasksPerStep: run.promptsPerStep,
    maxCompletionLength: maxNewTokens,
    rollOut: (request) => rollOut(prompts, { ...run, ...request }),
  });
}

/** @throws {RangeError} As `trainPolicy` says. */
function requireRoom<Batch>(
  { learner, prompts, promptsPerStep, maxNewTokens }: PolicyRun<Batch>,
): void {
  if (prompts.length < promptsPerStep) {
    throw new RangeError(
      `Cannot train a policy as there must be at least ${promptsPerStep} prompts, those of one step: current value is ${prompts.length}`,
    );
  }
  const { rows, length, targets } = learner.policy.shape;
  const longest = prompts.reduce((max, { length }) => Math.max(max, length), 0);
  if (longest + maxNewTokens > length) {
    throw new RangeError(
      `Cannot train a policy as a prompt and ${maxNewTokens} new tokens must fit into ${length}: current value is ${longest} tokens of a prompt`,
    );
  }
  if (rows * maxNewTokens > targets) {
    throw new RangeError(
      `Cannot train a policy as ${rows} completions of ${maxNewTokens} tokens must fit into a micro-batch: current value is ${targets} targets`,
    );
  }
}
