/**
 * The precision of matrix products. All else, weights, sums and optimiser
 * included, is float32.
 */
import * as tf from "@tensorflow/tfjs";
import { TensorflowBackend } from "./backend.ts";

/**
 * How `tf.matMul` multiplies float32 tensors: as they are, or rounded to
 * bfloat16 (8 significant bits, float32's range) with sums in float32, which
 * is what matrix units of processors and GPUs do fastest.
 */
export const PRECISIONS = ["fp32", "bf16"] as const;

/** One of `PRECISIONS`. */
export type Precision = typeof PRECISIONS[number];

/** The precision of the backend that computes. */
export function currentPrecision(): Precision {
  const backend = tf.backend();
  return backend instanceof TensorflowBackend ? backend.precision : "fp32";
}

/**
 * Computes with matrix products of a precision, whatever the backend was
 * started with.
 *
 * @param compute Synchronous: the backend's precision is back when it returns.
 * @throws {RangeError} If the backend has no such products.
 *
 * @example A product that must be exact
 * withPrecision("fp32", () => tf.matMul(oneHot, vectors));
 */
export function withPrecision<T>(precision: Precision, compute: () => T): T {
  const backend = tf.backend();
  if (!(backend instanceof TensorflowBackend)) {
    requirePrecision(tf.getBackend(), precision);
    return compute();
  }
  const before = backend.precision;
  backend.precision = precision;
  try {
    return compute();
  } finally {
    backend.precision = before;
  }
}

/**
 * Refuses bfloat16 on a backend that has none.
 *
 * @param backend TensorFlow.js' name of it.
 * @throws {RangeError} If so.
 */
export function requirePrecision(backend: string, precision: Precision): void {
  if (precision !== "fp32" && backend !== "tensorflow") {
    throw new RangeError(
      `Cannot multiply in ${precision} as the backend must be tensorflow: current value is ${backend}`,
    );
  }
}
