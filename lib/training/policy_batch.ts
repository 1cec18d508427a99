/** Completions of rollouts as batches of learned tokens. */
import * as tf from "@tensorflow/tfjs";
import {
  type BatchShape,
  learnedPlaces,
  type SupervisedRow,
} from "../memgen/mod.ts";
import { tidy } from "../tensorflow/mod.ts";
import type { PolicyTokens } from "./grpo.ts";

/**
 * How tokens count: `grpo` alike within a completion, and completions alike;
 * `bnpo` all alike; `dr_grpo` all alike, by the number of tokens that there
 * could be. The names are TRL's.
 */
export const LOSS_TYPES = ["grpo", "bnpo", "dr_grpo"] as const;

/** One of `LOSS_TYPES`. */
export type LossType = typeof LOSS_TYPES[number];

/** A completion: its labels say which tokens the policy chose. */
export interface Completion extends SupervisedRow {
  /** Of the completion over its group, or of each learned token. */
  readonly advantage: number | ArrayLike<number>;
  /** Whether it was cut off before its end. */
  readonly isTruncated: boolean;
  /** Number of its episode: rows of one count as one. Default: its own. */
  readonly episode?: number;
  /** See `PolicyTokens`, one for each learned token. */
  readonly oldLogProbs?: ArrayLike<number>;
  /** See `PolicyTokens`, one for each learned token. */
  readonly referenceLogProbs?: ArrayLike<number>;
}

/** How the completions of an update count. */
export interface ShareOptions {
  /** The kind of mean. */
  readonly lossType: LossType;
  /** Tokens that a completion could have had; for `dr_grpo`. */
  readonly maxCompletionLength: number;
  /**
   * Whether tokens of truncated completions are left out. The completions
   * still count as such.
   *
   * @default {false}
   */
  readonly maskTruncated?: boolean;
}

/**
 * Share of each learned token of a completion in the loss, by completion.
 *
 * They refer to all completions of an update, of which a batch may hold a
 * part.
 *
 * @throws {RangeError} If `maxCompletionLength` is not an integer above 0 or a
 * completion is longer.
 * Source: TRL 0.21, grpo_trainer.py:1601-1604 and 1888-1893.
 */
export function tokenShares(
  completions: readonly Completion[],
  { lossType, maxCompletionLength, maskTruncated = false }: ShareOptions,
): number[] {
  if (!Number.isInteger(maxCompletionLength) || maxCompletionLength < 1) {
    throw new RangeError(
      `Cannot weigh tokens as 'maxCompletionLength' must be an integer of at least 1: current value is ${maxCompletionLength}`,
    );
  }
  const episodes = completions.map(({ episode }, b) => episode ?? -1 - b);
  const lengths = new Map<number, number>();
  completions.forEach((row, b) => {
    const earlier = lengths.get(episodes[b]) ?? 0;
    lengths.set(episodes[b], earlier + learnedPlaces(row).length);
  });
  const longest = Math.max(0, ...lengths.values());
  if (longest > maxCompletionLength) {
    throw new RangeError(
      `Cannot weigh tokens as a completion may hold at most ${maxCompletionLength}: current value is ${longest}`,
    );
  }
  const isLeftOut = completions.map(({ isTruncated }) =>
    maskTruncated && isTruncated
  );
  const total = completions.reduce(
    (sum, row, b) => sum + (isLeftOut[b] ? 0 : learnedPlaces(row).length),
    0,
  );
  const most = lengths.size * maxCompletionLength;
  return episodes.map((episode, b) => {
    const count = lengths.get(episode)!;
    if (count === 0 || isLeftOut[b]) return 0;
    if (lossType === "grpo") return 1 / (lengths.size * count);
    return 1 / (lossType === "bnpo" ? total : most);
  });
}

/**
 * What the learned tokens bring along, in the order of `packTargets`; the
 * caller owns the tensors.
 *
 * @param shares From `tokenShares`, one for each of the completions.
 * @throws {RangeError} If there are more than P learned tokens, a completion
 * has not one advantage or log-probability for each of its own, or some have
 * log-probabilities and some do not.
 */
export function packTokens(
  completions: readonly Completion[],
  shares: readonly number[],
  { targets: P }: Pick<BatchShape, "targets">,
): PolicyTokens {
  const lengths = completions.map((row) => learnedPlaces(row).length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total > P) {
    throw new RangeError(
      `Cannot pack completions as they may hold at most ${P} learned tokens: current value is ${total}`,
    );
  }
  const perToken = (
    name: string,
    values: readonly (number | ArrayLike<number> | undefined)[],
  ): tf.Tensor1D =>
    padded(
      values.flatMap((value, b) => {
        if (typeof value === "number") return Array(lengths[b]).fill(value);
        const own = Array.from(value ?? []);
        if (own.length !== lengths[b]) {
          throw new RangeError(
            `Cannot pack completions as '${name}' of completion ${b} must hold one number for each of its ${
              lengths[b]
            } learned tokens: current value is ${own.length}`,
          );
        }
        return own;
      }),
      P,
    );
  const given = (
    name: "oldLogProbs" | "referenceLogProbs",
  ): tf.Tensor1D | undefined => {
    const values = completions.map((row) => row[name]);
    const isGiven = values.some((value) => value !== undefined);
    return isGiven ? perToken(name, values) : undefined;
  };
  return tidy(() => ({
    shares: perToken("shares", shares),
    advantages: perToken(
      "advantage",
      completions.map(({ advantage }) => advantage),
    ),
    oldLogProbs: given("oldLogProbs"),
    referenceLogProbs: given("referenceLogProbs"),
  }));
}

function padded(values: readonly number[], length: number): tf.Tensor1D {
  const data = new Float32Array(length);
  data.set(values);
  return tf.tensor1d(data);
}
