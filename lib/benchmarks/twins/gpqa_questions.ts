/** Draws the questions of the GPQA twin: which are of a split, and their options. */
import { type Random, seededRandom, shuffled } from "../../random.ts";
import type { Split } from "../task.ts";
import {
  type Chemistry,
  COLOURS,
  COMPOUNDS,
  type Treatment,
} from "./chemistry.ts";
import { mistakenColours } from "./gpqa_faults.ts";
import { type Experiment, workExperiment } from "./gpqa_problem.ts";
import { holdOut, splitOf } from "./held_out.ts";

/** Mistakes with colours of their own that a question must have. */
const LEAST_MISTAKES = 2;

/** What may be done to compounds. */
export const TREATMENTS: readonly (readonly Treatment[])[] = [
  ["heated"],
  ["cooled"],
  ["heated", "heated"],
  ["cooled", "cooled"],
];

/** Every pair of compounds with every treatment. */
const KINDS: readonly Experiment[] = COMPOUNDS.flatMap((one, i) =>
  COMPOUNDS.slice(i + 1).flatMap((other) =>
    TREATMENTS.map((treatments) => ({ compounds: [one, other], treatments }))
  )
);

const HELD_OUT = holdOut(
  seededRandom("gpqa-twin", "kinds"),
  KINDS.map(signatureOf),
);

/** A question before it has a place in a file. */
export interface DrawnQuestion {
  /** What it is about. */
  readonly experiment: Experiment;
  /** Three wrong colours. */
  readonly distractors: readonly string[];
}

/**
 * The questions of all splits, no two alike; after each treatment all colours
 * are right equally often, as far as there are questions.
 */
export function drawQuestions(
  chemistry: Chemistry,
): Record<Split, readonly DrawnQuestion[]> {
  const order = shuffled(seededRandom("gpqa-twin", "order"), KINDS);
  const drawn = order.map((kind) =>
    drawQuestion(
      seededRandom("gpqa-twin", signatureOf(kind)),
      kind,
      chemistry,
    )
  ).filter((question) => question !== undefined);
  const takeTurns = (split: Split): DrawnQuestion[] => {
    const groups = Object.values(Object.groupBy(
      drawn.filter(({ experiment }) =>
        splitOf(HELD_OUT, [signatureOf(experiment)]) === split
      ),
      ({ experiment }) => {
        const { colour } = workExperiment(experiment, chemistry);
        return [...experiment.treatments, colour].join(" ");
      },
    )).map((group) => group ?? []);
    const most = Math.max(...groups.map(({ length }) => length));
    return Array.from(
      { length: most },
      (_, turn) => groups.flatMap((group) => group.slice(turn, turn + 1)),
    ).flat();
  };
  return {
    train: takeTurns("train"),
    valid: takeTurns("valid"),
    test: takeTurns("test"),
  };
}

/** A question with options; undefined if too few mistakes give a colour. */
export function drawQuestion(
  random: Random,
  kind: Experiment,
  chemistry: Chemistry,
): DrawnQuestion | undefined {
  const compounds = shuffled(random, kind.compounds);
  const experiment = { ...kind, compounds };
  const mistakes = mistakenColours(random, experiment, chemistry);
  if (mistakes.length < LEAST_MISTAKES) return undefined;
  const distractors = drawWrongColours(random, experiment, chemistry, mistakes);
  return { experiment, distractors };
}

/** Three wrong colours, those of mistakes first. */
export function drawWrongColours(
  random: Random,
  experiment: Experiment,
  chemistry: Chemistry,
  mistakes: readonly string[],
): string[] {
  const { colour } = workExperiment(experiment, chemistry);
  const all = [...shuffled(random, mistakes), ...shuffled(random, COLOURS)];
  return [...new Set(all)].filter((each) => each !== colour).slice(0, 3);
}

/** The kind of a question: what is done to which compounds. */
export function signatureOf({ compounds, treatments }: Experiment): string {
  return [...compounds.toSorted(), ...treatments].join(" ");
}

/** Kinds of questions that belong to the test split. */
export function testKinds(): Experiment[] {
  return KINDS
    .filter((kind) => splitOf(HELD_OUT, [signatureOf(kind)]) === "test");
}
