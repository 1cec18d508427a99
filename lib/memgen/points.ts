/**
 * Where memory may be inserted: at the prompt's end, and before a token
 * whose prefix ends in a delimiter (eq. 7: p_j = 0 elsewhere).
 */
import type { Generation, Tokenizer } from "../models/mod.ts";
import { type Random, shuffled } from "../random.ts";
import { DELIMITERS, type MemgenConfig } from "./config.ts";

/** Label of a token that is not learned. */
export const IGNORED_LABEL: number = -100;
/** First point of a row whose prompt got no memory: nothing stands before it. */
export const PROMPT_SKIPPED: number = 0;

const NEVER = 0;
const ALWAYS = 1;
/** The token is `,` or `.` alone: it depends on the token before. */
const UNLESS_AFTER_DIGIT = 2;

/**
 * Insertion by chance in the weaver's training, before there is a trigger
 * (section 4.3: "a random inserter as a lightweight surrogate").
 */
export interface RandomBoundaries {
  /** Probability of each delimiter of an answer; 1 takes every one. */
  readonly probability: number;
  /** Decides for one row after the other. */
  readonly random: Random;
}

/** How often memory goes in. */
export type InsertionLimits = Pick<
  MemgenConfig,
  "maxPromptAugmentations" | "maxInferenceAugmentations"
>;

/** Whether memory goes in at the prompt's end. */
export function hasPromptMemory(
  { maxPromptAugmentations }: Pick<MemgenConfig, "maxPromptAugmentations">,
): boolean {
  return maxPromptAugmentations > 0;
}

/** Says after which tokens memory may be inserted. */
export class CandidatePoints {
  readonly #rule: Uint8Array;
  readonly #endsInDigit: Uint8Array;

  /** Looks at every token of the vocabulary once. */
  constructor(
    tokenizer: Tokenizer,
    config: Pick<MemgenConfig, "delimitersAfterDigits">,
  ) {
    const delimiters = tokenizer.endsWithAny(DELIMITERS);
    const lineEnds = tokenizer.endsWithAny(["\n"]);
    this.#endsInDigit = tokenizer.endsWithAny([..."0123456789"]);
    this.#rule = delimiters.map((ends, id) => {
      if (!ends) return NEVER;
      if (config.delimitersAfterDigits || lineEnds[id]) return ALWAYS;
      const text = tokenizer.tokenText(id);
      if (text.length === 1) return UNLESS_AFTER_DIGIT;
      return /[0-9]/.test(text.at(-2)!) ? NEVER : ALWAYS;
    });
  }

  /**
   * Whether the text of `tokens[0..at)` ends in a delimiter.
   *
   * Unless `delimitersAfterDigits`, a comma or full stop right after a digit
   * does not count, as the next token may continue the number.
   * Source: modeling_utils.py `_check_ends_with_delimiter`.
   */
  isCandidate(tokens: ArrayLike<number>, at: number): boolean {
    const rule = at < 1 ? NEVER : this.#rule[tokens[at - 1]];
    if (rule !== UNLESS_AFTER_DIGIT) return rule === ALWAYS;
    return at < 2 || !this.#endsInDigit[tokens[at - 2]];
  }

  /**
   * The insertion points of a supervised row: the prompt's end, if memory goes
   * in there at all, then candidates within the answer.
   *
   * @param labels Target of each token, `IGNORED_LABEL` outside the answer.
   * @param limits Points after delimiters, at most, and whether there is one at
   * the prompt's end.
   * @param boundaries Which candidates are taken: where chance takes more than
   * there may be, it also says which of them stay. Default: the first ones, as
   * in the released code.
   * @returns Points c, increasing: memory goes in before token c. The first is
   * the prompt's end or `PROMPT_SKIPPED`.
   * @throws {RangeError} If the row is not one prompt and one answer, or the
   * probability is not in [0, 1].
   * Source: modeling_utils.py `_select_augment_points_after_delimiter`.
   */
  supervisedPoints(
    ids: ArrayLike<number>,
    labels: ArrayLike<number>,
    limits: InsertionLimits,
    boundaries?: RandomBoundaries,
  ): number[] {
    const prompt: number[] = [];
    const inference: number[] = [];
    for (let i = 1; i < ids.length; i++) {
      if (labels[i] === IGNORED_LABEL) continue;
      if (labels[i - 1] === IGNORED_LABEL) {
        prompt.push(i);
      } else if (this.isCandidate(ids, i)) {
        inference.push(i);
      }
    }
    if (prompt.length !== 1) {
      throw new RangeError(
        `Cannot place memory as a row must hold one prompt and one answer: current value is ${prompt.length} starts of an answer`,
      );
    }
    const taken = boundaries === undefined
      ? inference
      : takeAtRandom(inference, boundaries);
    const chosen = taken.slice(0, limits.maxInferenceAugmentations)
      .sort((a, b) => a - b);
    return [hasPromptMemory(limits) ? prompt[0] : PROMPT_SKIPPED, ...chosen];
  }
}

/** Some of the points, in no order. */
function takeAtRandom(
  points: readonly number[],
  { probability, random }: RandomBoundaries,
): number[] {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(
      `Cannot place memory as 'probability' must be in [0, 1]: current value is ${probability}`,
    );
  }
  return shuffled(random, points.filter(() => random() < probability));
}

/**
 * The insertion points of a generated row, as generation really chose them.
 *
 * @param promptLength Tokens of its prompt.
 * @param augmentation Of the new tokens; see `Generation`.
 * @returns Points in prompt and answer; the first is the prompt's end or
 * `PROMPT_SKIPPED`.
 */
export function generatedPoints(
  promptLength: number,
  augmentation: Readonly<Generation["augmentation"]>,
): number[] {
  const inserted = augmentation.flatMap((decision, i) =>
    decision === 1 ? [promptLength + i] : []
  );
  return augmentation[0] === 1 ? inserted : [PROMPT_SKIPPED, ...inserted];
}
