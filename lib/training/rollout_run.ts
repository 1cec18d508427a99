/**
 * A run that trains a policy from rollouts, whatever they are: tasks in a
 * seeded order, rollouts of the policy as it is, advantages, and one or a few
 * updates.
 */
import { joinTurns, learnedPlaces, type SupervisedRow } from "../memgen/mod.ts";
import { randomInt, seededRandom } from "../random.ts";
import {
  disposeTree,
  mapTensors,
  type NamedTensors,
} from "../tensorflow/mod.ts";
import type { TrainingState } from "./adamw.ts";
import { batchOrder } from "./batch_order.ts";
import type { Completion } from "./policy_batch.ts";
import type { Policy, PolicyLearner } from "./policy_learner.ts";
import type { MeasuredRollout } from "./policy_objective.ts";
import type { Rollout, RollOutOptions, RolloutTurn } from "./rollouts.ts";
import {
  type Run,
  type RunStep,
  train,
  type TrainedParameters,
} from "./run.ts";
import { cosineRate, type Schedule } from "./schedule.ts";

/** What a run asks of rollouts. */
export type RolloutRequest =
  & Required<Pick<RollOutOptions, "chosen" | "view">>
  & Pick<RollOutOptions, "memory" | "temperature" | "seed">;

/** Settings of a run from rollouts. */
export interface RolloutRun<Batch>
  extends
    Pick<RollOutOptions, "groupSize">,
    Pick<Run, "checkpoint" | "onStep"> {
  /** What learns, and how. */
  readonly learner: PolicyLearner<Batch>;
  /** How many tasks there are. */
  readonly tasks: number;
  /** Tasks of a step; each gets a group of rollouts. */
  readonly tasksPerStep: number;
  /** Makes the groups of the chosen tasks. */
  readonly rollOut: (request: RolloutRequest) => Promise<readonly Rollout[]>;
  /** Tokens that a rollout could have been written in. */
  readonly maxCompletionLength: number;
  /** Learning rate of each step; its length is that of the run. */
  readonly schedule: Schedule;
  /** Seed of the order of the tasks and of the rollouts. */
  readonly seed: number;
}

/**
 * Trains from `initial`, which is taken over, or goes on from a checkpoint.
 *
 * Each step logs, besides what its last update does: `reward`, `rewardStd` (mean
 * over groups, of G - 1 degrees of freedom), `uniformGroups` (share of groups
 * that teach nothing as their rewards are equal), `length` in tokens written,
 * `truncated` (share), `insertions` a rollout, `turns` of an episode; with
 * several updates or a reference policy also `PolicyStatistics`.
 *
 * @throws What `rollOut`, `PolicyLearner.update` and `train` do.
 */
export async function trainFromRollouts<Batch>(
  initial: NamedTensors,
  run: RolloutRun<Batch>,
): Promise<TrainedParameters> {
  const { learner, groupSize, schedule, checkpoint, onStep } = run;
  const { policy, objective } = learner;
  const tasksAt = batchOrder(
    Array.from({ length: run.tasks }, (_, task) => task),
    run.tasksPerStep,
    run.seed,
  );
  const reference = objective.usesReference
    ? mapTensors(initial, (tensor) => tensor.clone())
    : {};
  try {
    return await train(initial, {
      totalSteps: schedule.totalSteps,
      checkpoint,
      onStep,
      async step(state, index, before) {
        const { view, memory } = policy.apply(state.parameters);
        const rollouts = await run.rollOut({
          view,
          memory,
          chosen: tasksAt(index),
          temperature: policy.temperature,
          seed: randomInt(seededRandom("rollouts", run.seed, index), 2 ** 32),
        });
        const measured = measure(learner, rollouts, { state, reference });
        const advantages = objective.advantages(measured, {
          groupSize,
          before,
        });
        const completions = measured.flatMap((rollout, episode) =>
          completionsOf(policy, rollout, {
            episode,
            advantage: advantages[episode],
          })
        );
        const taken = learn(run, state, completions, index);
        const metrics = {
          ...taken.metrics,
          ...rolloutMetrics(rollouts, groupSize),
        };
        return { state: taken.state, metrics };
      },
    });
  } finally {
    disposeTree(reference);
  }
}

/** A rollout as rows: one, or one a turn where turns stand apart. */
export function rolloutRows(
  { row, layout }: Pick<Policy<never>, "row" | "layout">,
  rollout: Rollout,
): SupervisedRow[] {
  const turns = turnsOf(rollout).map(row);
  return turns.length === 1 ? turns : joinTurns(turns, layout);
}

function turnsOf(rollout: Rollout): readonly RolloutTurn[] {
  return rollout.turns ?? [rollout];
}

/** The rows of a rollout, with what was found out about its tokens. */
function completionsOf<Batch>(
  policy: Policy<Batch>,
  { isTruncated, ...rollout }: MeasuredRollout,
  { episode, advantage }: {
    readonly episode: number;
    readonly advantage: number | readonly number[];
  },
): Completion[] {
  let start = 0;
  return rolloutRows(policy, { ...rollout, isTruncated }).map((row) => {
    const end = start + learnedPlaces(row).length;
    const own = (values?: ArrayLike<number>): number[] | undefined =>
      values && Array.from(values).slice(start, end);
    const completion = {
      ...row,
      episode,
      isTruncated,
      advantage: typeof advantage === "number" ? advantage : own(advantage)!,
      oldLogProbs: own(rollout.oldLogProbs),
      referenceLogProbs: own(rollout.referenceLogProbs),
    };
    start = end;
    return completion;
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
  const { policy, objective: { iterations, usesReference } } = learner;
  if (iterations === 1 && !usesReference) return [...rollouts];
  const rows = rollouts.map((rollout) => rolloutRows(policy, rollout));
  const perRollout = (parameters: NamedTensors): number[][] => {
    const values = learner.logProbs(parameters, rows.flat());
    let next = 0;
    return rows.map((own) => own.flatMap(() => Array.from(values[next++])));
  };
  const old = perRollout(state.parameters);
  const other = usesReference ? perRollout(reference) : [];
  return rollouts.map((rollout, b) => ({
    ...rollout,
    oldLogProbs: old[b],
    referenceLogProbs: other[b],
  }));
}

/** The updates of a step; frees `state`, or throws and leaves it alone. */
function learn<Batch>(
  { learner, schedule, maxCompletionLength }: RolloutRun<Batch>,
  state: TrainingState,
  completions: readonly Completion[],
  index: number,
): RunStep {
  const { iterations } = learner.objective;
  const rate = cosineRate(schedule, index);
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
  const isPlayed = rollouts.some(({ turns }) => turns !== undefined);
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
    ...isPlayed &&
      { turns: mean(rollouts.map((each) => turnsOf(each).length)) },
  };
}
