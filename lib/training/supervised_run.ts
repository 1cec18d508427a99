/** A supervised run: batches in a seeded order, a schedule, a loss curve. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { seededRandom, shuffled } from "../random.ts";
import { disposeTree, type NamedTensors } from "../tensorflow/mod.ts";
import { initialState } from "./adamw.ts";
import { cosineRate, type Schedule } from "./schedule.ts";
import { takeStep, type TrainStep } from "./train_step.ts";

/** Settings of a run. */
export interface SupervisedRun<Row, Batch> {
  /** Examples. */
  readonly rows: readonly Row[];
  /** Examples a step. */
  readonly batchSize: number;
  /** Makes a batch; the run frees it. */
  readonly pack: (rows: readonly Row[]) => Batch;
  /** From `makeTrainStep`. */
  readonly step: TrainStep<Batch>;
  /** Learning rates; its length is that of the run. */
  readonly schedule: Schedule;
  /** Seed of the order of the examples. */
  readonly seed: number;
  /** Called after every step. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** What a run leaves behind. */
export interface TrainedParameters {
  /** Parameters after the last step; the caller owns them. */
  readonly parameters: NamedTensors;
  /** Loss of every step, before its update. */
  readonly losses: number[];
}

/**
 * Trains from `initial`, which is taken over.
 *
 * Examples are shuffled anew for every pass over them; a batch may span two
 * passes. Between steps other work of the process gets its turn; what
 * `onStep` throws ends the run.
 *
 * @throws {RangeError} If there are fewer examples than one batch, or the
 * schedule is none.
 * @throws {Error} If the loss is no longer finite; names the step.
 */
export async function trainSupervised<Row, Batch>(
  initial: NamedTensors,
  run: SupervisedRun<Row, Batch>,
): Promise<TrainedParameters> {
  const { rows, batchSize, schedule } = run;
  if (rows.length < batchSize) {
    disposeTree(initial);
    throw new RangeError(
      `Cannot train as there must be at least ${batchSize} examples, one batch: current value is ${rows.length}`,
    );
  }
  if (!Number.isInteger(schedule.totalSteps) || schedule.totalSteps < 0) {
    disposeTree(initial);
    throw new RangeError(
      `Cannot train as 'totalSteps' must be an integer of at least 0: current value is ${schedule.totalSteps}`,
    );
  }
  const order = batches(rows, batchSize, run.seed);
  const losses: number[] = [];
  let state = initialState(initial);
  try {
    for (let step = 0; step < schedule.totalSteps; step++) {
      const batch = run.pack(order.next().value);
      const rate = cosineRate(schedule, step);
      const taken = takeStep(run.step, state, batch, { index: step, rate });
      state = taken.state;
      losses.push(taken.loss);
      run.onStep?.(step, taken.loss);
      await nextTurn();
    }
  } catch (error) {
    disposeTree(state);
    throw error;
  }
  disposeTree([state.means, state.squares]);
  return { parameters: state.parameters, losses };
}

/** Endless batches: pass after pass, each in its own order. */
function* batches<Row>(
  rows: readonly Row[],
  batchSize: number,
  seed: number,
): Generator<Row[], never> {
  let pending: Row[] = [];
  for (let pass = 0;; pass++) {
    pending.push(...shuffled(seededRandom("batches", seed, pass), rows));
    while (pending.length >= batchSize) {
      yield pending.slice(0, batchSize);
      pending = pending.slice(batchSize);
    }
  }
}
