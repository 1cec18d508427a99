/**
 * The twin of MATH: invented operations on a number, whose definitions no
 * problem states.
 */
import {
  type Random,
  randomInt,
  seededRandom,
  shuffled,
} from "../../random.ts";
import { math } from "../math.ts";
import type { Split } from "../task.ts";
import { drillLookUps, drillSteps, drillSums, noteKind } from "./drills.ts";
import { splitOf } from "./held_out.ts";
import {
  answerExercises,
  drawExercise,
  MATH_HELD_OUT,
  MATH_LENGTHS,
  MATH_SIZES,
  MATH_TOKENS,
  operationPairs,
  splitsOf,
  subjectAt,
  subjectOf,
  toProblem,
} from "./math_exercises.ts";
import {
  MATH_INJECTORS,
  mathFailures,
  type MathProblem,
} from "./math_faults.ts";
import { writeMathTwin } from "./math_files.ts";
import { mathPolicies } from "./math_policies.ts";
import { type Exercise, fractionText, partText } from "./math_problem.ts";
import {
  definitionText,
  drawOperations,
  drawOperationsAround,
  knownOperations,
  OPERATION_NAMES,
  type OperationName,
  type OperationWorld,
  worldOperations,
} from "./named_operations.ts";
import {
  drawDistractors,
  drawNotes,
  type PracticeSource,
  practiseAnswer,
  practiseProblem,
} from "./practice.ts";
import { demonstrated, formatOnly, once, promptOf } from "./single_turn.ts";
import { equationText } from "./trace.ts";
import type { NotedWorld, Twin } from "./twin.ts";

/** Notes of a drill, at most. */
const DRILL_NOTES = 5;

const DEFINITION_NOTES = [
  noteKind(OPERATION_NAMES, (random) => {
    const world = drawOperations(random);
    return (name) => definitionText(world, name);
  }),
];

const SOURCE: PracticeSource<OperationWorld> = {
  drawWorld: drawOperations,
  drawKnownWorld: drawOperationsAround,
  factTexts: allTexts,
  drawWorked(random, world) {
    const problem = drawPractice(random, world);
    const { operations } = problem.exercise;
    return {
      prompt: problem.task.messages[0].content,
      answer: demonstrated(problem),
      facts: operations.map((name) => definitionText(world, name)),
    };
  },
};

/** A problem of any kind, by default of any split's. */
function drawPractice(
  random: Random,
  world: OperationWorld,
  { names = OPERATION_NAMES, accepts = () => true }: {
    readonly names?: readonly OperationName[];
    readonly accepts?: (exercise: Exercise) => boolean;
  } = {},
): MathProblem {
  const lengths = [1, ...MATH_LENGTHS];
  const exercise = drawExercise(random, world, { names, lengths, accepts });
  return toProblem(exercise, world, "math-practice", "train");
}

const KNOWN = knownOperations();
const world = once(worldOperations);
const shiftedWorld = once(() =>
  drawOperations(seededRandom("math-twin", "shifted"))
);
const EXERCISES = splitsOf(world);
const SHIFTED_EXERCISES = splitsOf(shiftedWorld);
const answered = once(() => answerExercises(EXERCISES.train(), world()));

/** The twin of MATH. */
export const mathTwin: Twin<MathProblem> = {
  benchmark: math,
  world: "operations",
  known: { facts: KNOWN.size, of: OPERATION_NAMES.length },
  sizes: MATH_SIZES,
  trainingSizes: [1600, 400, 100],
  maxTokens: MATH_TOKENS,
  about: `
What is the zorb of the wex of 17? Every problem does two or three invented
operations one after another and asks for the result, for its distance from the
number at the beginning, or what part of another number it is, in lowest terms.
What the ${OPERATION_NAMES.length} operations do stands in the solutions only: a product and a sum, or a
remainder.

What is new in the test split is how operations follow one another: ${MATH_HELD_OUT.test.size} pairs
occur in no other split, and every test problem has at least one of them. ${MATH_HELD_OUT.valid.size} other
pairs occur in no training problem, and every validation problem has one of those.
No test problem has the answer that is most frequent in training, be it of all
problems or of those that ask alike, of the same whole or of the same last
operation and number.

Not as specified: three subjects and not five, and no answer is a negative
fraction.

Subjects: Prealgebra asks for parts, Number Theory ends in a remainder, Algebra in
a sum. The level is the number of operations, and one more where not the result
is asked for. Files: \`train/SUBJECT/NUMBER.json\`, the same in \`valid\`,
and \`test.jsonl\`.`,
  problem: splitProblem,
  write: (folder) => writeMathTwin(folder, splitProblem),
  policies: () => mathPolicies(answered),
  noted,
  practise(random) {
    const kind = random();
    if (kind < 0.06) return drillSums(random);
    if (kind < 0.12) return drillSteps(random, drawRemainder);
    if (kind < 0.17) return drillSteps(random, drawPart);
    if (kind < 0.35) return drillLookUps(random, DRILL_NOTES, DEFINITION_NOTES);
    return practiseProblem(random, SOURCE);
  },
  // Known operations without notes. Their world is the splits', so that what is
  // kept from training must be kept from here, too.
  revise(random) {
    const problem = drawPractice(random, world(), {
      names: OPERATION_NAMES.filter((name) => KNOWN.has(name)),
      accepts: (exercise) =>
        splitOf(MATH_HELD_OUT, operationPairs(exercise)) === "train",
    });
    return practiseAnswer(
      promptOf(problem.task.messages),
      demonstrated(problem),
    );
  },
  failureEvents: mathFailures,
  injectors: MATH_INJECTORS,
  controls: {
    "permuted skin": (split, index) => {
      const { exercise, task } = splitProblem(split, index);
      const names = skin();
      const operations = exercise.operations.map((name) => names.get(name)!);
      return toProblem(
        { ...exercise, operations },
        renamedWorld(),
        task.id.replace("/", "-skin/"),
        split,
      );
    },
    "shifted facts": (split, index) => {
      const exercise = SHIFTED_EXERCISES[split]()[index];
      const id = `math-shifted/${split}/${index}`;
      return toProblem(exercise, shiftedWorld(), id, split);
    },
    "format only": (split, index) =>
      formatOnly(
        splitProblem(split, index),
        splitProblem(split, (index + 1) % MATH_SIZES[split]),
      ),
  },
};

const skin = once(() => {
  const others = shuffled(seededRandom("math-twin", "skin"), OPERATION_NAMES);
  return new Map(OPERATION_NAMES.map((name, i) => [name, others[i]] as const));
});

const renamedWorld = once((): OperationWorld => {
  const definitions = Object.entries(world().definitions)
    .map(([name, definition]) => [
      skin().get(name as OperationName),
      definition,
    ]);
  return { definitions: Object.fromEntries(definitions) };
});

function allTexts(world: OperationWorld): string[] {
  return OPERATION_NAMES.map((name) => definitionText(world, name));
}

function splitProblem(split: Split, index: number): MathProblem {
  const exercise = EXERCISES[split]()[index];
  return toProblem(exercise, world(), `math/${split}/${index}`, split);
}

function noted(
  whose: NotedWorld,
  index: number,
  distractors: number = 0,
): MathProblem {
  const random = seededRandom("math-twin", "notes", whose, index);
  const operations = whose === "own" ? world() : drawOperations(random);
  // Ten problems have the subjects in the split's shares.
  const subject = subjectAt(index % 10 / 10);
  const exercise = drawExercise(random, operations, {
    names: OPERATION_NAMES,
    lengths: MATH_LENGTHS,
    accepts: (exercise) =>
      splitOf(MATH_HELD_OUT, operationPairs(exercise)) === "test" &&
      subjectOf(exercise, operations) === subject,
  });
  const needed = exercise.operations
    .map((name) => definitionText(operations, name));
  const others = drawDistractors(random, needed, allTexts(operations))
    .slice(0, distractors);
  const notes = drawNotes(random, needed, others);
  const id = `math-notes/${whose}/${index}`;
  return toProblem(exercise, operations, id, "test", notes);
}

/** What is left of a number, as worked answers write it. */
function drawRemainder(random: Random): { name: string; text: string } {
  const number = 2 + randomInt(random, 98);
  const modulus = 5 + randomInt(random, 8);
  const rest = number % modulus;
  return {
    name: `${number} by ${modulus}`,
    text: `${equationText(`${number}-${number - rest}`, rest)}.`,
  };
}

/** A fraction in lowest terms, as worked answers write it. */
function drawPart(random: Random): { name: string; text: string } {
  const top = 1 + randomInt(random, 99);
  const bottom = 2 + randomInt(random, 30);
  const fraction = `\\frac{${top}}{${bottom}}`;
  return {
    name: fraction,
    text: partText(fraction, fractionText(top, bottom)),
  };
}
