/**
 * Grouped-query attention with rotary positions, over keys and values that
 * come in parts.
 *
 * A cache is never copied to take one more token: the frozen past, a small
 * recent part and the new tokens stay separate tensors; only their scores
 * are joined before the softmax.
 */
import * as tf from "@tensorflow/tfjs";

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

/** Cosines and sines of rotary positions, both `[B, 1, T, hd]`. */
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
    [1, 1, 1, half],
  );
  const [B, T] = positions.shape;
  const angles = positions.toFloat().reshape([B, 1, T, 1]).mul(frequencies);
  return {
    cos: tf.tile(angles.cos(), [1, 1, 1, 2]) as tf.Tensor4D,
    sin: tf.tile(angles.sin(), [1, 1, 1, 2]) as tf.Tensor4D,
  };
}

/** Turns the pairs (i, i + hd/2) of `x [B, H, T, hd]`. */
export function rotate(x: tf.Tensor4D, { cos, sin }: Rotation): tf.Tensor4D {
  const [first, second] = tf.split(x, 2, -1);
  const turned = tf.concat([second.neg(), first], -1);
  return x.mul(cos).add(turned.mul(sin));
}

/**
 * softmax(q k^T / sqrt(hd) + mask) v over the joined parts.
 *
 * @param queries Shape `[B, H, T, hd]`, rotated; H is a multiple of KV, and
 * query head h reads key head floor(h KV / H).
 * @returns Shape `[B, T, H hd]`.
 */
export function attend(
  queries: tf.Tensor4D,
  parts: readonly AttentionPart[],
): tf.Tensor3D {
  const [B, H, T, headDim] = queries.shape;
  const KV = parts[0].keys.shape[1];
  const group = H / KV;
  // Heads that share a key become rows of one product.
  const q = queries.mul(1 / Math.sqrt(headDim))
    .reshape([B, KV, group * T, headDim]);
  const scores = parts.map(({ keys, mask }) => {
    const S = keys.shape[2];
    const raw = tf.matMul(q, keys, false, true); // [B, KV, group T, S]
    if (group === 1) return raw.add(mask);
    return raw.reshape([B, KV, group, T, S]).add(mask.expandDims(2))
      .reshape([B, KV, group * T, S]);
  });
  const weights = tf.softmax(tf.concat(scores, -1));
  // The gradient of a split into one piece fails in tfjs 4.22.
  const shares = parts.length === 1
    ? [weights]
    : tf.split(weights, parts.map(({ keys }) => keys.shape[2]), -1);
  const outputs = shares
    .map((share, i) => tf.matMul(share, parts[i].values));
  return outputs.reduce((sum, output) => sum.add(output))
    .reshape([B, H, T, headDim]).transpose([0, 2, 1, 3])
    .reshape([B, T, H * headDim]);
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
  { keys, values }: KeyValue,
  past: readonly AttentionPart[],
): tf.Tensor3D {
  const T = queries.shape[2];
  const rows = <X extends tf.Tensor4D>(x: X, start: number, end: number): X =>
    (start === 0 && end === x.shape[2]
      ? x
      : x.slice([0, 0, start, 0], [-1, -1, end - start, -1])) as X;
  const outputs: tf.Tensor3D[] = [];
  for (let start = 0; start < T; start += CAUSAL_BLOCK) {
    const end = Math.min(start + CAUSAL_BLOCK, T);
    outputs.push(attend(rows(queries, start, end), [
      ...past.map((part) => ({
        ...part,
        mask: part.mask.shape[2] === 1
          ? part.mask
          : rows(part.mask, start, end),
      })),
      {
        keys: rows(keys, 0, end),
        values: rows(values, 0, end),
        mask: rows(causalMask(end), start, end),
      },
    ]));
  }
  return outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1);
}

/** The mask of a plain causal pass over T tokens, shape `[1, 1, T, T]`. */
export function causalMask(T: number): tf.Tensor4D {
  const mask = new Float32Array(T * T);
  for (let t = 0; t < T; t++) mask.fill(MASKED, t * T + t + 1, (t + 1) * T);
  return tf.tensor4d(mask, [1, 1, T, T]);
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
