/**
 * The compiled functions of a decoder that remembers: `makeExtend` runs a
 * block of new inputs for some rows, `makeStep` one token for all. An input is
 * a token or a vector (a latent); which, and what may see it, is data, so that
 * few functions are ever compiled.
 *
 * Shapes: B rows of the cache, b rows of a block, T inputs a row, K vectors
 * that a function adds, M vectors a row, S merged and R recent slots, D hidden
 * size.
 */
import * as tf from "@tensorflow/tfjs";
import { jit, type Jitted, type XlaMode } from "../tensorflow/mod.ts";
import { causalMask, type KeyValue, KIND, visibility } from "./attention.ts";
import type { DecoderConfig } from "./config.ts";
import { type CachePart, decode, type DecoderView, embed } from "./decoder.ts";
import { RECENT_SLOTS } from "./kv_cache.ts";

/** One input of a row. */
export interface Item {
  /** Token id, or a vector of size D. */
  readonly value: number | Float32Array;
  /** Rotary position; may be negative. */
  readonly position: number;
  /** One of `KIND`. */
  readonly kind: number;
}

/** Inputs that the compiled function itself adds after a block. */
export type Tail = readonly Omit<Item, "value">[];

/** Input vectors of a block. */
export interface BlockInputs {
  /** Tokens, `[b, T]`; anything where a vector stands. */
  readonly ids: tf.Tensor2D;
  /** Vectors, `[b, M, D]`. */
  readonly vectors: tf.Tensor3D;
  /** Number of the vector at each place, `[b, T]`; -1 for a token. */
  readonly vectorIndex: tf.Tensor2D;
}

/** A block, padded. */
export interface BlockTensors extends BlockInputs {
  /** Rows of the cache, `[b]`. */
  readonly rows: tf.Tensor1D;
  /** Rotary positions, `[b, T + K]`. */
  readonly positions: tf.Tensor2D;
  /** Kinds, `[b, T + K]`. */
  readonly kinds: tf.Tensor2D;
}

/** What is remembered of a batch. */
export interface CacheTensors {
  /** Of each layer, what was merged, S slots. */
  readonly past: readonly KeyValue[];
  /** Of each layer, the last steps, R slots. */
  readonly recent: readonly KeyValue[];
  /** Kinds of the merged slots, `[B, S]`. */
  readonly kinds: tf.Tensor2D;
  /** Kinds of the recent slots, `[B, R]`. */
  readonly recentKinds: tf.Tensor2D;
}

/** A compiled pass over a block; see `makeExtend`. */
export type ExtendFunction<P, R> = Jitted<
  [view: DecoderView, params: P, block: BlockTensors, cache: CacheTensors],
  { result: R; keyValues: KeyValue[] }
>;

/** A compiled step; see `makeStep`. */
export type StepFunction<P, R> = Jitted<
  [
    view: DecoderView,
    params: P,
    token: { ids: tf.Tensor2D; positions: tf.Tensor2D; slot: tf.Tensor1D },
    cache: CacheTensors,
  ],
  { result: R; recent: KeyValue[] }
>;

/** Embeddings of tokens with vectors in their places, `[b, T, D]`. */
export function embedInputs(
  view: DecoderView,
  { ids, vectors, vectorIndex }: BlockInputs,
): tf.Tensor3D {
  const tokens = embed(view.weights, ids);
  const M = vectors.shape[1];
  if (M === 0) return tokens;
  const isToken = vectorIndex.less(0).toFloat().expandDims(-1);
  const numbers = tf.range(0, M, 1, "int32");
  const places = vectorIndex.expandDims(-1).equal(numbers).toFloat(); // [b, T, M]
  return tokens.mul(isToken).add(tf.matMul(places, vectors));
}

/**
 * Compiles a pass over a block of new inputs.
 *
 * @param prepare From embeddings `[b, T, D]` to the decoder's inputs
 * `[b, T + K, D']`: the identity, or the weaver's projection and queries.
 * @param finish From hidden states `[b, T + K, D']` to what the caller wants.
 */
export function makeExtend<P, R>(
  config: DecoderConfig,
  { name, xla, prepare = (_, embeddings) => embeddings, finish }: {
    readonly name: string;
    readonly xla: XlaMode;
    readonly prepare?: (params: P, embeddings: tf.Tensor3D) => tf.Tensor3D;
    readonly finish: (
      params: P,
      hidden: tf.Tensor3D,
      view: DecoderView,
    ) => R;
  },
): ExtendFunction<P, R> {
  return jit((view, params, block, cache) => {
    const embeddings = prepare(params, embedInputs(view, block));
    const { rows, kinds, positions } = block;
    const pick = (layers: readonly KeyValue[]): KeyValue[] =>
      layers.map(({ keys, values }) => ({
        keys: tf.gather(keys, rows),
        values: tf.gather(values, rows),
      }));
    const part = (
      layers: readonly KeyValue[],
      keyKinds: tf.Tensor2D,
    ): CachePart => ({
      layers: pick(layers),
      mask: visibility(kinds, tf.gather(keyKinds, rows)),
    });
    const { hidden, keyValues } = decode(config, view, {
      embeddings,
      positions,
      mask: causalMask(kinds.shape[1]).add(visibility(kinds, kinds)),
      past: [
        part(cache.past, cache.kinds),
        part(cache.recent, cache.recentKinds),
      ],
    });
    return { result: finish(params, hidden, view), keyValues };
  }, { name, xla });
}

/** Compiles a step: one token for every row, written to a recent slot. */
export function makeStep<P, R>(
  config: DecoderConfig,
  { name, xla, finish }: {
    readonly name: string;
    readonly xla: XlaMode;
    /** From hidden states `[B, D]` to what the caller wants. */
    readonly finish: (
      params: P,
      hidden: tf.Tensor2D,
      view: DecoderView,
    ) => R;
  },
): StepFunction<P, R> {
  return jit((view, params, { ids, positions, slot }, cache) => {
    const B = ids.shape[0];
    const text = tf.fill([B, 1], KIND.text, "int32") as tf.Tensor2D;
    const { hidden, keyValues } = decode(config, view, {
      embeddings: embed(view.weights, ids),
      positions,
      mask: tf.zeros([1, 1, 1, 1]),
      past: [
        { layers: cache.past, mask: visibility(text, cache.kinds) },
        { layers: cache.recent, mask: visibility(text, cache.recentKinds) },
      ],
    });
    const here = slot.reshape([1, 1, RECENT_SLOTS, 1]);
    const write = (old: tf.Tensor4D, added: tf.Tensor4D): tf.Tensor4D =>
      old.mul(tf.sub(1, here)).add(added.mul(here));
    const recent = cache.recent.map(({ keys, values }, layer) => ({
      keys: write(keys, keyValues[layer].keys),
      values: write(values, keyValues[layer].values),
    }));
    const last = hidden.reshape([B, hidden.shape[2]]) as tf.Tensor2D;
    return { result: finish(params, last, view), recent };
  }, { name, xla });
}

/** The smallest length for which functions are compiled that holds `length`. */
export function bucketLength(length: number): number {
  let size = 1;
  while (size < length) size *= 2;
  // Half-way sizes halve the worst padding.
  const between = size * 3 / 4;
  return Number.isInteger(between) && between >= length ? between : size;
}
