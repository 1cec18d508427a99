/**
 * Exercises of the MATH twin: drawn for a split, and as problems.
 *
 * Some pairs of operations that follow one another occur in the test split
 * only, others in validation only. All definitions are seen in training.
 */
import {
  type Random,
  randomChoice,
  randomInt,
  seededRandom,
  shuffled,
} from "../../random.ts";
import { gsm8kPrompt } from "../gsm8k.ts";
import { math } from "../math.ts";
import type { Split } from "../task.ts";
import { holdOut, splitOf } from "./held_out.ts";
import {
  type AnsweredExercise,
  type Guess,
  guessesOf,
} from "./math_guesses.ts";
import { type MathProblem, writeSolution } from "./math_faults.ts";
import {
  type Ask,
  askExercise,
  type Exercise,
  workExercise,
} from "./math_problem.ts";
import {
  OPERATION_NAMES,
  type OperationName,
  type OperationWorld,
} from "./named_operations.ts";
import { countTokens, once, singleTurnTask } from "./single_turn.ts";

/** Problems of each split. */
export const MATH_SIZES: Readonly<Record<Split, number>> = {
  train: 1600,
  valid: 100,
  test: 500,
};
/** Tokens of a prompt with its answer, at most. */
export const MATH_TOKENS = 160;
/** Operations in a problem. */
export const MATH_LENGTHS = [2, 3] as const;
/**
 * Subjects, in the order in which the loader reads their folders, and the share
 * of the problems that are of a subject or of one before it. Remainders are few
 * numbers: more of them, and one of these would be a good guess.
 */
export const MATH_SUBJECTS = [
  { folder: "algebra", name: "Algebra", until: 0.5 },
  { folder: "number_theory", name: "Number Theory", until: 0.7 },
  { folder: "prealgebra", name: "Prealgebra", until: 1 },
] as const;

/** Pairs of operations that are kept from training. */
export const MATH_HELD_OUT = holdOut(
  seededRandom("math-twin", "pairs"),
  OPERATION_NAMES.flatMap((first) =>
    OPERATION_NAMES.filter((second) => second !== first)
      .map((second) => `${first}>${second}`)
  ),
);

/**
 * The exercises of a split, no two alike; each is of the split's kind and of
 * the subject that stands at its place.
 *
 * @param guesses None of them may be right.
 */
function drawSplit(
  split: Split,
  operations: OperationWorld,
  guesses: readonly Guess[] = [],
): Exercise[] {
  const asked = new Set<string>();
  return Array.from({ length: MATH_SIZES[split] }, (_, index) => {
    const subject = subjectAt(index / MATH_SIZES[split]);
    const random = seededRandom("math-twin", split, index);
    const isGuessed = (exercise: Exercise): boolean => {
      const { answer } = workExercise(exercise, operations);
      return guesses.some((guess) => guess(exercise) === answer);
    };
    const exercise = drawExercise(random, operations, {
      names: OPERATION_NAMES,
      lengths: MATH_LENGTHS,
      accepts: (exercise) =>
        splitOf(MATH_HELD_OUT, operationPairs(exercise)) === split &&
        subjectOf(exercise, operations) === subject &&
        !asked.has(askExercise(exercise)) && !isGuessed(exercise),
    });
    asked.add(askExercise(exercise));
    return exercise;
  });
}

/** The subject of the problem that a share of a split's problems stand before. */
export function subjectAt(share: number): typeof MATH_SUBJECTS[number] {
  return MATH_SUBJECTS.find(({ until }) => share < until)!;
}

/**
 * The exercises of all splits; each split is drawn when it is first needed. No
 * test exercise is answered by a guess from the training split.
 */
export function splitsOf(
  world: () => OperationWorld,
): Readonly<Record<Split, () => readonly Exercise[]>> {
  const train = once(() => drawSplit("train", world()));
  const guesses = (): Guess[] => [
    ...guessesOf(answerExercises(train(), world())).values(),
  ];
  return {
    train,
    valid: once(() => drawSplit("valid", world())),
    test: once(() => drawSplit("test", world(), guesses())),
  };
}

/** Exercises with their answers. */
export function answerExercises(
  exercises: readonly Exercise[],
  operations: OperationWorld,
): AnsweredExercise[] {
  return exercises.map((exercise) => ({
    ...exercise,
    answer: workExercise(exercise, operations).answer,
  }));
}

/**
 * Draws until an exercise is allowed and its numbers are in range.
 *
 * @param draw.names Operations to draw from, all equally often.
 */
export function drawExercise(
  random: Random,
  operations: OperationWorld,
  { names, lengths, accepts }: {
    readonly names: readonly OperationName[];
    readonly lengths: readonly number[];
    readonly accepts: (exercise: Exercise) => boolean;
  },
): Exercise {
  const asks: readonly Ask[] = ["value", "value", "difference", "part"];
  for (;;) {
    const exercise: Exercise = {
      operations: shuffled(random, names)
        .slice(0, randomChoice(random, lengths)),
      x: 2 + randomInt(random, 38),
      ask: randomChoice(random, asks),
      whole: 2 + randomInt(random, 30),
    };
    if (!accepts(exercise)) continue;
    if (!workExercise(exercise, operations).isInRange) continue;
    const { task } = toProblem(exercise, operations, "math", "train");
    if (countTokens(task) <= MATH_TOKENS) return exercise;
  }
}

/** Pairs of operations that follow one another. */
export function operationPairs({ operations }: Exercise): string[] {
  return operations.slice(1).map((next, i) => `${operations[i]}>${next}`);
}

/** What a problem is about, by its last operation and what it asks. */
export function subjectOf(
  { operations, ask }: Exercise,
  { definitions }: OperationWorld,
): typeof MATH_SUBJECTS[number] {
  const [algebra, numberTheory, prealgebra] = MATH_SUBJECTS;
  if (ask === "part") return prealgebra;
  return definitions[operations.at(-1)!].kind === "remainder"
    ? numberTheory
    : algebra;
}

/** How many steps a problem takes. */
export function levelOf({ operations, ask }: Exercise): number {
  return operations.length + (ask === "value" ? 0 : 1);
}

/**
 * An exercise as a problem.
 *
 * @param notes What stands before the question.
 */
export function toProblem(
  exercise: Exercise,
  operations: OperationWorld,
  id: string,
  split: Split,
  notes = "",
): MathProblem {
  const question = askExercise(exercise);
  return {
    task: singleTurnTask({
      id,
      benchmark: math.name,
      split,
      prompt: `${notes}${gsm8kPrompt(question)}`,
      answer: writeSolution(workExercise(exercise, operations)),
      meta: {
        subject: subjectOf(exercise, operations).name,
        level: levelOf(exercise),
      },
    }),
    signature: [exercise.ask, ...exercise.operations].join(" "),
    facts: exercise.operations,
    question,
    exercise,
    world: operations,
  };
}
