/** Groups of sampled completions and their rewards: what a policy learns from. */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  generatedPoints,
  IGNORED_LABEL,
  type SupervisedRow,
} from "../memgen/mod.ts";
import type {
  DecoderView,
  GenerateOptions,
  Generation,
  Generator,
  Memory,
} from "../models/mod.ts";

/** What was written after a prompt. */
export interface RolloutTurn {
  /** Tokens of the prompt; of a later turn, all that came before it. */
  readonly promptIds: readonly number[];
  /** Tokens that were written, with the end token if there was one. */
  readonly ids: readonly number[];
  /** For each of them: whether memory went in before it; see `Generation`. */
  readonly augmentation: readonly number[];
}

/** A sampled completion of a prompt, or an episode; see episodes.ts. */
export interface Rollout extends RolloutTurn {
  /** Number of its prompt, or of its task. */
  readonly prompt: number;
  /** Whether it was cut off before its end. */
  readonly isTruncated: boolean;
  /** What the reward function made of it. */
  readonly reward: number;
  /** Turns of an episode, which are learned one by one. */
  readonly turns?: readonly RolloutTurn[];
}

/** Marks the completion of a prompt, given by its number. */
export type RewardFunction = (
  prompt: number,
  ids: readonly number[],
) => number | Promise<number>;

/** Settings of rollouts. */
export interface RollOutOptions {
  /** The model's compiled functions. */
  readonly generator: Pick<Generator, "generateInTurns">;
  /** Tokens that end a completion; see `DecoderConfig`. */
  readonly eosTokenIds: readonly number[];
  /** The policy's weights and adapter. Default: the model's. */
  readonly view?: DecoderView;
  /** The policy's memory, if it has one. */
  readonly memory?: Memory;
  /** Numbers of the prompts that are completed. Default: all, in their order. */
  readonly chosen?: readonly number[];
  /** G: completions of one prompt. */
  readonly groupSize: number;
  /** Tokens of a completion, at most. */
  readonly maxNewTokens: number;
  /** Divides the scores; 0 is greedy. */
  readonly temperature: number;
  /** Seed of the sampled tokens. */
  readonly seed: number;
  /** Completions at once; it changes none of them. */
  readonly batchSize: number;
  /** Marks the completions, one after the other. */
  readonly reward: RewardFunction;
}

/**
 * Samples G completions of every prompt, and their rewards.
 *
 * @param prompts Token ids of each.
 * @returns The G of a prompt follow one another, in the order of `chosen`.
 * @throws {RangeError} If a prompt or an option is refused (see `Generator`),
 * or a reward is not finite.
 * @throws {Error} If the reward function throws; its error is the cause.
 */
export async function rollOut(
  prompts: readonly (readonly number[])[],
  options: RollOutOptions,
): Promise<Rollout[]> {
  const { groupSize: G, eosTokenIds, reward } = options;
  requireGroupSize(G);
  const { chosen = prompts.map((_, prompt) => prompt) } = options;
  const repeated = chosen.flatMap((prompt) => Array<number>(G).fill(prompt));
  const generations = await generateAll(
    repeated.map((prompt) => prompts[prompt]),
    options,
  );
  const rollouts: Rollout[] = [];
  for (const [i, { ids, augmentation }] of generations.entries()) {
    const prompt = repeated[i];
    rollouts.push({
      prompt,
      promptIds: prompts[prompt],
      ids,
      augmentation,
      isTruncated: !eosTokenIds.includes(ids.at(-1)!),
      reward: await rewardOf(reward, { prompt, completion: i % G, ids }),
    });
  }
  return rollouts;
}

/** A turn as a row: all that was written is learned. */
export function completionRow(
  { promptIds, ids, augmentation }: RolloutTurn,
): SupervisedRow {
  return {
    ids: [...promptIds, ...ids],
    labels: [...promptIds.map(() => IGNORED_LABEL), ...ids],
    points: generatedPoints(promptIds.length, augmentation),
  };
}

/** @throws {RangeError} If G is not an integer above 0. */
export function requireGroupSize(G: number): void {
  if (!Number.isInteger(G) || G < 1) {
    throw new RangeError(
      `Cannot sample completions as 'groupSize' must be an integer of at least 1: current value is ${G}`,
    );
  }
}

/** Generates; other work of the process gets its turn in between. */
export async function generateAll(
  prompts: readonly (readonly number[])[],
  { generator, ...options }:
    & GenerateOptions
    & Pick<RollOutOptions, "generator">,
): Promise<Generation[]> {
  const turns = generator.generateInTurns(prompts, options);
  try {
    for (;;) {
      const { done, value } = turns.next();
      if (done) return value;
      await nextTurn();
    }
  } finally {
    turns.return([]);
  }
}

async function rewardOf(
  reward: RewardFunction,
  { prompt, completion, ids }: {
    readonly prompt: number;
    readonly completion: number;
    readonly ids: readonly number[];
  },
): Promise<number> {
  const name = `completion ${completion} of prompt ${prompt}`;
  let value: number;
  try {
    value = await reward(prompt, ids);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot reward ${name} as the reward function must not throw: current value is ${message}`,
      { cause },
    );
  }
  if (!Number.isFinite(value)) {
    throw new RangeError(
      `Cannot reward ${name} as its reward must be finite: current value is ${value}`,
    );
  }
  return value;
}
