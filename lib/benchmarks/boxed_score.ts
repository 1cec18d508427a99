/** Both scores of an answer in a box, and how a wrong one is wrong. */
import { firstBox, officialMathScore } from "./boxed_math.ts";
import { lenientMathScore } from "./lenient_math.ts";
import type { Score } from "./task.ts";
import { lastTurn } from "./turns.ts";

/** How an answer in a box can be wrong. */
export const BOXED_FAILURES = ["no box", "wrong answer"] as const;

/** Marks the last turn; see `Benchmark.score`. */
export function scoreBoxed(
  turns: readonly string[],
  gold: string,
): Promise<Score> {
  const completion = lastTurn(turns);
  const official = officialMathScore(completion, gold);
  const lenient = lenientMathScore(completion, gold);
  if (official === 1) return Promise.resolve({ official, lenient });
  const failure = BOXED_FAILURES[firstBox(completion) === undefined ? 0 : 1];
  return Promise.resolve({ official, lenient, failure });
}
