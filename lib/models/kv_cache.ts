/**
 * The key-value cache of a ragged batch, in variables that compiled functions
 * change in place: one more token costs its own keys and values, never a copy
 * of the cache.
 *
 * Every row fills its own slots one after another, so that the number of a slot
 * is its place in the row's time; what it holds is a kind on the host. The last
 * slot is nobody's: padding is written there. The cache grows as rows need it.
 *
 * Shapes: B rows, S slots, KV key heads, hd head width.
 */
import * as tf from "@tensorflow/tfjs";
import { tidy, Variable } from "../tensorflow/mod.ts";
import { KIND } from "./attention.ts";
import type { DecoderConfig } from "./config.ts";

/** Sizes of a cache. */
export interface CacheSize {
  /** B. */
  readonly rows: number;
  /** Tokens and latents that a row may hold. */
  readonly capacity: number;
}

/** Keys and values of one layer, `[B KV, S, hd]` each; keys are rotated. */
export interface CachedLayer {
  /** Keys. */
  readonly keys: Variable;
  /** Values. */
  readonly values: Variable;
}

/** Keys and values of B rows. */
export class KvCache {
  /** B and the capacity. */
  readonly size: CacheSize;
  readonly #config: DecoderConfig;
  readonly #lengths: Int32Array;
  #slots = 0;
  #kinds = new Int32Array(0);
  #layers: CachedLayer[] = [];

  /** An empty cache. */
  constructor(config: DecoderConfig, size: CacheSize) {
    this.#config = config;
    this.size = size;
    this.#lengths = new Int32Array(size.rows);
  }

  /** S; the last slot takes padding. */
  get slots(): number {
    return this.#slots;
  }

  /** One entry a layer. */
  get layers(): readonly CachedLayer[] {
    return this.#layers;
  }

  /** Kinds of the slots, `[B, S]`, row after row; a copy. */
  get kinds(): Int32Array<ArrayBuffer> {
    return this.#kinds.slice();
  }

  /** Slots that a row has filled, from the first. */
  lengthOf(row: number): number {
    return this.#lengths[row];
  }

  /**
   * Makes room for more slots of some rows, without filling them.
   *
   * @param more How many more, for each of the rows.
   * @throws {RangeError} If a row would hold more than the capacity.
   */
  reserve(rows: readonly number[], more: readonly number[]): void {
    const { capacity } = this.size;
    let longest = 0;
    rows.forEach((row, i) => {
      const needed = this.#lengths[row] + more[i];
      if (needed > capacity) {
        throw new RangeError(
          `Cannot continue row ${row} as its cache holds at most ${capacity} tokens and latents: current value is ${needed}`,
        );
      }
      longest = Math.max(longest, needed);
    });
    if (longest < this.#slots) return;
    // Each size is compiled: a quarter at once makes them few. No more than is
    // needed after that: a step reads all of it.
    this.#grow(bucketLength(Math.max(longest, capacity / 4) + 1));
  }

  /** Fills reserved slots of a row: what was written to them is remembered. */
  fill(row: number, kinds: readonly number[]): void {
    this.#kinds.set(kinds, row * this.#slots + this.#lengths[row]);
    this.#lengths[row] += kinds.length;
  }

  /** Empties the last `count` slots of a row. */
  forget(row: number, count: number): void {
    this.#lengths[row] -= count;
    const end = row * this.#slots + this.#lengths[row];
    this.#kinds.fill(KIND.none, end, end + count);
  }

  /** Empties a row. */
  clear(row: number): void {
    this.#lengths[row] = 0;
    this.#kinds.fill(
      KIND.none,
      row * this.#slots,
      (row + 1) * this.#slots,
    );
  }

  /** Frees the variables. */
  dispose(): void {
    for (const { keys, values } of this.#layers) {
      keys.dispose();
      values.dispose();
    }
  }

  #grow(slots: number): void {
    const { rows: B } = this.size;
    const { layers: L, keyValueHeads: KV, headDim } = this.#config;
    const kinds = new Int32Array(B * slots);
    for (let row = 0; row < B; row++) {
      const start = row * this.#slots;
      kinds.set(
        this.#kinds.subarray(start, start + this.#lengths[row]),
        row * slots,
      );
    }
    const grown = (old: Variable | undefined): Variable => {
      const value = tidy(() =>
        old === undefined
          ? tf.zeros([B * KV, slots, headDim])
          : tf.pad(old.read(), [[0, 0], [0, slots - this.#slots], [0, 0]])
      );
      old?.dispose();
      return Variable.of(value);
    };
    this.#layers = Array.from({ length: L }, (_, layer) => ({
      keys: grown(this.#layers[layer]?.keys),
      values: grown(this.#layers[layer]?.values),
    }));
    this.#kinds = kinds;
    this.#slots = slots;
  }
}

/** A fixed number of rows for a batch: fewer prompts compile little that is new. */
export function bucketRows(rows: number, batchSize: number): number {
  return rows <= batchSize / 2 ? bucketLength(rows) : batchSize;
}

/** The smallest length for which functions are compiled that holds `length`. */
export function bucketLength(length: number): number {
  let size = 1;
  while (size < length) size *= 2;
  // Half-way sizes halve the worst padding.
  const between = size * 3 / 4;
  return Number.isInteger(between) && between >= length ? between : size;
}
