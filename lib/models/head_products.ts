/**
 * Attention's two products, with gradients of their own: every product of
 * them, forward or back, takes its factors in the order in which they lie in
 * memory. The gradients that TensorFlow.js would derive transpose the largest
 * one, the scores, on the left, which costs XLA twice the product's own time.
 *
 * Shapes: B rows, T queries, S keys, H query and KV key heads, hd head width,
 * G = H / KV query heads that share a key head.
 */
import * as tf from "@tensorflow/tfjs";

/** From `[B, T, H, hd]` to `[B, KV, G T, hd]`: all queries of a key head. */
export function toRows(x: tf.Tensor4D, KV: number): tf.Tensor4D {
  const [B, T, H, headDim] = x.shape;
  return x.reshape([B, T, KV, H / KV, headDim]).transpose([0, 2, 3, 1, 4])
    .reshape([B, KV, H / KV * T, headDim]);
}

/** From `[B, T, H, hd]` to `[B, KV, hd, G T]`. */
function toColumns(x: tf.Tensor4D, KV: number): tf.Tensor4D {
  const [B, T, H, headDim] = x.shape;
  return x.reshape([B, T, KV, H / KV, headDim]).transpose([0, 2, 4, 3, 1])
    .reshape([B, KV, headDim, H / KV * T]);
}

/** From `[B, KV, G T, hd]` back to `[B, T, H, hd]`. */
export function fromRows(x: tf.Tensor4D, T: number): tf.Tensor4D {
  const [B, KV, rows, headDim] = x.shape;
  return x.reshape([B, KV, rows / T, T, headDim]).transpose([0, 3, 1, 2, 4])
    .reshape([B, T, KV * rows / T, headDim]);
}

/** From `[B, S, KV, hd]` to `[B, KV, S, hd]`. */
export function toHeads(x: tf.Tensor4D): tf.Tensor4D {
  return x.transpose([0, 2, 1, 3]);
}

/** A product whose gradients for a and b are computed as given. */
function withGradients(
  product: (a: tf.Tensor4D, b: tf.Tensor4D) => tf.Tensor4D,
  gradients: (
    d: tf.Tensor4D,
    a: tf.Tensor4D,
    b: tf.Tensor4D,
  ) => [tf.Tensor4D, tf.Tensor4D],
): (a: tf.Tensor4D, b: tf.Tensor4D) => tf.Tensor4D {
  type Arguments = [a: tf.Tensor4D, b: tf.Tensor4D, save: tf.GradSaveFunc];
  return tf.customGrad((...args) => {
    const [a, b, save] = args as unknown as Arguments;
    save([a, b]);
    return {
      value: product(a, b),
      gradFunc: (d: tf.Tensor4D, saved: tf.Tensor[]) =>
        gradients(d, saved[0] as tf.Tensor4D, saved[1] as tf.Tensor4D),
    };
  });
}

/**
 * q k^T of every head.
 *
 * @param queries Shape `[B, T, H, hd]`; query head h reads key head
 * floor(h KV / H).
 * @param keys Shape `[B, S, KV, hd]`.
 * @returns Shape `[B, KV, G T, S]`.
 */
export function headScores(
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
): tf.Tensor4D {
  const [T, KV] = [queries.shape[1], keys.shape[2]];
  return withGradients(
    (q, k) => tf.matMul(toRows(q, KV), toHeads(k), false, true),
    (d, q, k) => [
      fromRows(tf.matMul(d, toHeads(k)), T),
      tf.matMul(toColumns(q, KV), d).transpose([0, 3, 1, 2]),
    ],
  )(queries, keys);
}

/**
 * The values of every head, weighted.
 *
 * @param weights Shape `[B, KV, G T, S]`.
 * @param values Shape `[B, S, KV, hd]`.
 * @param T Queries a row.
 * @returns Shape `[B, T, H, hd]`.
 */
export function headSums(
  weights: tf.Tensor4D,
  values: tf.Tensor4D,
  T: number,
): tf.Tensor4D {
  const KV = values.shape[2];
  return withGradients(
    (w, v) => fromRows(tf.matMul(w, toHeads(v)), T),
    (d, w, v) => [
      tf.matMul(toRows(d, KV), toHeads(v), false, true),
      tf.matMul(toColumns(d, KV), w).transpose([0, 3, 1, 2]),
    ],
  )(weights, values);
}
