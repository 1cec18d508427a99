/**
 * A run that trains a policy from its own completions: prompts in a seeded
 * order, rollouts of the policy as it is, advantages, and one or a few updates.
 */
import { generatedPoints, IGNORED_LABEL } from "../memgen/mod.ts";
import type { SupervisedRow } from "../memgen/mod.ts";
import { randomInt, seededRandom } from "../random.ts";
import {
  disposeTree,
  mapTensors,
  type NamedTensors,
} from "../tensorflow/mod.ts";
import type { TrainingState } from "./adamw.ts";
import { batchOrder } from "./batch_order.ts";
import type { Completion } from "./policy_batch.ts";
import type { PolicyLearner } from "./policy_learner.ts";
import type { MeasuredRollout } from "./policy_objective.ts";
import { type Rollout, rollOut, type RollOutOptions } from "./rollouts.ts";
import {
  type Run,
  type RunStep,
  train,
  type TrainedParameters,
} from "./run.ts";
import { cosineRate, type Schedule } from "./schedule.ts";

/** Settings of a policy's run. */
export interface PolicyRun<Batch> extends
  Pick<
    RollOutOptions,
    | "generator"
    | "eosTokenIds"
    | "groupSize"
    | "maxNewTokens"
    | "batchSize"
    | "reward"
  >,
  Pick<Run, "checkpoint" | "onStep"> {
  /** What learns, and how. */
  readonly learner: PolicyLearner<Batch>;
  /** Token ids of each prompt; `reward` gets their numbers. */
  readonly prompts: readonly (readonly number[])[];
  /** Prompts of a step; each gets a group of completions. */
  readonly promptsPerStep: number;
  /** Learning rate of each step; its length is that of the run. */
  readonly schedule: Schedule;
  /** Seed of the order of the prompts and of the sampled tokens. */
  readonly seed: number;
}

/**
 * Trains from `initial`, which is taken over, or goes on from a checkpoint.
 *
 * Each step logs, besides what its last update does: `reward`, `rewardStd` (mean
 * over groups, of G - 1 degrees of freedom), `uniformGroups` (share of groups
 * that teach nothing as their rewards are equal), `length` in tokens,
 * `truncated` (share), `insertions` a completion; with several updates or a
 * reference policy also `PolicyStatistics`.
 *
 * @throws {RangeError} If there are fewer prompts than a step asks for, or one
 * does not fit the policy's shape together with its completion.
 * @throws What `rollOut`, `PolicyLearner.update` and `train` do.
 */
export async function trainPolicy<Batch>(
  initial: NamedTensors,
  run: PolicyRun<Batch>,
): Promise<TrainedParameters> {
  const { learner, prompts, schedule, checkpoint, onStep } = run;
  try {
    requireRoom(run);
  } catch (error) {
    disposeTree(initial);
    throw error;
  }
  const promptsAt = batchOrder(
    prompts.map((_, prompt) => prompt),
    run.promptsPerStep,
    run.seed,
  );
  const reference = learner.objective.usesReference
    ? mapTensors(initial, (tensor) => tensor.clone())
    : {};
  try {
    return await train(initial, {
      totalSteps: schedule.totalSteps,
      checkpoint,
      onStep,
      async step(state, index, before) {
        const rollouts = await sample(run, state, {
          chosen: promptsAt(index),
          index,
        });
        const measured = measure(learner, rollouts, { state, reference });
        const advantages = learner.objective.advantages(measured, {
          groupSize: run.groupSize,
          before,
        });
        const completions = measured.map((rollout, b): Completion => ({
          ...learner.policy.row(rollout),
          advantage: advantages[b],
          isTruncated: rollout.isTruncated,
          oldLogProbs: rollout.oldLogProbs,
          referenceLogProbs: rollout.referenceLogProbs,
        }));
        const taken = learn(run, state, completions, index);
        const metrics = {
          ...taken.metrics,
          ...rolloutMetrics(rollouts, run.groupSize),
        };
        return { state: taken.state, metrics };
      },
    });
  } finally {
    disposeTree(reference);
  }
}

/** A rollout as a row: all of its completion is learned. */
export function completionRow(
  { promptIds, ids, augmentation }: Pick<
    Rollout,
    "promptIds" | "ids" | "augmentation"
  >,
): SupervisedRow {
  return {
    ids: [...promptIds, ...ids],
    labels: [...promptIds.map(() => IGNORED_LABEL), ...ids],
    points: generatedPoints(promptIds.length, augmentation),
  };
}

/** Rollouts of a step: of the policy as it is, with tokens of its own seed. */
async function sample<Batch>(
  { learner: { policy }, prompts, seed, ...options }: PolicyRun<Batch>,
  { parameters }: TrainingState,
  { chosen, index }: {
    readonly chosen: readonly number[];
    readonly index: number;
  },
): Promise<Rollout[]> {
  return await rollOut(prompts, {
    ...options,
    ...policy.apply(parameters),
    chosen,
    temperature: policy.temperature,
    seed: randomInt(seededRandom("rollouts", seed, index), 2 ** 32),
  });
}

/**
 * Adds log-probabilities: those of the policy that sampled, where later updates
 * move away from it or it is compared with the reference, and the reference's.
 */
function measure<Batch>(
  learner: PolicyLearner<Batch>,
  rollouts: readonly Rollout[],
  { state, reference }: {
    readonly state: TrainingState;
    readonly reference: NamedTensors;
  },
): MeasuredRollout[] {
  const { iterations, usesReference } = learner.objective;
  if (iterations === 1 && !usesReference) return [...rollouts];
  const rows = rollouts.map(learner.policy.row);
  const old = learner.logProbs(state.parameters, rows);
  const other = usesReference ? learner.logProbs(reference, rows) : [];
  return rollouts.map((rollout, b) => ({
    ...rollout,
    oldLogProbs: old[b],
    referenceLogProbs: other[b],
  }));
}

/** The updates of a step; frees `state`, or throws and leaves it alone. */
function learn<Batch>(
  { learner, schedule, maxNewTokens }: PolicyRun<Batch>,
  state: TrainingState,
  completions: readonly Completion[],
  index: number,
): RunStep {
  const { iterations } = learner.objective;
  const rate = cosineRate(schedule, index);
  const maxCompletionLength = maxNewTokens;
  const copy = (tensors: NamedTensors): NamedTensors =>
    mapTensors(tensors, (tensor) => tensor.clone());
  // Each update frees the state that it begins with.
  let current: TrainingState = {
    parameters: copy(state.parameters),
    means: copy(state.means),
    squares: copy(state.squares),
  };
  let metrics: RunStep["metrics"] = { loss: 0 };
  try {
    for (let i = 0; i < iterations; i++) {
      const isMeasured = i === iterations - 1 &&
        completions[0].oldLogProbs !== undefined;
      const statistics = isMeasured
        ? learner.statistics(current.parameters, completions, {
          maxCompletionLength,
        })
        : {};
      const taken = learner.update(current, completions, {
        index: index * iterations + i,
        rate,
        maxCompletionLength,
      });
      current = taken.state;
      metrics = { ...taken.metrics, ...statistics };
    }
  } catch (error) {
    disposeTree(current);
    throw error;
  }
  disposeTree(state);
  return { state: current, metrics };
}

/** What a run logs of its rollouts. */
function rolloutMetrics(
  rollouts: readonly Rollout[],
  groupSize: number,
): Record<string, number> {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const rewards = rollouts.map(({ reward }) => reward);
  const stds = Array.from({ length: rewards.length / groupSize }, (_, g) => {
    const group = rewards.slice(g * groupSize, (g + 1) * groupSize);
    const distances = group.map((reward) => reward - mean(group));
    return Math.hypot(...distances) / Math.sqrt(Math.max(1, groupSize - 1));
  });
  return {
    reward: mean(rewards),
    rewardStd: mean(stds),
    uniformGroups: mean(stds.map((std) => Number(std === 0))),
    length: mean(rollouts.map(({ ids }) => ids.length)),
    truncated: mean(rollouts.map(({ isTruncated }) => Number(isTruncated))),
    insertions: mean(
      rollouts.map(({ augmentation }) =>
        augmentation.filter((decision) => decision === 1).length
      ),
    ),
  };
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
