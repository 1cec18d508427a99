/**
 * The twin of MATH: invented operations on a number, whose definitions no
 * problem states.
 *
 * Some pairs of operations that follow one another occur in the test split
 * only, others in validation only. All definitions are seen in training.
 */
import { join } from "node:path";
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
import { drillLookUps, drillSteps, drillSums, noteKind } from "./drills.ts";
import { holdOut, splitOf } from "./held_out.ts";
import {
  MATH_INJECTORS,
  mathFailures,
  type MathProblem,
  writeSolution,
} from "./math_faults.ts";
import { mathPolicies } from "./math_policies.ts";
import {
  type Ask,
  askExercise,
  type Exercise,
  fractionText,
  partText,
  workExercise,
} from "./math_problem.ts";
import {
  definitionText,
  drawOperations,
  drawOperationsAround,
  OPERATION_NAMES,
  type OperationName,
  type OperationWorld,
  worldOperations,
} from "./named_operations.ts";
import {
  drawDistractors,
  drawNotes,
  type PracticeSource,
  practiseProblem,
} from "./practice.ts";
import {
  countTokens,
  demonstrated,
  formatOnly,
  once,
  singleTurnTask,
} from "./single_turn.ts";
import { equationText } from "./trace.ts";
import type { NotedWorld, Twin } from "./twin.ts";

const SIZES: Readonly<Record<Split, number>> = {
  train: 1600,
  valid: 100,
  test: 500,
};
/** Tokens of a prompt with its answer, at most. */
const MOST_TOKENS = 160;
/** Operations in a problem. */
const LENGTHS = [2, 3] as const;
/** Notes of a drill, at most. */
const DRILL_NOTES = 5;

/**
 * Subjects, in the order in which the loader reads their folders, and the share
 * of the problems that are of a subject or of one before it. Remainders are few
 * numbers: more of them, and one of these would be a good guess.
 */
const SUBJECTS = [
  { folder: "algebra", name: "Algebra", until: 0.5 },
  { folder: "number_theory", name: "Number Theory", until: 0.7 },
  { folder: "prealgebra", name: "Prealgebra", until: 1 },
] as const;

const HELD_OUT = holdOut(
  seededRandom("math-twin", "pairs"),
  OPERATION_NAMES.flatMap((first) =>
    OPERATION_NAMES.filter((second) => second !== first)
      .map((second) => `${first}>${second}`)
  ),
);

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
    const exercise = drawExercise(random, world, {
      lengths: [1, ...LENGTHS],
      accepts: () => true,
    });
    const problem = toProblem(exercise, world, "math-practice", "train");
    return {
      prompt: problem.task.messages[0].content,
      answer: demonstrated(problem),
      facts: exercise.operations.map((name) => definitionText(world, name)),
    };
  },
};

const world = once(worldOperations);
const shiftedWorld = once(() =>
  drawOperations(seededRandom("math-twin", "shifted"))
);
const EXERCISES = splitsOf(world);
const SHIFTED_EXERCISES = splitsOf(shiftedWorld);
const golds = once(() =>
  Array.from(
    { length: SIZES.train },
    (_, i) => workExercise(splitProblem("train", i).exercise, world()).answer,
  )
);

/** The twin of MATH. */
export const mathTwin: Twin<MathProblem> = {
  benchmark: math,
  world: "operations",
  sizes: SIZES,
  trainingSizes: [1600, 400, 100],
  maxTokens: MOST_TOKENS,
  about: `
What is the zorb of the wex of 17? Every problem does two or three invented
operations one after another and asks for the result, for its distance from the
number at the beginning, or what part of another number it is, in lowest terms.
What the ${OPERATION_NAMES.length} operations do stands in the solutions only: a product and a sum, or a
remainder.

What is new in the test split is how operations follow one another: ${HELD_OUT.test.size} pairs
occur in no other split, and every test problem has at least one of them. ${HELD_OUT.valid.size} other
pairs occur in no training problem, and every validation problem has one of those.

Subjects: Prealgebra asks for parts, Number Theory ends in a remainder, Algebra in
a sum. The level is the number of operations, and one more where not the result
is asked for. Files: \`train/SUBJECT/NUMBER.json\`, the same in \`valid\`,
and \`test.jsonl\`.`,
  problem: splitProblem,
  write,
  policies: () => mathPolicies(golds),
  noted,
  practise(random) {
    const kind = random();
    if (kind < 0.06) return drillSums(random);
    if (kind < 0.12) return drillSteps(random, drawRemainder);
    if (kind < 0.17) return drillSteps(random, drawPart);
    if (kind < 0.35) return drillLookUps(random, DRILL_NOTES, DEFINITION_NOTES);
    return practiseProblem(random, SOURCE);
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
        splitProblem(split, (index + 1) % SIZES[split]),
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
  const exercise = drawExercise(random, operations, {
    lengths: LENGTHS,
    accepts: (exercise) => splitOf(HELD_OUT, pairs(exercise)) === "test",
  });
  const needed = exercise.operations
    .map((name) => definitionText(operations, name));
  const others = drawDistractors(random, needed, allTexts(operations))
    .slice(0, distractors);
  const notes = drawNotes(random, needed, others);
  const id = `math-notes/${whose}/${index}`;
  return toProblem(exercise, operations, id, "test", notes);
}

/**
 * The exercises of a split, no two alike; each is of the split's kind and of
 * the subject that stands at its place.
 */
function drawSplit(split: Split, operations: OperationWorld): Exercise[] {
  const asked = new Set<string>();
  return Array.from({ length: SIZES[split] }, (_, index) => {
    const subject = SUBJECTS.find(({ until }) => index < until * SIZES[split]);
    const random = seededRandom("math-twin", split, index);
    const exercise = drawExercise(random, operations, {
      lengths: LENGTHS,
      accepts: (exercise) =>
        splitOf(HELD_OUT, pairs(exercise)) === split &&
        subjectOf(exercise, operations) === subject &&
        !asked.has(askExercise(exercise)),
    });
    asked.add(askExercise(exercise));
    return exercise;
  });
}

/** The exercises of all splits; each split is drawn when it is first needed. */
function splitsOf(
  world: () => OperationWorld,
): Readonly<Record<Split, () => readonly Exercise[]>> {
  return {
    train: once(() => drawSplit("train", world())),
    valid: once(() => drawSplit("valid", world())),
    test: once(() => drawSplit("test", world())),
  };
}

/** Draws until an exercise is allowed and its numbers are in range. */
function drawExercise(
  random: Random,
  operations: OperationWorld,
  { lengths, accepts }: {
    readonly lengths: readonly number[];
    readonly accepts: (exercise: Exercise) => boolean;
  },
): Exercise {
  const asks: readonly Ask[] = ["value", "value", "difference", "part"];
  for (;;) {
    const exercise: Exercise = {
      operations: shuffled(random, OPERATION_NAMES)
        .slice(0, randomChoice(random, lengths)),
      x: 2 + randomInt(random, 38),
      ask: randomChoice(random, asks),
      whole: 2 + randomInt(random, 30),
    };
    if (!accepts(exercise)) continue;
    if (!workExercise(exercise, operations).isInRange) continue;
    const { task } = toProblem(exercise, operations, "math", "train");
    if (countTokens(task) <= MOST_TOKENS) return exercise;
  }
}

/** Pairs of operations that follow one another. */
function pairs({ operations }: Exercise): string[] {
  return operations.slice(1).map((next, i) => `${operations[i]}>${next}`);
}

function subjectOf(
  { operations, ask }: Exercise,
  { definitions }: OperationWorld,
): typeof SUBJECTS[number] {
  const [algebra, numberTheory, prealgebra] = SUBJECTS;
  if (ask === "part") return prealgebra;
  return definitions[operations.at(-1)!].kind === "remainder"
    ? numberTheory
    : algebra;
}

function levelOf({ operations, ask }: Exercise): number {
  return operations.length + (ask === "value" ? 0 : 1);
}

function toProblem(
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

async function write(folder: string): Promise<void> {
  for (const split of ["train", "valid"] as const) {
    for (const { folder: subject } of SUBJECTS) {
      await Deno.mkdir(join(folder, split, subject), { recursive: true });
    }
    for (let index = 0; index < SIZES[split]; index++) {
      const problem = splitProblem(split, index);
      const subject = subjectOf(problem.exercise, problem.world);
      await Deno.writeTextFile(
        join(folder, split, subject.folder, `${index}.json`),
        `${
          JSON.stringify({
            problem: problem.question,
            level: `Level ${levelOf(problem.exercise)}`,
            type: subject.name,
            solution: demonstrated(problem),
          })
        }\n`,
      );
    }
  }
  const rows = Array.from({ length: SIZES.test }, (_, index) => {
    const problem = splitProblem("test", index);
    const { question, exercise, world, task } = problem;
    return `${
      JSON.stringify({
        problem: question,
        solution: demonstrated(problem),
        answer: workExercise(exercise, world).answer,
        ...task.meta,
        unique_id: `twin/test/${index}.json`,
      })
    }\n`;
  });
  await Deno.writeTextFile(join(folder, "test.jsonl"), rows.join(""));
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
