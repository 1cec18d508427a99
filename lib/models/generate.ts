/**
 * Greedy and sampled generation for ragged batches, with a place for memory.
 *
 * A row never depends on its neighbours: it has its own length, positions,
 * random numbers and insertions. Rows that wait for memory pause until enough
 * of them wait; the others go on.
 */
import * as tf from "@tensorflow/tfjs";
import { seededRandom } from "../random.ts";
import type { XlaMode } from "../tensorflow/mod.ts";
import { BLOCK_ROWS, CachedDecoder } from "./cached_decoder.ts";
import {
  bucketLength,
  type ExtendFunction,
  makeExtend,
  makeStep,
  type StepFunction,
} from "./cached_functions.ts";
import { type DecoderView, logits } from "./decoder.ts";
import { type CacheSize, makeMerge, type MergeFunction } from "./kv_cache.ts";
import {
  type GenerationRow,
  type Memory,
  NOT_ASKED,
  plainItems,
} from "./memory.ts";
import type { Model } from "./model.ts";
import { requirePrompt } from "./prompt.ts";
import { chooseTokens, type SamplingNoise } from "./sampling.ts";

/** Settings of one call. */
export interface GenerateOptions {
  /** Tokens generated at most. */
  readonly maxNewTokens: number;
  /** 0 is greedy, else divides the scores. @default {0} */
  readonly temperature?: number;
  /** Seed of the sampled tokens. @default {0} */
  readonly seed?: number;
  /** Rows at once. @default {32} */
  readonly batchSize?: number;
  /** Adapter or other weights of the same shape. Default: the model's. */
  readonly view?: DecoderView;
  /** Memory, if any. */
  readonly memory?: Memory;
  /** Called whenever rows have ended, with how many have and of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What was generated for one prompt. */
export interface Generation {
  /** New tokens, with the end token if there was one. */
  readonly ids: number[];
  /** See `GenerationRow.augmentation`; as long as `ids`. */
  readonly augmentation: number[];
}

interface LastToken {
  /** Place of each row's last input, `[b]`. */
  readonly last: tf.Tensor1D;
  readonly noise: SamplingNoise | null;
}

/** A model with the compiled functions that generate. */
export class Generator {
  readonly #model: Model;
  readonly #extend: ExtendFunction<LastToken, tf.Tensor1D>;
  readonly #step: StepFunction<SamplingNoise | null, tf.Tensor1D>;
  readonly #merge: MergeFunction;

  /** Functions are traced and compiled at their first use. */
  constructor(model: Model, xla: XlaMode = "auto") {
    const { config } = model;
    this.#model = model;
    this.#merge = makeMerge(xla);
    this.#extend = makeExtend(config, {
      name: "extend",
      xla,
      finish: ({ last, noise }, hidden, { weights }) => {
        const [b, T, D] = hidden.shape;
        const start = tf.range(0, b * T, T, "int32");
        const rows = tf.gather(hidden.reshape([b * T, D]), start.add(last));
        return chooseTokens(
          logits(config, weights, rows as tf.Tensor2D),
          noise,
        );
      },
    });
    this.#step = makeStep(config, {
      name: "step",
      xla,
      finish: (noise, hidden, { weights }) =>
        chooseTokens(logits(config, weights, hidden), noise),
    });
  }

  /**
   * Generates a continuation of every prompt.
   *
   * @param prompts Token ids of each.
   * @throws {RangeError} If a prompt is empty, holds an unknown token, or
   * does not fit the model's positions, or an option is out of range.
   */
  generate(
    prompts: readonly (readonly number[])[],
    options: GenerateOptions,
  ): Generation[] {
    const { batchSize = 32, onProgress } = options;
    this.#validate(prompts, options);
    const results: Generation[] = [];
    for (let start = 0; start < prompts.length; start += batchSize) {
      const batch = prompts.slice(start, start + batchSize);
      const onEnded = (ended: number): void =>
        onProgress?.(start + ended, prompts.length);
      results.push(...this.#generateBatch(batch, start, options, onEnded));
    }
    return results;
  }

  /** Frees the compiled functions. */
  dispose(): void {
    for (const fn of [this.#extend, this.#step, this.#merge]) fn.dispose();
  }

  #generateBatch(
    prompts: readonly (readonly number[])[],
    firstRow: number,
    options: GenerateOptions,
    onEnded: (ended: number) => void,
  ): Generation[] {
    const { maxNewTokens, temperature = 0, seed = 0, memory } = options;
    const { config, weights } = this.#model;
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    const size: CacheSize = {
      // A fixed number of rows: the last, smaller batch compiles nothing new.
      rows: bucketRows(prompts.length, options.batchSize ?? 32),
      capacity: bucketLength(
        longest + maxNewTokens + (memory?.maxLatents ?? 0),
      ),
    };
    const decoder = new CachedDecoder(
      config,
      options.view ?? { weights },
      size,
      this.#merge,
    );
    const session = memory?.open(size);
    const rows: GenerationRow[] = prompts.map((prompt, index) => ({
      index,
      tokens: [...prompt],
      promptLength: prompt.length,
      ran: 0,
      shift: 0,
      augmentation: [],
    }));
    const streams = rows.map(({ index }) =>
      seededRandom("generate", seed, firstRow + index)
    );
    const noiseFor = (
      indices: readonly number[],
      length: number,
    ): SamplingNoise | null => {
      if (temperature === 0) return null;
      const uniforms = new Float32Array(length);
      indices.forEach((row, i) => {
        if (row >= 0) uniforms[i] = streams[row]();
      });
      return {
        temperature: tf.scalar(temperature),
        uniforms: tf.tensor1d(uniforms),
      };
    };

    const runBlock = (due: readonly GenerationRow[]): void => {
      const insertions = due.map((row) => plainItems(row));
      const candidates = due.filter((row) => session?.isCandidate(row));
      const written = candidates.length === 0 ? [] : session!.write(candidates);
      const decisions = due.map((row, i) => {
        const at = candidates.indexOf(row);
        if (at < 0) return NOT_ASKED;
        insertions[i] = written[at].items;
        return written[at].decision;
      });
      const chosen = decoder.extend(
        this.#extend,
        ({ b }) => ({
          last: tf.tensor1d(
            Int32Array.from(
              { length: b },
              (_, i) => (insertions[i]?.length ?? 1) - 1,
            ),
            "int32",
          ),
          noise: noiseFor(due.map(({ index }) => index), b),
        }),
        due.map(({ index }) => index),
        insertions,
      );
      const tokens = chosen.dataSync();
      chosen.dispose();
      due.forEach((row, i) => accept(row, tokens[i], decisions[i]));
    };

    const runStep = (ready: readonly GenerationRow[]): void => {
      const ids = new Int32Array(size.rows);
      const positions = new Int32Array(size.rows);
      const active = new Array<boolean>(size.rows).fill(false);
      for (const row of ready) {
        ids[row.index] = row.tokens[row.ran];
        positions[row.index] = row.ran + row.shift;
        active[row.index] = true;
      }
      const drawing = active.map((isActive, row) => isActive ? row : -1);
      const chosen = decoder.step(
        this.#step,
        () => noiseFor(drawing, size.rows),
        { ids, positions, active },
      );
      const tokens = chosen.dataSync();
      chosen.dispose();
      for (const row of ready) accept(row, tokens[row.index], NOT_ASKED);
    };

    const accept = (
      row: GenerationRow,
      token: number,
      decision: number,
    ): void => {
      row.ran = row.tokens.length;
      row.tokens.push(token);
      row.augmentation.push(decision);
    };

    try {
      for (let ended = 0;;) {
        const active = rows.filter((row) =>
          row.augmentation.length < maxNewTokens &&
          !(row.augmentation.length > 0 &&
            config.eosTokenIds.includes(row.tokens.at(-1)!))
        );
        if (rows.length - active.length > ended) {
          ended = rows.length - active.length;
          onEnded(ended);
        }
        if (active.length === 0) break;
        const due = active.filter((row) =>
          row.ran < row.tokens.length - 1 || row.ran === 0 ||
          session?.isCandidate(row)
        );
        const ready = active.filter((row) => !due.includes(row));
        // A prompt never waits: its row could have been going on all the time.
        const starting = due.filter(({ ran }) => ran === 0);
        if (starting.length > 0) {
          runBlock(starting.slice(0, BLOCK_ROWS));
        } else if (due.length >= BLOCK_ROWS || ready.length === 0) {
          runBlock(due.slice(0, BLOCK_ROWS));
        } else {
          runStep(ready);
        }
      }
    } finally {
      decoder.dispose();
      session?.dispose();
    }
    return rows.map(({ tokens, promptLength, augmentation }) => ({
      ids: tokens.slice(promptLength),
      augmentation,
    }));
  }

  #validate(
    prompts: readonly (readonly number[])[],
    options: GenerateOptions,
  ): void {
    const { maxNewTokens, temperature = 0, batchSize = 32 } = options;
    requireInteger("maxNewTokens", maxNewTokens);
    requireInteger("batchSize", batchSize);
    if (!(temperature >= 0 && temperature < Infinity)) {
      throw new RangeError(
        `Cannot generate as 'temperature' must be a number of at least 0: current value is ${temperature}`,
      );
    }
    prompts.forEach((prompt, i) =>
      requirePrompt(this.#model.config, prompt, {
        name: `prompt ${i}`,
        maxNewTokens,
        maxLatents: options.memory?.maxLatents ?? 0,
      })
    );
  }
}

function bucketRows(rows: number, batchSize: number): number {
  return rows <= batchSize / 2 ? bucketLength(rows) : batchSize;
}

function requireInteger(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(
      `Cannot generate as '${name}' must be a positive integer: current value is ${value}`,
    );
  }
}
