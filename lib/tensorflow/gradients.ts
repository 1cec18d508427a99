/**
 * Gradients from TensorFlow.js' tape, with or without gradient checkpointing
 * (Chen et al. 2016, arXiv 1604.06174): parts of a function keep only their
 * inputs, and compute what is within them again in the backward pass.
 */
import * as tf from "@tensorflow/tfjs";
import { flatten, type FlatTree, unflatten } from "./tree.ts";

/** The parameters of the gradient being taken, if it is checkpointed. */
let checkpointed: ReadonlySet<tf.Tensor> | undefined;

/** Options of `valueAndGradients`. */
export interface GradientOptions {
  /**
   * Whether what stands within `checkpoint` is computed again in the backward
   * pass: a forward pass more, for far less memory.
   *
   * @default {false}
   */
  readonly gradientCheckpointing?: boolean;
}

/**
 * The value of a function and its gradient for each parameter: zero for those
 * that the value does not depend on. Nothing else gets a gradient.
 *
 * @param fn Pure; reads the parameters from outside.
 */
export function valueAndGradients(
  fn: () => tf.Scalar,
  parameters: readonly tf.Tensor[],
  { gradientCheckpointing = false }: GradientOptions = {},
): { value: tf.Scalar; gradients: tf.Tensor[] } {
  const { value, grads } = tf.engine().gradients(
    () => {
      const outer = checkpointed;
      checkpointed = gradientCheckpointing ? new Set(parameters) : undefined;
      try {
        return fn();
      } finally {
        checkpointed = outer;
      }
    },
    [...parameters],
    undefined,
    true,
  );
  const gradients = parameters.map((parameter, i) =>
    grads[i] ?? tf.zerosLike(parameter)
  );
  return { value, gradients };
}

/** What goes into a checkpointed function. */
export interface CheckpointInputs<Inputs, Constants> {
  /** A tree of float32 tensors; they get gradients. */
  readonly inputs: Inputs;
  /** A tree of what else was computed before; gets none. */
  readonly constants: Constants;
  /** Other tensors that the function reads: parameters among them get some. */
  readonly weights: readonly tf.Tensor[];
}

/**
 * `fn(inputs, constants)`. Within a checkpointed gradient, no more than these
 * two are kept for the backward pass.
 *
 * @param fn Pure; returns a tree of float32 tensors.
 */
export function checkpoint<Inputs, Constants, Outputs>(
  fn: (inputs: Inputs, constants: Constants) => Outputs,
  { inputs, constants, weights }: CheckpointInputs<Inputs, Constants>,
): Outputs {
  const parameters = checkpointed;
  if (parameters === undefined) return fn(inputs, constants);
  const { tensors: free, structure } = flatten(inputs);
  const fixed = flatten(constants);
  const trained = weights.filter((tensor) => parameters.has(tensor));
  const run = (tensors: readonly tf.Tensor[]): FlatTree =>
    flatten(fn(
      unflatten(structure, tensors.slice(0, free.length)) as Inputs,
      unflatten(fixed.structure, tensors.slice(free.length)) as Constants,
    ));
  let outputs: FlatTree | undefined;
  const joined = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const tensors = [...free, ...fixed.tensors];
    save(tensors);
    outputs = run(tensors);
    return {
      value: join(outputs.tensors),
      gradFunc: (d: tf.Tensor, saved: tf.Tensor[]) => {
        const inputs = after(d, saved.slice(0, free.length));
        return innerGradients(
          () => join(run([...inputs, ...saved.slice(free.length)]).tensors),
          [...inputs, ...trained],
          d,
        );
      },
    };
  })(...free, ...trained);
  const shapes = outputs!.tensors.map(({ shape }) => shape);
  return unflatten(outputs!.structure, separate(joined, shapes)) as Outputs;
}

/** One vector of all, as a custom gradient has one output. */
function join(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tf.concat(tensors.map((tensor) => tensor.flatten()));
}

function separate(
  vector: tf.Tensor,
  shapes: readonly (readonly number[])[],
): tf.Tensor[] {
  let start = 0;
  return shapes.map((shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const part = vector.slice(start, size).reshape([...shape]);
    start += size;
    return part;
  });
}

/**
 * The same tensors, but not before all of `d` is known. Without this, compilers
 * see that the forward pass is computed twice from the same inputs, and keep
 * the first. What is added is 0, even for NaN; no compiler finds that out.
 */
function after(d: tf.Tensor, tensors: readonly tf.Tensor[]): tf.Tensor[] {
  const zero = d.sum().less(-Infinity).toFloat();
  return tensors.map((tensor) => tensor.add(zero));
}

/**
 * Gradients within a backward pass. TensorFlow.js clears its tape after
 * every gradient: the outer one still needs its own.
 */
function innerGradients(
  fn: () => tf.Tensor,
  xs: tf.Tensor[],
  d: tf.Tensor,
): tf.Tensor[] {
  const { state } = tf.engine();
  const tape = state.activeTape;
  try {
    const { grads } = tf.engine().gradients(fn, xs, d, true);
    return xs.map((x, i) => grads[i] ?? tf.zerosLike(x));
  } finally {
    state.activeTape = tape;
  }
}
