/**
 * The key-value cache of a ragged batch.
 *
 * Every row fills its own slots. The past is frozen between merges; a step
 * writes only to a small recent part, so that one more token never copies
 * the cache. `merge` gathers what is valid back into the past; which slots
 * those are is data, so one compiled function serves every batch.
 *
 * Shapes: B rows, S slots, R recent slots, KV key heads, hd head width.
 */
import * as tf from "@tensorflow/tfjs";
import {
  disposeTree,
  jit,
  type Jitted,
  tidy,
  type XlaMode,
} from "../tensorflow/mod.ts";
import { type KeyValue, KIND } from "./attention.ts";
import type { DecoderConfig } from "./config.ts";

/** Tokens that a merge puts into the cache. */
export interface NewSlots {
  /** Row of the cache for each of the b rows. */
  readonly rows: readonly number[];
  /** Keys and values, each `[b, KV, T, hd]`. */
  readonly layers: readonly KeyValue[];
  /** Kind of each, `[b, T]`; those of kind `none` are left out. */
  readonly kinds: readonly (readonly number[])[];
}

/** Sizes of a cache. */
export interface CacheSize {
  /** B. */
  readonly rows: number;
  /** S: tokens and latents that a row may hold. */
  readonly capacity: number;
}

/** R: steps between merges. */
export const RECENT_SLOTS = 16;

/** Keys and values of B rows. */
export class KvCache {
  /** B and S. */
  readonly size: CacheSize;
  /** Kinds of the past slots, `[B, S]`, row after row. */
  readonly kinds: Int32Array<ArrayBuffer>;
  /** Kinds of the recent slots, `[B, R]`, row after row. */
  readonly recentKinds: Int32Array<ArrayBuffer>;
  /** The recent slot that the next step fills. */
  cursor = 0;

  readonly #merge: MergeFunction;
  #past: KeyValue[];
  #recent: KeyValue[];

  /** An empty cache. */
  constructor(config: DecoderConfig, size: CacheSize, merge: MergeFunction) {
    this.size = size;
    this.#merge = merge;
    this.kinds = new Int32Array(size.rows * size.capacity);
    this.recentKinds = new Int32Array(size.rows * RECENT_SLOTS);
    const empty = (slots: number): KeyValue[] =>
      Array.from({ length: config.layers }, () => {
        const shape: [number, number, number, number] = [
          size.rows,
          config.keyValueHeads,
          slots,
          config.headDim,
        ];
        return { keys: tf.zeros(shape), values: tf.zeros(shape) };
      });
    this.#past = empty(size.capacity);
    this.#recent = empty(RECENT_SLOTS);
  }

  /** Keys and values of the frozen slots, `[B, KV, S, hd]`. */
  get past(): readonly KeyValue[] {
    return this.#past;
  }

  /** Keys and values since the last merge, `[B, KV, R, hd]`. */
  get recent(): readonly KeyValue[] {
    return this.#recent;
  }

  /** Takes the recent part that a step returned. */
  replaceRecent(recent: KeyValue[]): void {
    disposeTree(this.#recent);
    this.#recent = recent;
  }

  /**
   * Moves what is recent, and new slots, into the past.
   *
   * @throws {RangeError} If a row would hold more than the capacity.
   */
  merge(added?: NewSlots): void {
    const { rows: B, capacity: S } = this.size;
    const T = added?.kinds[0]?.length ?? 0;
    const addedRow = new Int32Array(B);
    const hasAdded = new Uint8Array(B);
    added?.rows.forEach((row, i) => {
      addedRow[row] = i;
      hasAdded[row] = 1;
    });
    const index = new Int32Array(B * S);
    const kinds = new Int32Array(B * S);
    for (let row = 0; row < B; row++) {
      let length = 0;
      const put = (source: number, kind: number): void => {
        if (kind === KIND.none) return;
        if (length === S) {
          throw new RangeError(
            `Cannot continue row ${row} as its cache holds at most ${S} tokens and latents: current value is ${
              S + 1
            }`,
          );
        }
        index[row * S + length] = source;
        kinds[row * S + length] = kind;
        length++;
      };
      for (let s = 0; s < S; s++) put(s, this.kinds[row * S + s]);
      for (let r = 0; r < RECENT_SLOTS; r++) {
        put(S + r, this.recentKinds[row * RECENT_SLOTS + r]);
      }
      if (added !== undefined && hasAdded[row]) {
        const newKinds = added.kinds[addedRow[row]];
        newKinds.forEach((kind, t) => put(S + RECENT_SLOTS + t, kind));
      }
    }
    const past = tidy(() =>
      this.#merge(
        this.#past,
        this.#recent,
        T === 0 ? null : added!.layers,
        tf.tensor1d(addedRow, "int32"),
        tf.tensor2d(index, [B, S], "int32"),
      )
    );
    disposeTree(this.#past);
    this.#past = past;
    this.kinds.set(kinds);
    this.recentKinds.fill(KIND.none);
    this.cursor = 0;
  }

  /** Empties a row. */
  clear(row: number): void {
    const { capacity: S } = this.size;
    this.kinds.fill(KIND.none, row * S, (row + 1) * S);
    const first = row * RECENT_SLOTS;
    this.recentKinds.fill(KIND.none, first, first + RECENT_SLOTS);
  }

  /** Frees the tensors. */
  dispose(): void {
    disposeTree(this.#past);
    disposeTree(this.#recent);
  }
}

/** The compiled part of `merge`; one function serves many caches. */
export type MergeFunction = Jitted<
  [
    past: readonly KeyValue[],
    recent: readonly KeyValue[],
    added: readonly KeyValue[] | null,
    addedRow: tf.Tensor1D,
    index: tf.Tensor2D,
  ],
  KeyValue[]
>;

/** Compiles the gathering of slots. */
export function makeMerge(xla: XlaMode): MergeFunction {
  return jit((past, recent, added, addedRow, index) => {
    const pick = (layer: number, name: keyof KeyValue): tf.Tensor4D => {
      const parts = [past[layer][name], recent[layer][name]];
      if (added !== null) {
        parts.push(tf.gather(added[layer][name], addedRow));
      }
      return tf.gather(tf.concat(parts, 2), index, 2, 1) as tf.Tensor4D;
    };
    return past.map((_, layer) => ({
      keys: pick(layer, "keys"),
      values: pick(layer, "values"),
    }));
  }, { name: "mergeCache", xla });
}
