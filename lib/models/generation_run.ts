/**
 * One call of generation: many prompts take turns in the slots of a batch.
 *
 * A row never depends on its neighbours: it has its own length, positions,
 * random numbers and insertions. Whose turn has ended goes on with what is
 * answered, or leaves its slot to a next prompt; a long answer never holds the
 * batch. Rows that wait for memory pause until enough of them wait; the others
 * go on. A long text is read in pieces, those of several rows at once.
 */
import * as tf from "@tensorflow/tfjs";
import { BLOCK_ROWS, CachedDecoder, PIECE } from "./cached_decoder.ts";
import type { ExtendFunction, StepsFunction } from "./cached_functions.ts";
import type { DecoderView } from "./decoder.ts";
import {
  accept,
  type ActiveRow,
  type Answers,
  beginTurn,
  type EndedTurn,
  endedTurn,
  type NextTurn,
} from "./generation_turns.ts";
import { bucketRows, type CacheSize } from "./kv_cache.ts";
import {
  latentsInView,
  type Memory,
  type MemorySession,
  NOT_ASKED,
  plainItems,
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

/** Settings of a run. */
export interface RunOptions {
  /** Tokens generated at most, in a turn. */
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
  /** Turns of a row, at most. */
  readonly maxTurns: number;
  /** Tokens of a row, at most. */
  readonly maxLength: number;
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
    const { batchSize, view, memory, maxTurns, maxLength } = options;
    this.#model = model;
    this.#functions = functions;
    this.#prompts = prompts;
    this.#options = options;
    const size: CacheSize = {
      rows: bucketRows(prompts.length, batchSize),
      // The last new token is never run.
      capacity: maxLength - 1 + latentsInView(memory, maxTurns),
    };
    this.#slots = new Array(size.rows).fill(undefined);
    // Prompts of about a length need little padding.
    this.#order = prompts.map((_, i) => i)
      .sort((a, b) => prompts[b].length - prompts[a].length);
    this.#decoder = new CachedDecoder(model.config, view, size);
    this.#session = memory?.open(size);
  }

  /** Generates; see `Generator.converse`. */
  *turns(): globalThis.Generator<readonly EndedTurn[], void, Answers> {
    for (this.#fillSlots(); this.#taken().length > 0; this.#fillSlots()) {
      const rows = this.#rest();
      const answers = yield rows.map(endedTurn);
      rows.forEach((row, i) => {
        const next = answers?.[i];
        if (next === undefined) this.#clear(row);
        else this.#goOn(row, next);
      });
    }
  }

  /** Frees the caches. */
  dispose(): void {
    this.#decoder.dispose();
    this.#session?.dispose();
  }

  /** Rows that have a slot. */
  #taken(): ActiveRow[] {
    return this.#slots.filter((row) => row !== undefined);
  }

  /** Gives free slots to the next prompts. */
  #fillSlots(): void {
    const { seed, numbers } = this.#options;
    this.#slots.forEach((row, index) => {
      if (row !== undefined || this.#started === this.#order.length) return;
      const prompt = this.#order[this.#started++];
      const tokens = [...this.#prompts[prompt]];
      const read = { index, prompt, tokens, ran: 0, shift: 0 };
      this.#slots[index] = beginTurn(read, seed, numbers[prompt]);
    });
  }

  /** Generates until so many turns have ended that what comes next is a block. */
  #rest(): ActiveRow[] {
    const rows = this.#taken();
    const enough = Math.min(BLOCK_ROWS, Math.ceil(rows.length / 2));
    for (;;) {
      const ended = rows.filter((row) => this.#hasEnded(row));
      if (ended.length >= enough) return ended;
      this.#advance(rows.filter((row) => !ended.includes(row)));
    }
  }

  /** A row goes on. */
  #goOn(row: ActiveRow, { ids, seed }: NextTurn): void {
    const kept = this.#forgetMemory(row);
    row.tokens.push(...ids);
    const next = beginTurn(row, seed, this.#options.numbers[row.prompt]);
    this.#slots[row.index] = next;
    this.#session?.startTurn(next, kept);
  }

  /** A row is over. */
  #clear(row: ActiveRow): void {
    this.#decoder.clear(row.index);
    this.#session?.clear(row);
    this.#slots[row.index] = undefined;
  }

  /**
   * Forgets memory that the next turn does not see, and all that has seen it.
   *
   * @returns Tokens that stay as they were read; `undefined` if all do.
   */
  #forgetMemory(row: ActiveRow): number | undefined {
    const first = row.augmentation.indexOf(1);
    if (first < 0 || this.#options.memory!.staysInView) return undefined;
    // The token before a block that stands beside the text sees it.
    const kept = row.promptLength + first - 1;
    this.#decoder.keep(row.index, kept);
    row.ran = kept;
    row.shift = 0;
    return kept;
  }

  /** Chooses a token for some rows: those due, or all that have one to run. */
  #advance(rows: readonly ActiveRow[]): void {
    // A turn's prompt never waits: its row could have been going on all the time.
    const starting = rows.filter(({ augmentation: { length } }) =>
      length === 0
    );
    const due = rows.filter((row) => this.#session?.isCandidate(row));
    const ready = rows.filter((row) => !due.includes(row));
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
    const insertions = rows.map((row) => plainItems(row).slice(0, PIECE));
    const isRead = (row: ActiveRow): boolean =>
      row.tokens.length - row.ran <= PIECE;
    const candidates = rows.filter((row) =>
      isRead(row) && session?.isCandidate(row)
    );
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
      { rows: rows.map(({ index }) => index), blocks: insertions },
    );
    const tokens = result.dataSync();
    result.dispose();
    rows.forEach((row, i) => {
      if (isRead(row)) accept(row, tokens[places[i]], decisions[i]);
      else row.ran += PIECE;
    });
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
