/**
 * Gradient accumulation: a step over several micro-batches, for when its whole
 * batch does not fit into memory.
 */
import * as tf from "@tensorflow/tfjs";
import type { Targets } from "../memgen/mod.ts";
import {
  disposeTree,
  jit,
  mapTensors,
  type NamedTensors,
  tidy,
} from "../tensorflow/mod.ts";
import { adamwStep } from "./adamw.ts";
import {
  lossAndGradients,
  type LossFunction,
  type StepResult,
  type TrainStep,
  type TrainStepOptions,
} from "./train_step.ts";

/** A batch whose loss is a mean over its targets. */
export interface SupervisedBatch {
  /** What is learned. */
  readonly targets: Pick<Targets, "weights">;
}

/**
 * Compiles a step over a list of micro-batches. It equals that of
 * `makeTrainStep` on one batch of all their rows: loss and gradients are means
 * over all targets, so a micro-batch counts by how many it has.
 *
 * Each call holds one sum of gradients, and a second one while a micro-batch
 * is added: TensorFlow does not compute in place.
 */
export function makeAccumulatedStep<Batch extends SupervisedBatch>(
  loss: LossFunction<Batch>,
  options: TrainStepOptions,
): TrainStep<readonly Batch[]> {
  return makeStep(loss, options, {
    weight: ({ targets }) => targets.weights.sum() as tf.Scalar,
    average: (sum, weight) => sum.div(weight),
  });
}

/**
 * The same for losses that add up, such as those of policies: loss and
 * gradients of the step are the sums of those of its micro-batches.
 */
export function makeSummedStep<Batch>(
  loss: LossFunction<Batch>,
  options: TrainStepOptions,
): TrainStep<readonly Batch[]> {
  return makeStep(loss, options, {
    weight: () => tf.scalar(1),
    average: (sum) => sum,
  });
}

/** Sums over the micro-batches so far. */
interface Sums {
  /** Of their losses, by weight. */
  readonly loss: tf.Scalar;
  /** Of their gradients, by weight. */
  readonly gradients: NamedTensors;
  /** Of their weights. */
  readonly weight: tf.Scalar;
}

/** How micro-batches become one. */
interface Reduction<Batch> {
  /** What a micro-batch counts. */
  readonly weight: (batch: Batch) => tf.Scalar;
  /** From a weighted sum to the step's value. */
  readonly average: <T extends tf.Tensor>(sum: T, weight: tf.Scalar) => T;
}

function makeStep<Batch>(
  loss: LossFunction<Batch>,
  options: TrainStepOptions,
  { weight, average }: Reduction<Batch>,
): TrainStep<readonly Batch[]> {
  const { name, xla } = options;
  const add = jit(
    (parameters: NamedTensors, batch: Batch, sums: Sums): Sums => {
      const added = lossAndGradients(loss, parameters, batch, options);
      const own = weight(batch);
      return {
        loss: sums.loss.add(added.loss.mul(own)),
        gradients: mapTensors(
          sums.gradients,
          (sum, name) => sum.add(added.gradients[name].mul(own)),
        ),
        weight: sums.weight.add(own),
      };
    },
    { name: `${name}_add`, xla },
  );
  const update: TrainStep<Sums> = jit((state, sums, clock) => {
    const gradients = mapTensors(
      sums.gradients,
      (sum) => average(sum, sums.weight),
    );
    const updated = adamwStep(state, gradients, clock, options);
    return { ...updated, loss: average(sums.loss, sums.weight) };
  }, { name: `${name}_update`, xla });

  const step = (
    ...[state, batches, clock]: Parameters<TrainStep<readonly Batch[]>>
  ): StepResult => {
    let sums: Sums = tidy(() => ({
      loss: tf.scalar(0),
      gradients: mapTensors(state.parameters, (each) => tf.zerosLike(each)),
      weight: tf.scalar(0),
    }));
    try {
      for (const batch of batches) {
        const next = add(state.parameters, batch, sums);
        disposeTree(sums);
        sums = next;
      }
      return update(state, sums, clock);
    } finally {
      disposeTree(sums);
    }
  };
  return Object.assign(step, {
    dispose(): void {
      add.dispose();
      update.dispose();
    },
  });
}

/**
 * Packs the examples of a step as micro-batches of the same number of rows.
 *
 * @param pack Makes one of them.
 * @throws {RangeError} From the result, if the rows do not divide.
 */
export function inMicroBatches<Row, Batch>(
  pack: (rows: readonly Row[]) => Batch,
  gradientAccumulationSteps: number,
): (rows: readonly Row[]) => Batch[] {
  return (rows) => {
    const size = rows.length / gradientAccumulationSteps;
    if (![gradientAccumulationSteps, size].every(isCount)) {
      throw new RangeError(
        `Cannot pack micro-batches as 'gradientAccumulationSteps' must divide the ${rows.length} examples of a step: current value is ${gradientAccumulationSteps}`,
      );
    }
    // Frees what was packed if a later one cannot be.
    return tidy(() =>
      Array.from(
        { length: gradientAccumulationSteps },
        (_, i) => pack(rows.slice(i * size, (i + 1) * size)),
      )
    );
  };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}
