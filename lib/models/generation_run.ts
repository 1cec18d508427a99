/**
 * One call of generation: many prompts take turns in the slots of a batch.
 *
 * A row never depends on its neighbours: it has its own length, positions,
 * random numbers and insertions. The slot of a row that has ended takes a next
 * prompt, so that a long answer never holds the batch. Rows that wait for
 * memory pause until enough of them wait; the others go on.
 */
import * as tf from "@tensorflow/tfjs";
import { type Random, seededRandom } from "../random.ts";
import { BLOCK_ROWS, CachedDecoder } from "./cached_decoder.ts";
import type { ExtendFunction } from "./cached_functions.ts";
import type { DecoderView } from "./decoder.ts";
import { bucketLength, type CacheSize } from "./kv_cache.ts";
import {
  type GenerationRow,
  type Memory,
  type MemorySession,
  NOT_ASKED,
  plainItems,
} from "./memory.ts";
import type { Model } from "./model.ts";
import type { SamplingNoise } from "./sampling.ts";

/** Runs new inputs and chooses the token after them. */
export type GenerateFunction = ExtendFunction<LastToken, tf.Tensor1D>;

/** After which input of each row a token is chosen, and how. */
export interface LastToken {
  /** Place of each row's last input, `[b]`. */
  readonly last: tf.Tensor1D;
  /** None: greedy. */
  readonly noise: SamplingNoise | null;
}

/** What was generated for one prompt. */
export interface Generation {
  /** New tokens, with the end token if there was one. */
  readonly ids: number[];
  /** See `GenerationRow.augmentation`; as long as `ids`. */
  readonly augmentation: number[];
}

/** Settings of a run. */
export interface RunOptions {
  /** Tokens generated at most. */
  readonly maxNewTokens: number;
  /** 0 is greedy, else divides the scores. */
  readonly temperature: number;
  /** Seed of the sampled tokens. */
  readonly seed: number;
  /** Slots at most. */
  readonly batchSize: number;
  /** What generates. */
  readonly view: DecoderView;
  /** Memory, if any. */
  readonly memory?: Memory;
}

/** A row with its random numbers. */
interface ActiveRow extends GenerationRow {
  readonly random: Random;
}

/** The slots, and the prompts that wait for one. */
export class GenerationRun {
  readonly #model: Model;
  readonly #extend: GenerateFunction;
  readonly #prompts: readonly (readonly number[])[];
  readonly #options: RunOptions;
  readonly #decoder: CachedDecoder;
  readonly #session: MemorySession | undefined;
  readonly #slots: (ActiveRow | undefined)[];
  #started = 0;

  /** Starts a run for valid prompts, at least one. */
  constructor(
    model: Model,
    extend: GenerateFunction,
    prompts: readonly (readonly number[])[],
    options: RunOptions,
  ) {
    const { maxNewTokens, batchSize, view, memory } = options;
    this.#model = model;
    this.#extend = extend;
    this.#prompts = prompts;
    this.#options = options;
    const longest = prompts.reduce(
      (max, { length }) => Math.max(max, length),
      0,
    );
    const size: CacheSize = {
      rows: bucketRows(prompts.length, batchSize),
      // The last new token is never run.
      capacity: longest + maxNewTokens - 1 + (memory?.maxLatents ?? 0),
    };
    this.#slots = new Array(size.rows).fill(undefined);
    this.#decoder = new CachedDecoder(model.config, view, size);
    this.#session = memory?.open(size);
  }

  /**
   * Generates.
   *
   * @yields How many rows have ended, whenever some have.
   * @returns What was generated for each prompt.
   */
  *turns(): globalThis.Generator<number, Generation[], void> {
    const results = new Array<Generation>(this.#prompts.length);
    for (let ended = 0; ended < results.length;) {
      this.#fillSlots();
      this.#advance();
      const finished = this.#active().filter((row) => this.#hasEnded(row));
      for (const row of finished) {
        const { index, prompt, tokens, promptLength, augmentation } = row;
        results[prompt] = { ids: tokens.slice(promptLength), augmentation };
        this.#decoder.clear(index);
        this.#session?.clear(row);
        this.#slots[index] = undefined;
      }
      ended += finished.length;
      if (finished.length > 0) yield ended;
    }
    return results;
  }

  /** Frees the caches. */
  dispose(): void {
    this.#decoder.dispose();
    this.#session?.dispose();
  }

  #active(): ActiveRow[] {
    return this.#slots.filter((row) => row !== undefined);
  }

  /** Gives free slots to the next prompts, once enough are free for a block. */
  #fillSlots(): void {
    const free = this.#slots.flatMap((row, i) => row === undefined ? [i] : []);
    const waiting = this.#prompts.length - this.#started;
    const enough = Math.min(waiting, BLOCK_ROWS, this.#slots.length / 2);
    if (waiting === 0 || free.length < enough) return;
    for (const index of free.slice(0, waiting)) {
      const prompt = this.#started++;
      const tokens = this.#prompts[prompt];
      this.#slots[index] = {
        index,
        prompt,
        tokens: [...tokens],
        promptLength: tokens.length,
        ran: 0,
        shift: 0,
        augmentation: [],
        random: seededRandom("generate", this.#options.seed, prompt),
      };
    }
  }

  /** Chooses a token for some rows: those due, or all that have one to run. */
  #advance(): void {
    const active = this.#active();
    const due = active.filter((row) =>
      row.ran < row.tokens.length - 1 || row.ran === 0 ||
      this.#session?.isCandidate(row)
    );
    const ready = active.filter((row) => !due.includes(row));
    // A prompt never waits: its row could have been going on all the time.
    const starting = due.filter(({ ran }) => ran === 0);
    if (starting.length > 0) {
      this.#run(starting.slice(0, BLOCK_ROWS));
    } else if (due.length >= BLOCK_ROWS || ready.length === 0) {
      this.#run(due.slice(0, BLOCK_ROWS));
    } else {
      this.#run(ready);
    }
  }

  #run(rows: readonly ActiveRow[]): void {
    const session = this.#session;
    const insertions = rows.map((row) => plainItems(row));
    const candidates = rows.filter((row) => session?.isCandidate(row));
    const written = candidates.length === 0 ? [] : session!.write(candidates);
    const decisions = rows.map((row, i) => {
      const at = candidates.indexOf(row);
      if (at < 0) return NOT_ASKED;
      insertions[i] = written[at].items;
      return written[at].decision;
    });
    const { result, places } = this.#decoder.extend(
      this.#extend,
      ({ b, places }) => {
        const last = new Int32Array(b);
        places.forEach((place, i) => last[place] = insertions[i].length - 1);
        return {
          last: tf.tensor1d(last, "int32"),
          noise: this.#noise(rows, places, b),
        };
      },
      rows.map(({ index }) => index),
      insertions,
    );
    const tokens = result.dataSync();
    result.dispose();
    rows.forEach((row, i) => accept(row, tokens[places[i]], decisions[i]));
  }

  /** The next random number of each row at its place. */
  #noise(
    rows: readonly ActiveRow[],
    places: readonly number[],
    b: number,
  ): SamplingNoise | null {
    const { temperature } = this.#options;
    if (temperature === 0) return null;
    const uniforms = new Float32Array(b);
    rows.forEach((row, i) => uniforms[places[i]] = row.random());
    return {
      temperature: tf.scalar(temperature),
      uniforms: tf.tensor1d(uniforms),
    };
  }

  #hasEnded({ tokens, augmentation }: ActiveRow): boolean {
    return augmentation.length === this.#options.maxNewTokens ||
      augmentation.length > 0 &&
        this.#model.config.eosTokenIds.includes(tokens.at(-1)!);
  }
}

function accept(row: ActiveRow, token: number, decision: number): void {
  row.ran = row.tokens.length;
  row.tokens.push(token);
  row.augmentation.push(decision);
}

/** A fixed number of slots: fewer prompts compile little that is new. */
function bucketRows(rows: number, batchSize: number): number {
  return rows <= batchSize / 2 ? bucketLength(rows) : batchSize;
}
