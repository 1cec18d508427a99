/** Marks of a searched answer that may be named in several ways. */
import { containsAlias, lenientAnswerScore } from "./qa_scorers.ts";
import { episodeAnswer, SEARCH_TURNS } from "./search_environment.ts";
import type { Score } from "./task.ts";
import { lastTurn } from "./turns.ts";

/** Everything that `scoreQuestion` finds wrong. */
export const QUESTION_FAILURES = [
  "no answer",
  "empty answer",
  "other form",
  "wrong answer",
] as const;

/** The names of the right answer, as the gold of a task. */
export function questionGold(aliases: readonly string[]): string {
  return JSON.stringify(aliases);
}

/** Whether an answer is right by the released code's rule. */
export function isRightAnswer(answer: string, gold: string): boolean {
  return containsAlias(answer, JSON.parse(gold));
}

/**
 * Marks the answer of the first `SEARCH_TURNS` turns: `official` by `containsAlias`, `lenient` by
 * `lenientAnswerScore`. Neither includes the other, see there.
 *
 * @param gold From `questionGold`.
 * @throws {RangeError} If there is no turn.
 */
export function scoreQuestion(
  turns: readonly string[],
  gold: string,
): Promise<Score> {
  lastTurn(turns);
  const answer = episodeAnswer(turns.slice(0, SEARCH_TURNS));
  const official = answer !== undefined && isRightAnswer(answer, gold) ? 1 : 0;
  const lenient = lenientAnswerScore(answer ?? "", JSON.parse(gold));
  if (official === 1) return Promise.resolve({ official, lenient });
  const failure = describeFailure(answer, lenient);
  return Promise.resolve({ official, lenient, failure });
}

function describeFailure(
  answer: string | undefined,
  lenient: 0 | 1,
): typeof QUESTION_FAILURES[number] {
  if (answer === undefined) return "no answer";
  if (answer === "") return "empty answer";
  return lenient === 1 ? "other form" : "wrong answer";
}
