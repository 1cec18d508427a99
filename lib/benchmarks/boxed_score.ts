/** Both scores of an answer in a box, and how a wrong one is wrong. */
import { firstBox, isEquivalent, officialMathScore } from "./boxed_math.ts";
import { lenientMathScore } from "./lenient_math.ts";
import type { Score } from "./task.ts";
import { lastTurn } from "./turns.ts";

/**
 * How an answer in a box can be wrong for the official scorer: there is no box
 * that it can open, the answer is right in another form or in a later box, or
 * the answer is wrong.
 */
export const BOXED_FAILURES = [
  "no box",
  "other form",
  "wrong answer",
] as const;

/** How a letter in a box can be wrong for the official scorer. */
export const CHOICE_FAILURES = [
  "no box",
  "not a letter",
  "wrong letter",
] as const;

/** Marks the last turn's answer; see `Benchmark.score`. */
export function scoreBoxed(
  turns: readonly string[],
  gold: string,
): Promise<Score> {
  return scoreBox(
    turns,
    gold,
    (_, { lenient }): typeof BOXED_FAILURES[number] =>
      lenient === 1 ? "other form" : "wrong answer",
  );
}

/** Marks the last turn's letter, A to E; see `Benchmark.score`. */
export function scoreChoice(
  turns: readonly string[],
  gold: string,
): Promise<Score> {
  return scoreBox(
    turns,
    gold,
    (box): typeof CHOICE_FAILURES[number] =>
      [..."ABCDE"].some((letter) => isEquivalent(box, letter))
        ? "wrong letter"
        : "not a letter",
  );
}

/** @param explain Says how a box that the official scorer has read is wrong. */
function scoreBox(
  turns: readonly string[],
  gold: string,
  explain: (box: string, score: Score) => string,
): Promise<Score> {
  const completion = lastTurn(turns);
  const score = {
    official: officialMathScore(completion, gold),
    lenient: lenientMathScore(completion, gold),
  };
  if (score.official === 1) return Promise.resolve(score);
  const box = firstBox(completion);
  const failure = box === undefined ? "no box" : explain(box, score);
  return Promise.resolve({ ...score, failure });
}
