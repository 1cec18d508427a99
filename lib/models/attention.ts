/**
 * Grouped-query attention with rotary positions, over one cache or over keys
 * and values that come in parts: memory beside the text, and the text itself,
 * stay separate tensors; only their scores are joined before the softmax.
 */
import * as tf from "@tensorflow/tfjs";
import { withPrecision } from "../tensorflow/mod.ts";
import { fromRows, headScores, headSums, toRows } from "./head_products.ts";

/** Added to the score of a key that a query must not see. */
export const MASKED: number = -1e9;

/** Keys and values of one layer, both `[B, KV, S, hd]`; keys are rotated. */
export interface KeyValue {
  /** Keys. */
  readonly keys: tf.Tensor4D;
  /** Values. */
  readonly values: tf.Tensor4D;
}

/** One part of what queries may see. */
export interface AttentionPart extends KeyValue {
  /**
   * Added to the scores: 0 where query t may see key s, else `MASKED`;
   * broadcasts to `[B, 1, T, S]`.
   */
  readonly mask: tf.Tensor4D;
}

/** Cosines and sines of rotary positions, both `[B, T, 1, hd]`. */
export interface Rotation {
  /** Cosines, the same for both halves. */
  readonly cos: tf.Tensor4D;
  /** Sines, the same for both halves. */
  readonly sin: tf.Tensor4D;
}

/**
 * Angles of RoPE (Su et al. 2021), computed from the positions, which may be
 * negative: memory is placed before the text.
 *
 * @param positions Shape `[B, T]`, int32.
 */
export function rotation(
  positions: tf.Tensor2D,
  headDim: number,
  theta: number,
): Rotation {
  const half = headDim / 2;
  const frequencies = tf.tensor(
    Array.from({ length: half }, (_, i) => theta ** (-2 * i / headDim)),
    [1, half],
  );
  const [B, T] = positions.shape;
  const angles = positions.toFloat().reshape([B * T, 1]).mul(frequencies);
  // Doubled by a product: what is fused into its users, as a tile would be, XLA
  // computes again for every head of every layer. Exact in float32 only.
  const twice = tf.tensor2d(
    Float32Array.from(
      { length: half * headDim },
      (_, i) => Number(Math.floor(i / headDim) === i % half),
    ),
    [half, headDim],
  );
  const double = (x: tf.Tensor): tf.Tensor4D =>
    withPrecision("fp32", () => tf.matMul(x as tf.Tensor2D, twice))
      .reshape([B, T, 1, headDim]);
  return { cos: double(angles.cos()), sin: double(angles.sin()) };
}

/** Turns the pairs (i, i + hd/2) of `x [B, T, H, hd]`. */
export function rotate(x: tf.Tensor4D, { cos, sin }: Rotation): tf.Tensor4D {
  const [first, second] = tf.split(x, 2, -1);
  const turned = tf.concat([second.neg(), first], -1);
  return x.mul(cos).add(turned.mul(sin));
}

/** Keys and values of new tokens as projected, both `[B, T, KV, hd]`. */
export interface NewKeyValue {
  /** Keys, rotated. */
  readonly keys: tf.Tensor4D;
  /** Values. */
  readonly values: tf.Tensor4D;
}

/** New tokens that are seen. */
export interface NewPart extends NewKeyValue {
  /** Who sees whom; broadcasts to `[B, 1, T, T]`. */
  readonly mask: tf.Tensor4D;
}

/**
 * softmax(q k^T / sqrt(hd) + mask) v over earlier parts and the new tokens.
 *
 * @param queries Shape `[B, T, H, hd]`, rotated; H is a multiple of KV, and
 * query head h reads key head floor(h KV / H).
 * @returns Shape `[B, T, H hd]`.
 */
export function attend(
  queries: tf.Tensor4D,
  added: NewPart,
  past: readonly AttentionPart[] = [],
): tf.Tensor3D {
  const [B, T, H, headDim] = queries.shape;
  const KV = added.keys.shape[2];
  const q = queries.mul(1 / Math.sqrt(headDim)) as tf.Tensor4D;
  const scores = past.map(({ keys, mask }) =>
    masked(tf.matMul(toRows(q, KV), keys, false, true), mask, T)
  );
  scores.push(masked(headScores(q, added.keys), added.mask, T));
  const weights = tf.softmax(tf.concat(scores, -1));
  // The gradient of a split into one piece fails in tfjs 4.22.
  const shares = past.length === 0
    ? [weights]
    : tf.split(weights, scores.map(({ shape }) => shape[3]), -1);
  const output = past.reduce(
    (sum, { values }, i) =>
      sum.add(fromRows(tf.matMul(shares[i], values), T)) as tf.Tensor4D,
    headSums(shares.at(-1) as tf.Tensor4D, added.values, T),
  );
  return output.reshape([B, T, H * headDim]);
}

/** `attend` over a cache that holds the new tokens too. */
export function attendCached(
  queries: tf.Tensor4D,
  { keys, values, mask }: AttentionPart,
): tf.Tensor3D {
  const [B, T, H, headDim] = queries.shape;
  const q = toRows(
    queries.mul(1 / Math.sqrt(headDim)) as tf.Tensor4D,
    keys.shape[1],
  );
  const scores = masked(tf.matMul(q, keys, false, true), mask, T);
  const output = fromRows(tf.matMul(tf.softmax(scores), values), T);
  return output.reshape([B, T, H * headDim]);
}

/** Scores `[B, KV, G T, S]` plus a mask: heads that share a key are rows. */
function masked(
  scores: tf.Tensor4D,
  mask: tf.Tensor4D,
  T: number,
): tf.Tensor4D {
  const [B, KV, rows, S] = scores.shape;
  if (rows === T) return scores.add(mask);
  return scores.reshape([B, KV, rows / T, T, S]).add(mask.expandDims(2))
    .reshape([B, KV, rows, S]);
}

/**
 * Tokens of a causal pass that are attended together. Their keys end with
 * them, so that most of the masked half of the scores is never computed.
 */
const CAUSAL_BLOCK = 64;

/**
 * `attend` of a plain causal pass: token t sees the new tokens up to itself,
 * and earlier parts as their masks say.
 */
export function attendCausal(
  queries: tf.Tensor4D,
  { keys, values }: NewKeyValue,
  past: readonly AttentionPart[] = [],
): tf.Tensor3D {
  const T = queries.shape[1];
  const tokens = (x: tf.Tensor4D, start: number, end: number): tf.Tensor4D =>
    start === 0 && end === T
      ? x
      : x.slice([0, start, 0, 0], [-1, end - start, -1, -1]);
  const maskRows = (
    mask: tf.Tensor4D,
    start: number,
    end: number,
  ): tf.Tensor4D =>
    mask.shape[2] === 1
      ? mask
      : mask.slice([0, 0, start, 0], [-1, -1, end - start, -1]);
  const outputs: tf.Tensor3D[] = [];
  for (let start = 0; start < T; start += CAUSAL_BLOCK) {
    const end = Math.min(start + CAUSAL_BLOCK, T);
    outputs.push(attend(
      tokens(queries, start, end),
      {
        keys: tokens(keys, 0, end),
        values: tokens(values, 0, end),
        mask: causalMask(end, start),
      },
      past.map((part) => ({ ...part, mask: maskRows(part.mask, start, end) })),
    ));
  }
  return outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1);
}

/**
 * The mask of a plain causal pass over T tokens, of its rows from `start` on:
 * shape `[1, 1, T - start, T]`. A compiled function holds it as a constant.
 */
export function causalMask(T: number, start = 0): tf.Tensor4D {
  const rows = T - start;
  const mask = new Float32Array(rows * T);
  for (let row = 0; row < rows; row++) {
    mask.fill(MASKED, row * T + start + row + 1, (row + 1) * T);
  }
  return tf.tensor4d(mask, [1, 1, rows, T]);
}

/** 0 where `visible` is true or 1, `MASKED` elsewhere; same shape. */
export function maskWhere<T extends tf.Tensor>(visible: T): T {
  return tf.sub(1, visible.toFloat()).mul(MASKED) as T;
}

/** What a slot or an input holds; decides who may see it. */
export const KIND = {
  /** Nothing: a free slot, or padding. */
  none: 0,
  /** A token (or an appended latent): seen by text, sees everything. */
  text: 1,
  /** A prepended latent: seen by everything, sees only memory. */
  memory: 2,
} as const;

/**
 * Who sees whom: text sees text and memory, memory sees memory only.
 *
 * @param queries Kinds, `[b, T]`.
 * @param keys Kinds, `[b, S]`.
 * @returns A mask, `[b, 1, T, S]`.
 */
export function visibility(
  queries: tf.Tensor2D,
  keys: tf.Tensor2D,
): tf.Tensor4D {
  const text = keys.equal(KIND.text).expandDims(1) // [b, 1, S]
    .logicalAnd(queries.equal(KIND.text).expandDims(2)); // [b, T, 1]
  const memory = keys.equal(KIND.memory).expandDims(1);
  return maskWhere(text.logicalOr(memory)).expandDims(1) as tf.Tensor4D;
}
