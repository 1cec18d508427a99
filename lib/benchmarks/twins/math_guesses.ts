/** What answers of the training split tell of a problem without any definition. */
import { mostFrequent } from "./gsm8k_policies.ts";
import type { Exercise } from "./math_problem.ts";

/** An exercise with its answer. */
export interface AnsweredExercise extends Exercise {
  /** What belongs into the box. */
  readonly answer: string;
}

/** What two problems have in common, so that one's answer may be the other's. */
const ALIKE: Readonly<Record<string, (exercise: Exercise) => unknown>> = {
  "most frequent answer of the training split": () => [],
  "the same, of problems that ask alike": ({ ask }) => [ask],
  "the same, of those with the same whole": (exercise) => [
    exercise.ask,
    wholeOf(exercise),
  ],
  "the same, of those that ask alike of the same last operation": (
    { ask, operations },
  ) => [ask, operations.at(-1)],
  "the same, of those with the same number, too": (
    { ask, operations, x },
  ) => [ask, operations.at(-1), x],
  "the same, of those with the same whole instead": (exercise) => [
    exercise.ask,
    exercise.operations.at(-1),
    wholeOf(exercise),
  ],
};

/** A guess at a problem's answer; undefined if no problem is like it. */
export type Guess = (exercise: Exercise) => string | undefined;

/** Guesses by their names, the most frequent answers of problems that are alike. */
export function guessesOf(
  answered: readonly AnsweredExercise[],
): ReadonlyMap<string, Guess> {
  return new Map(
    Object.entries(ALIKE).map(([name, alike]) => {
      const keyOf = (exercise: Exercise): string =>
        JSON.stringify(alike(exercise));
      const groups = Map.groupBy(answered, keyOf);
      const most = new Map(
        Array.from(groups, ([key, group]) => [
          key,
          mostFrequent(group.map(({ answer }) => answer)),
        ]),
      );
      return [name, (exercise) => most.get(keyOf(exercise))];
    }),
  );
}

function wholeOf({ ask, whole }: Exercise): number | undefined {
  return ask === "part" ? whole : undefined;
}
