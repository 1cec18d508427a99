/**
 * A decoder that remembers: one view of a model (weights, adapter) with the
 * key-value cache of a batch.
 *
 * `extend` runs a block of new inputs for some rows, `step` one token for
 * all. An input is a token or a vector (a latent); which, and what may see
 * it, is data, so that few functions are ever compiled.
 *
 * Shapes: B rows of the cache, b rows of a block, T inputs a row, K vectors
 * that a function adds, M vectors a row, S cached slots, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import {
  disposeTree,
  jit,
  type Jitted,
  tidy,
  type XlaMode,
} from "../tensorflow/mod.ts";
import { causalMask, type KeyValue, KIND, visibility } from "./attention.ts";
import type { DecoderConfig } from "./config.ts";
import { type CachePart, decode, type DecoderView, embed } from "./decoder.ts";
import {
  type CacheSize,
  KvCache,
  type MergeFunction,
  RECENT_SLOTS,
} from "./kv_cache.ts";

/** Rows of one block; more are run in turns. */
export const BLOCK_ROWS = 32;

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

interface BlockTensors extends BlockInputs {
  readonly rows: tf.Tensor1D; // [b], int32
  readonly positions: tf.Tensor2D; // [b, T + K]
  readonly kinds: tf.Tensor2D; // [b, T + K]
}

interface CacheTensors {
  readonly past: readonly KeyValue[];
  readonly recent: readonly KeyValue[];
  readonly kinds: tf.Tensor2D; // [B, S]
  readonly recentKinds: tf.Tensor2D; // [B, R]
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

/** One view of a model with the cache of a batch. */
export class CachedDecoder {
  readonly #config: DecoderConfig;
  readonly #view: DecoderView;
  readonly #cache: KvCache;

  /** An empty cache of the given size. */
  constructor(
    config: DecoderConfig,
    view: DecoderView,
    size: CacheSize,
    merge: MergeFunction,
  ) {
    this.#config = config;
    this.#view = view;
    this.#cache = new KvCache(config, size, merge);
  }

  /**
   * Runs a block for some rows and remembers it.
   *
   * @param fn From `makeExtend`.
   * @param params Its parameters, or how to make them of the padded sizes.
   * @param rows Distinct rows of the cache, at most `BLOCK_ROWS`.
   * @param blocks New inputs of each, in order; may differ in number.
   * @param tails Inputs that `fn` adds, the same number for each row; they
   * see all that is before them and are not remembered.
   * @returns What `fn` finishes with, for the padded number of rows; the
   * caller owns it.
   * @throws {RangeError} If a row would hold more than the cache's capacity.
   */
  extend<P, R>(
    fn: ExtendFunction<P, R>,
    params: (size: { readonly b: number; readonly T: number }) => P,
    rows: readonly number[],
    blocks: readonly (readonly Item[])[],
    tails: readonly Tail[] = rows.map(() => []),
  ): R {
    const b = Math.min(this.#cache.size.rows, BLOCK_ROWS);
    const T = bucketLength(Math.max(...blocks.map((block) => block.length)));
    const total = T + tails[0].length;
    const kinds = blocks.map((block) =>
      Array.from({ length: T }, (_, t) => block[t]?.kind ?? KIND.none)
    );
    const { result, keyValues } = tidy(() =>
      fn(
        this.#view,
        params({ b, T }),
        this.#block(b, T, total, rows, blocks, tails),
        this.#tensors(),
      )
    );
    const keep = tidy(() =>
      keyValues.map(({ keys, values }) => ({
        keys: keys.slice([0, 0, 0, 0], [-1, -1, T, -1]),
        values: values.slice([0, 0, 0, 0], [-1, -1, T, -1]),
      }))
    );
    disposeTree(keyValues);
    try {
      this.#cache.merge({ rows, layers: keep, kinds });
    } catch (error) {
      disposeTree(result);
      throw error;
    } finally {
      disposeTree(keep);
    }
    return result;
  }

  /**
   * Runs one token for every row; only active rows remember theirs.
   *
   * @param fn From `makeStep`.
   * @param tokens One entry a row; anything for inactive rows.
   * @returns What `fn` finishes with; the caller owns it.
   * @throws {RangeError} If a row holds more than the cache's capacity, once
   * in `RECENT_SLOTS` steps.
   */
  step<P, R>(
    fn: StepFunction<P, R>,
    params: () => P,
    tokens: {
      readonly ids: Int32Array;
      readonly positions: Int32Array;
      readonly active: readonly boolean[];
    },
  ): R {
    const cache = this.#cache;
    if (cache.cursor === RECENT_SLOTS) cache.merge();
    const B = cache.size.rows;
    const slot = cache.cursor++;
    const { result, recent } = tidy(() =>
      fn(
        this.#view,
        params(),
        {
          ids: tf.tensor2d(tokens.ids, [B, 1], "int32"),
          positions: tf.tensor2d(tokens.positions, [B, 1], "int32"),
          slot: tf.oneHot(tf.scalar(slot, "int32"), RECENT_SLOTS)
            .toFloat() as tf.Tensor1D,
        },
        this.#tensors(),
      )
    );
    cache.replaceRecent(recent);
    tokens.active.forEach((active, row) => {
      if (active) cache.recentKinds[row * RECENT_SLOTS + slot] = KIND.text;
    });
    return result;
  }

  /** Frees the cache. */
  dispose(): void {
    this.#cache.dispose();
  }

  #tensors(): CacheTensors {
    const { size, past, recent, kinds, recentKinds } = this.#cache;
    const { rows: B, capacity: S } = size;
    return {
      past,
      recent,
      kinds: tf.tensor2d(kinds, [B, S], "int32"),
      recentKinds: tf.tensor2d(recentKinds, [B, RECENT_SLOTS], "int32"),
    };
  }

  #block(
    b: number,
    T: number,
    total: number,
    rows: readonly number[],
    blocks: readonly (readonly Item[])[],
    tails: readonly Tail[],
  ): BlockTensors {
    const D = this.#config.hiddenSize;
    const isVector = (item: Item): boolean => typeof item.value !== "number";
    const M = Math.max(...blocks.map((block) => block.filter(isVector).length));
    const ids = new Int32Array(b * T);
    const vectors = new Float32Array(b * M * D);
    const vectorIndex = new Int32Array(b * T).fill(-1);
    const positions = new Int32Array(b * total);
    const kinds = new Int32Array(b * total);
    blocks.forEach((block, i) => {
      let m = 0;
      block.forEach(({ value, position, kind }, t) => {
        if (typeof value === "number") {
          ids[i * T + t] = value;
        } else {
          vectors.set(value, (i * M + m) * D);
          vectorIndex[i * T + t] = m++;
        }
        positions[i * total + t] = position;
        kinds[i * total + t] = kind;
      });
      tails[i].forEach(({ position, kind }, k) => {
        positions[i * total + T + k] = position;
        kinds[i * total + T + k] = kind;
      });
    });
    return {
      rows: tf.tensor1d(
        Int32Array.from({ length: b }, (_, i) => rows[i] ?? 0),
        "int32",
      ),
      ids: tf.tensor2d(ids, [b, T], "int32"),
      vectors: tf.tensor3d(vectors, [b, M, D]),
      vectorIndex: tf.tensor2d(vectorIndex, [b, T], "int32"),
      positions: tf.tensor2d(positions, [b, total], "int32"),
      kinds: tf.tensor2d(kinds, [b, total], "int32"),
    };
  }
}
