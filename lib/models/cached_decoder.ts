/**
 * A decoder that remembers: one view of a model (weights, adapter) with the
 * key-value cache of a batch, and the padding of ragged blocks to the few
 * sizes that are compiled.
 *
 * Shapes: B rows of the cache, b rows of a block, T inputs a row, K vectors
 * that a function adds, M vectors a row, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import { tidy } from "../tensorflow/mod.ts";
import { KIND } from "./attention.ts";
import type {
  BlockTensors,
  ExtendFunction,
  Item,
  StepsFunction,
  Tail,
} from "./cached_functions.ts";
import type { DecoderConfig } from "./config.ts";
import type { DecoderView } from "./decoder.ts";
import { bucketLength, type CacheSize, KvCache } from "./kv_cache.ts";

/** Rows of one block; more are run in turns. */
export const BLOCK_ROWS = 16;
/** Inputs of a row that `extendInPieces` runs at once. */
export const PIECE = 64;

/** New inputs of some rows. */
export interface NewInputs {
  /** Distinct rows of the cache. */
  readonly rows: readonly number[];
  /** New inputs of each, in order; may differ in number. */
  readonly blocks: readonly (readonly Item[])[];
  /**
   * Inputs that the function adds, the same number for each row; they see all
   * that is before them and are not remembered.
   *
   * @default {none}
   */
  readonly tails?: readonly Tail[];
}

/** What a function finished with. */
export interface Extended<R> {
  /** Of the padded rows; the caller owns it. */
  readonly result: R;
  /** Where each of the given rows stands among these. */
  readonly places: readonly number[];
}

/** A block as it is padded. */
export interface BlockShape {
  /** b. */
  readonly b: number;
  /** T. */
  readonly T: number;
  /** M. */
  readonly M: number;
  /** The rows of the cache. */
  readonly rows: readonly number[];
  /** Where each of these stands among the b. */
  readonly places: readonly number[];
  /** Number of the last input at each place, `[b]`; 0 in padding. */
  readonly last: Int32Array;
}

/** One view of a model with the cache of a batch. */
export class CachedDecoder {
  readonly #view: DecoderView;
  readonly #cache: KvCache;

  /** An empty cache of the given size. */
  constructor(config: DecoderConfig, view: DecoderView, size: CacheSize) {
    this.#view = view;
    this.#cache = new KvCache(config, size);
  }

  /**
   * Runs new inputs of some rows and remembers them.
   *
   * @param fn From `makeExtend`.
   * @param params Its parameters, or how to make them of the padded shape.
   * @param inputs Of at most `BLOCK_ROWS` rows, or of any number if each has one
   * input.
   * @throws {RangeError} If a row would hold more than the cache's capacity.
   */
  extend<P, R>(
    fn: ExtendFunction<P, R>,
    params: (shape: BlockShape) => P,
    inputs: NewInputs,
  ): Extended<R> {
    const { blocks } = inputs;
    const T = bucketLength(Math.max(...blocks.map(({ length }) => length)));
    const M = Math.max(...blocks.map((block) => vectorsOf(block).length));
    return this.#extend(fn, params, inputs, { T, M });
  }

  /**
   * `extend` for an `fn` that finishes with the end of each row alone: rows with
   * many inputs are read in pieces. So no pass holds the scores of a whole
   * context with itself, rows of different lengths are padded little, and all
   * of them share a compiled size.
   *
   * @throws {RangeError} As `extend` does.
   */
  extendInPieces<P, R extends tf.Tensor>(
    fn: ExtendFunction<P, R>,
    params: (shape: BlockShape) => P,
    inputs: NewInputs,
  ): Extended<R> {
    const isLong = ({ length }: readonly Item[]): boolean => length > PIECE;
    const { rows, blocks, tails } = inputs;
    if (!blocks.some(isLong)) return this.extend(fn, params, inputs);
    // At once, as each size of the cache is compiled.
    this.#reserve(inputs);
    const M = blocks.every((block) => vectorsOf(block).length === 0)
      ? 0
      : PIECE;
    const size = { T: PIECE, M };
    const rest = [...blocks];
    while (rest.some(isLong)) {
      const long = rows.map((_, i) => i).filter((i) => isLong(rest[i]));
      const piece = {
        rows: long.map((i) => rows[i]),
        blocks: long.map((i) => rest[i].slice(0, PIECE)),
        tails: tails && long.map((i) => tails[i]),
      };
      this.#extend(fn, params, piece, size).result.dispose();
      for (const i of long) rest[i] = rest[i].slice(PIECE);
    }
    return this.#extend(fn, params, { rows, blocks: rest, tails }, size);
  }

  /**
   * Runs a few tokens of some rows, each chosen from the one before. Those that
   * count must then be remembered with `remember`.
   *
   * @param fn From `makeSteps`.
   * @param params Its parameters.
   * @param rows Distinct rows of the cache.
   * @param first The first token of each.
   * @param counts How many tokens of each row may count.
   * @param steps How many are run, at least the largest of these.
   * @returns The chosen tokens, `[B, steps]`; the caller owns them.
   * @throws {RangeError} If a row would hold more than the cache's capacity.
   */
  steps<P>(
    fn: StepsFunction<P>,
    params: () => P,
    rows: readonly number[],
    { first, counts, steps }: {
      readonly first: readonly Item[];
      readonly counts: readonly number[];
      readonly steps: number;
    },
  ): tf.Tensor2D {
    const cache = this.#cache;
    cache.reserve(rows, counts);
    const blocks = first.map((item) => [item]);
    const tails = first.map((item, i) => Array(counts[i] - 1).fill(item));
    const shape = { b: cache.size.rows, T: 1, M: 0, rows, places: rows };
    return tidy(() => {
      const { ids, slots, positions, kinds } = this.#block(shape, { blocks });
      return fn(
        this.#view,
        params(),
        { ids, slots, positions, kinds },
        {
          layers: cache.layers,
          kinds: this.#kindsWith({ rows, blocks, tails }),
        },
        steps,
      );
    });
  }

  /** Keeps the first `count` tokens that `steps` ran of a row. */
  remember(row: number, count: number): void {
    this.#cache.fill(row, Array(count).fill(KIND.text));
  }

  /** Forgets the last `count` inputs of a row, as if they had not been run. */
  forget(row: number, count: number): void {
    this.#cache.forget(row, count);
  }

  /** Forgets what a row ran after its first `count` inputs. */
  keep(row: number, count: number): void {
    this.#cache.forget(row, Math.max(0, this.#cache.lengthOf(row) - count));
  }

  /** Forgets a row. */
  clear(row: number): void {
    this.#cache.clear(row);
  }

  /** Frees the cache. */
  dispose(): void {
    this.#cache.dispose();
  }

  /** `extend`, padded to T inputs and M vectors a row. */
  #extend<P, R>(
    fn: ExtendFunction<P, R>,
    params: (shape: BlockShape) => P,
    inputs: NewInputs,
    { T, M }: { readonly T: number; readonly M: number },
  ): Extended<R> {
    const { rows, blocks } = inputs;
    const cache = this.#cache;
    const B = cache.size.rows;
    // With all rows in their places nothing is gathered.
    const isWhole = T === 1 || B <= BLOCK_ROWS;
    const b = isWhole ? B : BLOCK_ROWS;
    const places = isWhole ? rows : rows.map((_, i) => i);
    const last = new Int32Array(b);
    places.forEach((place, i) => last[place] = blocks[i].length - 1);
    const shape = { b, T, M, rows, places, last };
    const numbers = Int32Array.from({ length: b }, (_, i) => rows[i] ?? 0);
    this.#reserve(inputs);
    const result = tidy(() =>
      fn(
        this.#view,
        params(shape),
        {
          ...this.#block(shape, inputs),
          rows: isWhole ? null : tf.tensor1d(numbers, "int32"),
        },
        { layers: cache.layers, kinds: this.#kindsWith(inputs) },
      )
    );
    rows.forEach((row, i) => cache.fill(row, blocks[i].map(kindOf)));
    return { result, places };
  }

  #reserve({ rows, blocks, tails }: NewInputs): void {
    const more = blocks.map(({ length }, i) =>
      length + (tails?.[i].length ?? 0)
    );
    this.#cache.reserve(rows, more);
  }

  /** Kinds of the slots, `[B, S]`, as if the block were remembered whole. */
  #kindsWith({ rows, blocks, tails }: NewInputs): tf.Tensor2D {
    const { size, slots: S, kinds } = this.#cache;
    rows.forEach((row, i) => {
      const added = [...blocks[i], ...tails?.[i] ?? []].map(kindOf);
      kinds.set(added, row * S + this.#cache.lengthOf(row));
    });
    return tf.tensor2d(kinds, [size.rows, S], "int32");
  }

  #block(
    { b, T, M, rows, places }: Omit<BlockShape, "last">,
    { blocks, tails }: Omit<NewInputs, "rows">,
  ): Omit<BlockTensors, "rows"> {
    const total = T + (tails?.[0].length ?? 0);
    // A weaver of another size reads the reasoner's vectors.
    const D = this.#view.weights["model.embed_tokens.weight"].shape[1]!;
    const ids = new Int32Array(b * T);
    const vectors = new Float32Array(b * M * D);
    const vectorIndex = new Int32Array(b * T).fill(-1);
    const positions = new Int32Array(b * total);
    const kinds = new Int32Array(b * total);
    const slots = new Int32Array(b * total).fill(this.#cache.slots - 1);
    rows.forEach((row, i) => {
      const place = places[i];
      const start = this.#cache.lengthOf(row);
      const put = (at: number, slot: number, item: Tail[number]): void => {
        positions[place * total + at] = item.position;
        kinds[place * total + at] = item.kind;
        slots[place * total + at] = slot;
      };
      let m = 0;
      blocks[i].forEach((item, t) => {
        if (typeof item.value === "number") {
          ids[place * T + t] = item.value;
        } else {
          vectors.set(item.value, (place * M + m) * D);
          vectorIndex[place * T + t] = m++;
        }
        put(t, start + t, item);
      });
      const end = start + blocks[i].length;
      tails?.[i].forEach((item, k) => put(T + k, end + k, item));
    });
    return {
      ids: tf.tensor2d(ids, [b, T], "int32"),
      vectors: tf.tensor3d(vectors, [b, M, D]),
      vectorIndex: tf.tensor2d(vectorIndex, [b, T], "int32"),
      positions: tf.tensor2d(positions, [b, total], "int32"),
      kinds: tf.tensor2d(kinds, [b, total], "int32"),
      slots: tf.tensor2d(slots, [b, total], "int32"),
    };
  }
}

function vectorsOf(block: readonly Item[]): Float32Array[] {
  return block.flatMap(({ value }) => typeof value === "number" ? [] : [value]);
}

function kindOf({ kind }: { readonly kind: number }): number {
  return kind;
}
