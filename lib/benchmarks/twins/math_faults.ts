/** Why answers of the MATH twin are wrong, and answers wrong for that reason. */
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import type { FailureEvent, FailureLabel } from "../failures.ts";
import type { Message } from "../task.ts";
import {
  type Ask,
  askExercise,
  type Exercise,
  readExercise,
  readMathStep,
  type Solution,
  workExercise,
} from "./math_problem.ts";
import {
  definitionText,
  drawOperations,
  isDefinition,
  OPERATION_NAMES,
  type OperationWorld,
} from "./named_operations.ts";
import { always, answerOf } from "./single_turn.ts";
import { readTrace } from "./trace.ts";
import { traceFailures } from "./trace_failures.ts";
import type { Inject, TwinProblem } from "./twin.ts";

/** A problem of the MATH twin. */
export interface MathProblem extends TwinProblem {
  /** The problem's text. */
  readonly question: string;
  /** What it asks for. */
  readonly exercise: Exercise;
  /** The definitions that hold in it. */
  readonly world: OperationWorld;
}

/** Draws until a fault gives another answer, at most so often. */
const ATTEMPTS = 40;

/** A wrong way to work an exercise out. */
type Fault = (
  random: Random,
  exercise: Exercise,
  world: OperationWorld,
) => Solution;

/** A worked answer up to the box. */
export function writeWork({ lines }: Solution): string {
  return `${lines.join("\n")}\nThe answer is $`;
}

/** A worked answer as MATH ends it. */
export function writeSolution(solution: Solution): string {
  return `${writeWork(solution)}\\boxed{${solution.answer}}$.`;
}

/** The same operations on the same number, and other questions about them. */
function siblingExercises(exercise: Exercise): Exercise[] {
  const asks: readonly Ask[] = ["value", "difference"];
  return asks.filter((ask) => ask !== exercise.ask)
    .map((ask) => ({ ...exercise, ask }));
}

/** Another question about the same number, in words of its own. */
function askOtherwise(random: Random, exercise: Exercise): string {
  const asked = askExercise(exercise);
  const [number, start] = /(?:the [a-z]+ of )+(\$\d+\$)/.exec(asked)!;
  const questions = [
    `What is ${number}?`,
    `By how much do ${start} and ${number} differ?`,
  ];
  return randomChoice(random, questions.filter((other) => other !== asked));
}

const FAULTS = {
  "demand misunderstanding": (random, exercise, world) =>
    workExercise(readExercise(askOtherwise(random, exercise)), world),
  "false belief": (random, exercise, world) => {
    if (random() < 0.3) {
      const x = exercise.x + randomChoice(random, [-2, -1, 1, 2]);
      return workExercise({ ...exercise, x }, world);
    }
    const name = randomChoice(random, exercise.operations);
    const other = drawOperations(random).definitions[name];
    return workExercise(exercise, {
      definitions: { ...world.definitions, [name]: other },
    });
  },
  // An operation before the last is left out, or two are exchanged.
  "planning failure": (random, exercise, world) => {
    const { operations } = exercise;
    const at = randomInt(random, operations.length - 1);
    const changed = random() < 0.5
      ? operations.toSpliced(at, 1)
      : operations.toSpliced(at, 2, operations[at + 1], operations[at]);
    return workExercise({ ...exercise, operations: changed }, world);
  },
  "compositional reasoning": (random, exercise, world) => {
    const { steps } = workExercise(exercise, world);
    const isPart = exercise.ask === "part";
    const step = randomInt(random, steps.length - (isPart ? 1 : 0));
    const by = randomChoice(random, [-10, -2, -1, 1, 2, 10]);
    return workExercise(exercise, world, { step, by });
  },
} as const satisfies Partial<Record<FailureLabel, Fault>>;

/** Policies that fail for a known reason; see `Twin.injectors`. */
export const MATH_INJECTORS: Partial<
  Record<FailureLabel, Inject<MathProblem>>
> = {
  "answer formatting failure": ({ exercise, world }, random) => {
    const right = workExercise(exercise, world);
    const [ending] = shuffled(random, [
      `${right.answer}$.`,
      `\\boxed{x is ${right.answer}}$.`,
      `\\boxed{${right.answer}$.`,
    ]);
    return always(writeWork(right) + ending);
  },
  "think-act inconsistency": ({ exercise, world }, random) => {
    const right = workExercise(exercise, world);
    const digit = /\d+/.exec(right.answer)![0];
    const other = `${Number(digit) + 1 + randomInt(random, 9)}`;
    const answer = right.answer.replace(digit, other);
    return always(writeSolution({ ...right, answer }));
  },
  ...Object.fromEntries(
    Object.entries(FAULTS).map(([label, fault]) => [label, inject(fault)]),
  ),
};

function inject(fault: Fault): Inject<MathProblem> {
  return ({ exercise, world }, random) => {
    const right = workExercise(exercise, world);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const wrong = fault(random, exercise, world);
      if (wrong.isInRange && wrong.answer !== right.answer) {
        return always(writeSolution(wrong));
      }
    }
    return always(writeSolution(right));
  };
}

/** What is wrong in an answer. */
export function mathFailures(
  { exercise, world }: MathProblem,
  chat: readonly Message[],
): readonly FailureEvent[] {
  const language = { isFact: isDefinition, readStep: readMathStep };
  const trace = readTrace(language, answerOf(chat));
  const right = workExercise(exercise, world);
  const truths = new Set(
    OPERATION_NAMES.map((name) => definitionText(world, name)),
  );
  return traceFailures(trace, {
    plan: right.steps,
    siblings: siblingExercises(exercise)
      .map((sibling) => workExercise(sibling, world).steps),
    gold: right.answer,
    answerForm: /^-?(0|[1-9]\d*|\\frac\{[1-9]\d*\}\{[1-9]\d*\})$/,
    isTrue: (fact) => truths.has(fact),
  });
}
