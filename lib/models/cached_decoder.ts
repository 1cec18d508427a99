/**
 * A decoder that remembers: one view of a model (weights, adapter) with the
 * key-value cache of a batch, and the padding of ragged blocks to the few
 * sizes that are compiled.
 *
 * Shapes: B rows of the cache, b rows of a block, T inputs a row, K vectors
 * that a function adds, M vectors a row, S cached slots, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import { disposeTree, tidy } from "../tensorflow/mod.ts";
import { KIND } from "./attention.ts";
import {
  type BlockTensors,
  bucketLength,
  type CacheTensors,
  type ExtendFunction,
  type Item,
  type StepFunction,
  type Tail,
} from "./cached_functions.ts";
import type { DecoderConfig } from "./config.ts";
import type { DecoderView } from "./decoder.ts";
import {
  type CacheSize,
  KvCache,
  type MergeFunction,
  RECENT_SLOTS,
} from "./kv_cache.ts";

/** Rows of one block; more are run in turns. */
export const BLOCK_ROWS = 32;

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

  /** Forgets a row. */
  clear(row: number): void {
    this.#cache.clear(row);
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
