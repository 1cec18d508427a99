/** Which lambda of eq. 8: chosen for each seed, on the validation questions. */
import type { NewcomersAnswers } from "@/experiments/newcomers/answers.ts";

/**
 * Share of always' right answers that a choice keeps: the 95 % that are asked
 * for, and three standard errors of 512 questions.
 */
export const KEPT_SHARE = 0.98;

/** A trained trigger's answers to the validation questions. */
export interface PenaltyTrial {
  /** Lambda of eq. 8. */
  readonly penalty: number;
  /** Answers with the trigger that was trained with it. */
  readonly answers: NewcomersAnswers;
}

/**
 * The lambda with the fewest insertions of those that keep `KEPT_SHARE` of
 * always' right answers; where none does, the one with the most right answers.
 *
 * @param trials One or more.
 * @param always Answers to the same questions with every insertion.
 */
export function choosePenalty(
  trials: readonly PenaltyTrial[],
  always: NewcomersAnswers,
): number {
  const least = KEPT_SHARE * rightAnswers(always);
  const kept = trials.filter(({ answers }) => rightAnswers(answers) >= least);
  const best = kept.length > 0
    ? kept.reduce((a, b) => b.answers.insertions < a.answers.insertions ? b : a)
    : trials.reduce((a, b) =>
      rightAnswers(b.answers) > rightAnswers(a.answers) ? b : a
    );
  return best.penalty;
}

/** Number of answers that are right as a whole. */
export function rightAnswers({ correct }: NewcomersAnswers): number {
  return correct.reduce((sum, value) => sum + value, 0);
}
