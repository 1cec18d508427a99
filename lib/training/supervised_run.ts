/** A supervised run: batches in a seeded order and a schedule. */
import { disposeTree, type NamedTensors } from "../tensorflow/mod.ts";
import { batchOrder } from "./batch_order.ts";
import { type Run, train, type TrainedParameters } from "./run.ts";
import { cosineRate, type Schedule } from "./schedule.ts";
import { takeStep, type TrainStep } from "./train_step.ts";

/** Settings of a supervised run. */
export interface SupervisedRun<Row, Batch>
  extends Pick<Run, "checkpoint" | "onStep"> {
  /** Examples. */
  readonly rows: readonly Row[];
  /** Examples a step. */
  readonly batchSize: number;
  /** Makes the batch of a step; the run frees it. */
  readonly pack: (rows: readonly Row[], index: number) => Batch;
  /** From `makeTrainStep`. */
  readonly step: TrainStep<Batch>;
  /** Learning rates; its length is that of the run. */
  readonly schedule: Schedule;
  /** Seed of the order of the examples. */
  readonly seed: number;
}

/**
 * Trains from `initial`, which is taken over, or goes on from a checkpoint:
 * `train` on batches in the order of `batchOrder`.
 *
 * @throws {RangeError} If there are fewer examples than one batch, or the
 * schedule is none.
 * @throws {Error} If the loss is no longer finite; names the step.
 * @throws What `train` does.
 */
export async function trainSupervised<Row, Batch>(
  initial: NamedTensors,
  run: SupervisedRun<Row, Batch>,
): Promise<TrainedParameters> {
  const { rows, batchSize, schedule, checkpoint, onStep } = run;
  if (rows.length < batchSize) {
    disposeTree(initial);
    throw new RangeError(
      `Cannot train as there must be at least ${batchSize} examples, one batch: current value is ${rows.length}`,
    );
  }
  const batchAt = batchOrder(rows, batchSize, run.seed);
  return await train(initial, {
    totalSteps: schedule.totalSteps,
    checkpoint,
    onStep,
    step: (state, index) => {
      const batch = run.pack(batchAt(index), index);
      const rate = cosineRate(schedule, index);
      return takeStep(run.step, state, batch, { index, rate });
    },
  });
}
