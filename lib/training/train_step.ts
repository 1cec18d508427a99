/** One training step, forward, backward and update, as one function. */
import * as tf from "@tensorflow/tfjs";
import {
  disposeTree,
  type GradientOptions,
  jit,
  type JitOptions,
  type Jitted,
  type NamedTensors,
  valueAndGradients,
} from "../tensorflow/mod.ts";
import { type AdamwOptions, adamwStep, type TrainingState } from "./adamw.ts";
import type { RunStep } from "./run.ts";

/** The loss of a batch; pure. */
export type LossFunction<Batch> = (
  parameters: NamedTensors,
  batch: Batch,
) => tf.Scalar;

/** Result of a step. */
export interface StepResult {
  /** The new state. */
  readonly state: TrainingState;
  /** Loss before the update, scalar. */
  readonly loss: tf.Scalar;
  /** Norm of the gradients before clipping, scalar. */
  readonly gradNorm: tf.Scalar;
}

/** A compiled step. */
export type TrainStep<Batch> = Jitted<
  [
    state: TrainingState,
    batch: Batch,
    clock: { readonly rate: tf.Scalar; readonly step: tf.Scalar },
  ],
  StepResult
>;

/** Settings of a step: of its gradients, of the optimiser, of `jit`. */
export type TrainStepOptions = AdamwOptions & GradientOptions & JitOptions;

/**
 * The loss and its gradient for every parameter: zero for those that the loss
 * does not use, such as queries without an insertion.
 */
export function lossAndGradients<Batch>(
  loss: LossFunction<Batch>,
  parameters: NamedTensors,
  batch: Batch,
  options: GradientOptions = {},
): { loss: tf.Scalar; gradients: NamedTensors } {
  const { value, gradients } = valueAndGradients(
    () => loss(parameters, batch),
    Object.values(parameters),
    options,
  );
  const names = Object.keys(parameters);
  return {
    loss: value,
    gradients: Object.fromEntries(names.map((name, i) => [name, gradients[i]])),
  };
}

/**
 * Compiles a step.
 *
 * The function leaves the old state alone: the caller frees it.
 */
export function makeTrainStep<Batch>(
  loss: LossFunction<Batch>,
  options: TrainStepOptions,
): TrainStep<Batch> {
  return jit((state, batch, clock) => {
    const result = lossAndGradients(loss, state.parameters, batch, options);
    const updated = adamwStep(state, result.gradients, clock, options);
    return { ...updated, loss: result.loss };
  }, options);
}

/**
 * Takes one step of a run: from `state`, which it frees, to the next.
 *
 * @param batch Freed, also if the step fails.
 * @param at Index of the step, from 0, and its learning rate.
 * @returns The new state, which the caller owns, with the loss before the
 * update, the norm of the gradients before clipping and the rate.
 * @throws {Error} If the loss or the norm is not finite; then `state` stays
 * the caller's.
 */
export function takeStep<Batch>(
  step: TrainStep<Batch>,
  state: TrainingState,
  batch: Batch,
  { index, rate }: { readonly index: number; readonly rate: number },
): RunStep {
  const clock = { rate: tf.scalar(rate), step: tf.scalar(index + 1) };
  let result: StepResult;
  try {
    result = step(state, batch, clock);
  } finally {
    disposeTree([batch, clock]);
  }
  const { state: updated, ...report } = result;
  const [loss] = report.loss.dataSync();
  const [gradNorm] = report.gradNorm.dataSync();
  disposeTree(report);
  for (
    const [name, value] of [
      ["loss", loss],
      ["norm of the gradients", gradNorm],
    ] as const
  ) {
    if (!Number.isFinite(value)) {
      disposeTree(updated);
      throw new Error(
        `Cannot go on training as the ${name} of step ${index} must be finite: current value is ${value}`,
      );
    }
  }
  disposeTree(state);
  return { state: updated, metrics: { loss, gradNorm, rate } };
}
