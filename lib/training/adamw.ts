/**
 * AdamW (Loshchilov & Hutter 2019) with clipping by the global norm, as
 * pure functions, so that a whole step is one compiled function.
 *
 * Source: `torch.optim.AdamW` and `torch.nn.utils.clip_grad_norm_`, 2.7.1.
 */
import * as tf from "@tensorflow/tfjs";
import { mapTensors, type NamedTensors } from "../tensorflow/mod.ts";

/** Settings of the optimiser. */
export interface AdamwOptions {
  /** Decay of the mean of gradients. @default {0.9} */
  readonly beta1?: number;
  /** Decay of the mean of their squares. @default {0.999} */
  readonly beta2?: number;
  /** Added to the root of the squares. @default {1e-8} */
  readonly eps?: number;
  /** Share of a parameter that a step of rate 1 removes. @default {0} */
  readonly weightDecay?: number;
  /**
   * Gradients are scaled down to this global norm; Infinity leaves them alone.
   *
   * @default {1}
   */
  readonly maxGradNorm?: number;
}

/** What training changes. */
export interface TrainingState {
  /** Parameters. */
  readonly parameters: NamedTensors;
  /** Running means of the gradients. */
  readonly means: NamedTensors;
  /** Running means of the squared gradients. */
  readonly squares: NamedTensors;
}

/** The state before the first step; takes the parameters over. */
export function initialState(parameters: NamedTensors): TrainingState {
  const zeros = () => mapTensors(parameters, (tensor) => tf.zerosLike(tensor));
  return { parameters, means: zeros(), squares: zeros() };
}

/** Root of the sum of all squares. */
export function globalNorm(tensors: NamedTensors): tf.Scalar {
  const squares = Object.values(tensors).map((tensor) => tensor.square().sum());
  return tf.addN(squares).sqrt() as tf.Scalar;
}

/**
 * One update.
 *
 * @param rate Learning rate, scalar.
 * @param step Number of this step, from 1, scalar.
 * @returns The new state and the norm of the gradients before clipping.
 * @throws {RangeError} If an option is out of range.
 * @throws {TypeError} If a parameter has no gradient.
 */
export function adamwStep(
  state: TrainingState,
  gradients: NamedTensors,
  { rate, step }: { readonly rate: tf.Scalar; readonly step: tf.Scalar },
  options: AdamwOptions = {},
): { state: TrainingState; gradNorm: tf.Scalar } {
  const {
    beta1 = 0.9,
    beta2 = 0.999,
    eps = 1e-8,
    weightDecay = 0,
    maxGradNorm = 1,
  } = options;
  for (
    const [name, value, isValid, rule] of [
      ["beta1", beta1, beta1 >= 0 && beta1 < 1, "at least 0 and below 1"],
      ["beta2", beta2, beta2 >= 0 && beta2 < 1, "at least 0 and below 1"],
      ["eps", eps, eps > 0, "above 0"],
      ["weightDecay", weightDecay, weightDecay >= 0, "at least 0"],
      ["maxGradNorm", maxGradNorm, maxGradNorm > 0, "above 0"],
    ] as const
  ) {
    if (!isValid) {
      throw new RangeError(
        `Cannot update parameters as '${name}' must be ${rule}: current value is ${value}`,
      );
    }
  }
  for (const name of Object.keys(state.parameters)) {
    if (gradients[name] === undefined) {
      throw new TypeError(
        `Cannot update parameters as each must have a gradient: current value is none for '${name}'`,
      );
    }
  }
  const gradNorm = globalNorm(gradients);
  // clip_grad_norm_ adds 1e-6 to the norm.
  const clip = maxGradNorm === Infinity
    ? undefined
    : tf.minimum(tf.scalar(maxGradNorm).div(gradNorm.add(1e-6)), 1);
  // 1 - beta^step; float32 powers of 0.999 would lose five digits.
  const correction = (beta: number): tf.Tensor =>
    step.mul(Math.log(beta)).expm1().neg();
  const correction1 = correction(beta1);
  const correction2 = correction(beta2);
  const parameters: Record<string, tf.Tensor> = {};
  const means: Record<string, tf.Tensor> = {};
  const squares: Record<string, tf.Tensor> = {};
  for (const [name, parameter] of Object.entries(state.parameters)) {
    const gradient = clip === undefined
      ? gradients[name]
      : gradients[name].mul(clip);
    const mean = state.means[name].mul(beta1).add(gradient.mul(1 - beta1));
    const square = state.squares[name].mul(beta2)
      .add(gradient.square().mul(1 - beta2));
    const denominator = square.sqrt().div(correction2.sqrt()).add(eps);
    const decayed = weightDecay === 0
      ? parameter
      : parameter.mul(tf.sub(1, rate.mul(weightDecay)));
    means[name] = mean;
    squares[name] = square;
    parameters[name] = decayed
      .sub(mean.div(denominator).mul(rate.div(correction1)));
  }
  return { state: { parameters, means, squares }, gradNorm };
}
