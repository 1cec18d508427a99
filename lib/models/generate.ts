/** Greedy and sampled generation for ragged batches, with a place for memory. */
import type * as tf from "@tensorflow/tfjs";
import type { XlaMode } from "../tensorflow/mod.ts";
import { makeExtend, makeSteps, placesOf } from "./cached_functions.ts";
import { type DecoderView, logits } from "./decoder.ts";
import { type GenerationFunctions, GenerationRun } from "./generation_run.ts";
import type { Answers, EndedTurn, Generation } from "./generation_turns.ts";
import type { Memory } from "./memory.ts";
import type { Model } from "./model.ts";
import { requirePrompt } from "./prompt.ts";
import { chooseTokens } from "./sampling.ts";

/** Settings of one call. */
export interface GenerateOptions {
  /** Tokens generated at most. */
  readonly maxNewTokens: number;
  /** 0 is greedy, else divides the scores. @default {0} */
  readonly temperature?: number;
  /** Seed of the sampled tokens, and of the memory's decisions. @default {0} */
  readonly seed?: number;
  /**
   * A number for each prompt: prompts of equal numbers and seeds get equal
   * random numbers. Default: its place.
   */
  readonly numbers?: readonly number[];
  /** Rows at once. @default {32} */
  readonly batchSize?: number;
  /** Adapter or other weights of the same shape. Default: the model's. */
  readonly view?: DecoderView;
  /** Memory, if any. */
  readonly memory?: Memory;
}

/** Settings of rows of several turns. */
export interface ConverseOptions extends GenerateOptions {
  /** Turns of a row, at most. */
  readonly maxTurns: number;
  /** Tokens of a row, at most, all that it reads and writes. */
  readonly maxLength: number;
}

/** A model with the compiled functions that generate. */
export class Generator {
  readonly #model: Model;
  readonly #functions: GenerationFunctions;

  /** Functions are traced and compiled at their first use in each size. */
  constructor(model: Model, xla: XlaMode = "auto") {
    const { config } = model;
    this.#model = model;
    this.#functions = {
      extend: makeExtend(config, {
        name: "extend",
        xla,
        places: ({ last }, [, T]) => placesOf(last, T),
        finish: ({ noise }, hidden, { weights }) =>
          chooseTokens(logits(config, weights, hidden.squeeze([0])), noise),
      }),
      steps: makeSteps(config, {
        name: "steps",
        xla,
        choose: (noise, hidden, { view: { weights }, step }) =>
          chooseTokens(
            logits(config, weights, hidden),
            noise && { ...noise, uniforms: column(noise.uniforms, step) },
          ),
      }),
    };
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
    const turns = this.generateInTurns(prompts, options);
    for (;;) {
      const { done, value } = turns.next();
      if (done) return value;
    }
  }

  /**
   * As `generate`, but its caller gets a turn whenever rows have ended, to show
   * how far it is, or to stop.
   *
   * @yields How many rows have ended.
   * @throws As `generate` does.
   */
  *generateInTurns(
    prompts: readonly (readonly number[])[],
    options: GenerateOptions,
  ): globalThis.Generator<number, Generation[], void> {
    const { maxNewTokens } = options;
    const results = new Array<Generation>(prompts.length);
    const longest = prompts.reduce(
      (max, { length }) => Math.max(max, length),
      0,
    );
    const limits = { maxTurns: 1, maxLength: longest + maxNewTokens };
    let ended = 0;
    for (const turns of this.converse(prompts, { ...options, ...limits })) {
      for (const { prompt, ...generation } of turns) {
        results[prompt] = generation;
      }
      ended += turns.length;
      yield ended;
    }
    return results;
  }

  /**
   * As `generate`, but a row whose turn has ended goes on with what its caller
   * answers. It keeps its cache: a next turn reads what is new alone.
   *
   * @yields Turns that have ended, whenever enough slots rest.
   * @returns Nothing. To be sent for each of these turns: how its row goes on,
   * or `undefined` where it is over; nothing at all if all of them are.
   * @throws {RangeError} As `generate` does, and if a row would hold more tokens
   * or latents than its limits and the model's positions allow.
   */
  *converse(
    prompts: readonly (readonly number[])[],
    options: ConverseOptions,
  ): globalThis.Generator<readonly EndedTurn[], void, Answers> {
    this.#validate(prompts, options);
    if (prompts.length === 0) return;
    requireLimits(prompts, options);
    const {
      temperature = 0,
      seed = 0,
      numbers = prompts.map((_, i) => i),
      batchSize = 32,
      view = { weights: this.#model.weights },
      ...rest
    } = options;
    const run = new GenerationRun(
      this.#model,
      this.#functions,
      prompts,
      { ...rest, temperature, seed, numbers, batchSize, view },
    );
    try {
      yield* run.turns();
    } finally {
      run.dispose();
    }
  }

  /** Frees the compiled functions. */
  dispose(): void {
    for (const fn of Object.values(this.#functions)) fn.dispose();
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

function column(x: tf.Tensor2D, number: number): tf.Tensor1D {
  return x.slice([0, number], [-1, 1]).flatten();
}

/** @throws {RangeError} If the first turn of a row does not fit. */
function requireLimits(
  prompts: readonly (readonly number[])[],
  { maxTurns, maxLength, maxNewTokens }: ConverseOptions,
): void {
  requireInteger("maxTurns", maxTurns);
  requireInteger("maxLength", maxLength);
  prompts.forEach(({ length }, i) => {
    if (length + maxNewTokens > maxLength) {
      throw new RangeError(
        `Cannot generate as prompt ${i} and ${maxNewTokens} new tokens must fit into ${maxLength}: current value is ${
          length + maxNewTokens
        }`,
      );
    }
  });
}

function requireInteger(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(
      `Cannot generate as '${name}' must be a positive integer: current value is ${value}`,
    );
  }
}
