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
import type { ExtendFunction, StepsFunction } from "./cached_functions.ts";
import type { DecoderView } from "./decoder.ts";
import { bucketLength, type CacheSize } from "./kv_cache.ts";
import {
  countLatents,
  type GenerationRow,
  type Memory,
  type MemoryBlock,
  type MemorySession,
  NOT_ASKED,
  plainItems,
  shiftOf,
} from "./memory.ts";
import type { Model } from "./model.ts";
import type { SamplingNoise } from "./sampling.ts";

/** The compiled functions of a generation. */
export interface GenerationFunctions {
  /** Runs new inputs and chooses the token after them. */
  readonly extend: ExtendFunction<LastToken, tf.Tensor1D>;
  /** Runs and chooses a few tokens of all rows. */
  readonly steps: StepsFunction<SamplingNoise<tf.Tensor2D> | null>;
}

/** Steps of one call where rows are few; with more, computing outweighs it. */
export const STEPS_A_CALL = 4;
const FEW_ROWS = 8;

/** After which input of each row a token is chosen, and how. */
export interface LastToken {
  /** Place of each row's last input, `[b]`. */
  readonly last: tf.Tensor1D;
  /** None: greedy. */
  readonly noise: SamplingNoise<tf.Tensor1D> | null;
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
  /** Seed of the sampled tokens, and of the memory's decisions. */
  readonly seed: number;
  /** Of each prompt; see `GenerateOptions`. */
  readonly numbers: readonly number[];
  /** Slots at most. */
  readonly batchSize: number;
  /** What generates. */
  readonly view: DecoderView;
  /** Memory, if any. */
  readonly memory?: Memory;
  /** Memory that stands in each prompt; what goes in is added. */
  readonly blocks?: readonly MemoryBlock[][];
}

/** A row with the random numbers of its tokens. */
interface ActiveRow extends GenerationRow {
  readonly random: Random;
  /** Drawn already, for its next tokens. */
  readonly uniforms: number[];
}

/** The slots, and the prompts that wait for one. */
export class GenerationRun {
  readonly #model: Model;
  readonly #functions: GenerationFunctions;
  readonly #prompts: readonly (readonly number[])[];
  readonly #options: RunOptions;
  readonly #decoder: CachedDecoder;
  readonly #session: MemorySession | undefined;
  readonly #slots: (ActiveRow | undefined)[];
  /** Numbers of the prompts as they start. */
  readonly #order: readonly number[];
  #started = 0;

  /** Starts a run for valid prompts, at least one. */
  constructor(
    model: Model,
    functions: GenerationFunctions,
    prompts: readonly (readonly number[])[],
    options: RunOptions,
  ) {
    const { maxNewTokens, batchSize, view, memory, blocks } = options;
    this.#model = model;
    this.#functions = functions;
    this.#prompts = prompts;
    this.#options = options;
    const longest = prompts.reduce(
      (max, { length }, i) =>
        Math.max(max, length + countLatents(blocks?.[i] ?? [])),
      0,
    );
    const size: CacheSize = {
      rows: bucketRows(prompts.length, batchSize),
      // The last new token is never run.
      capacity: longest + maxNewTokens - 1 + (memory?.maxLatents ?? 0),
    };
    this.#slots = new Array(size.rows).fill(undefined);
    // Equal ones need little padding; after the longest the cache grows no more.
    this.#order = prompts.map((_, i) => i)
      .sort((a, b) => prompts[b].length - prompts[a].length);
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
    const { seed, numbers } = this.#options;
    for (const index of free.slice(0, waiting)) {
      const prompt = this.#order[this.#started++];
      const tokens = this.#prompts[prompt];
      const blocks = this.#options.blocks?.[prompt] ?? [];
      this.#slots[index] = {
        index,
        prompt,
        tokens: [...tokens],
        promptLength: tokens.length,
        ran: 0,
        shift: shiftOf(blocks),
        blocks,
        augmentation: [],
        memoryRandom: seededRandom("memory", seed, numbers[prompt]),
        random: seededRandom("generate", seed, numbers[prompt]),
        uniforms: [],
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
      this.#runSteps(ready);
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
    const { result, places } = this.#decoder.extendInPieces(
      this.#functions.extend,
      ({ b, rows: slots, places, last }) => {
        const rows = slots.map((index) => this.#slots[index]!);
        const noise = this.#noise(rows, places, [b, 1]);
        return {
          last: tf.tensor1d(last, "int32"),
          noise: noise && { ...noise, uniforms: noise.uniforms.flatten() },
        };
      },
      rows.map(({ index }) => index),
      insertions,
    );
    const tokens = result.dataSync();
    result.dispose();
    rows.forEach((row, i) => accept(row, tokens[places[i]], decisions[i]));
  }

  /** A few tokens of each row; those after its end or a candidate are lost. */
  #runSteps(rows: readonly ActiveRow[]): void {
    const B = this.#slots.length;
    const steps = B <= FEW_ROWS ? STEPS_A_CALL : 1;
    const places = rows.map(({ index }) => index);
    const counts = rows.map(({ augmentation }) =>
      Math.min(steps, this.#options.maxNewTokens - augmentation.length)
    );
    const chosen = this.#decoder.steps(
      this.#functions.steps,
      () => this.#noise(rows, places, [B, steps]),
      places,
      { first: rows.map((row) => plainItems(row)[0]), counts, steps },
    );
    const tokens = chosen.dataSync();
    chosen.dispose();
    rows.forEach((row, i) => {
      let count = 0;
      do {
        accept(row, tokens[row.index * steps + count++], NOT_ASKED);
      } while (
        count < counts[i] && !this.#hasEnded(row) &&
        !this.#session?.isCandidate(row)
      );
      this.#decoder.remember(row.index, count);
    });
  }

  /** The next random numbers of each row at its place. */
  #noise(
    rows: readonly ActiveRow[],
    places: readonly number[],
    [b, steps]: readonly [number, number],
  ): SamplingNoise<tf.Tensor2D> | null {
    const { temperature } = this.#options;
    if (temperature === 0) return null;
    const uniforms = new Float32Array(b * steps);
    rows.forEach((row, i) => {
      while (row.uniforms.length < steps) row.uniforms.push(row.random());
      uniforms.set(row.uniforms.slice(0, steps), places[i] * steps);
    });
    return {
      temperature: tf.scalar(temperature),
      uniforms: tf.tensor2d(uniforms, [b, steps]),
    };
  }

  #hasEnded({ tokens, augmentation }: ActiveRow): boolean {
    return augmentation.length === this.#options.maxNewTokens ||
      augmentation.length > 0 &&
        this.#model.config.eosTokenIds.includes(tokens.at(-1)!);
  }
}

function accept(row: ActiveRow, token: number, decision: number): void {
  row.uniforms.shift();
  row.ran = row.tokens.length;
  row.tokens.push(token);
  row.augmentation.push(decision);
}

/** A fixed number of slots: fewer prompts compile little that is new. */
function bucketRows(rows: number, batchSize: number): number {
  return rows <= batchSize / 2 ? bucketLength(rows) : batchSize;
}
