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
import {
  relatedColours,
  type SeenExperiment,
  takenColours,
} from "./gpqa_guesses.ts";
import { type Experiment, workExperiment } from "./gpqa_problem.ts";
import { holdOut, splitOf } from "./held_out.ts";
import { once } from "./single_turn.ts";

/** Questions of each split. */
export const GPQA_SIZES: Readonly<Record<Split, number>> = {
  train: 404,
  valid: 44,
  test: 198,
};
/** Draws of mistakes for a test question. */
const DRAWS = 20;
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
 * The questions of all splits, no two alike. After each treatment all colours
 * are right equally often, as far as there are questions; what the training
 * split tells of a test question without any fact, `evenQuestions` keeps at
 * chance. Each split is drawn when it is first needed.
 */
export function drawQuestions(
  chemistry: Chemistry,
): Readonly<Record<Split, () => readonly DrawnQuestion[]>> {
  const order = shuffled(seededRandom("gpqa-twin", "order"), KINDS);
  const ofSplit = (split: Split): Experiment[] =>
    order.filter((kind) => splitOf(HELD_OUT, [signatureOf(kind)]) === split);
  const takeTurns = (split: "train" | "valid"): DrawnQuestion[] => {
    const drawn = ofSplit(split)
      .map((kind) => drawQuestion(randomOf(kind), kind, chemistry))
      .filter((question) => question !== undefined);
    const groups = Object.values(
      Object.groupBy(drawn, (question) => groupOf(question, chemistry)),
    ).map((group) => group ?? []);
    const most = Math.max(...groups.map(({ length }) => length));
    return Array.from(
      { length: most },
      (_, turn) => groups.flatMap((group) => group.slice(turn, turn + 1)),
    ).flat().slice(0, GPQA_SIZES[split]);
  };
  const train = once(() => takeTurns("train"));
  const seen = once(() =>
    train().map(({ experiment }) => ({
      ...experiment,
      colour: workExperiment(experiment, chemistry).colour,
    }))
  );
  return {
    train,
    valid: once(() => takeTurns("valid")),
    test: once(() => evenQuestions(ofSplit("test"), seen(), chemistry)),
  };
}

function randomOf(kind: Experiment): Random {
  return seededRandom("gpqa-twin", signatureOf(kind));
}

function groupOf(
  { experiment }: Pick<DrawnQuestion, "experiment">,
  chemistry: Chemistry,
): string {
  const { colour } = workExperiment(experiment, chemistry);
  return [...experiment.treatments, colour].join(" ");
}

/** A question that may be of the test split. */
interface Candidate {
  readonly kind: Experiment;
  readonly question: DrawnQuestion;
  /** Its treatment and right colour. */
  readonly group: string;
  /**
   * For each way to count colours in training answers, the places that the right
   * one may have if options stand in the order of these counts; several if it is
   * counted as often as others.
   */
  readonly places: readonly (readonly string[])[];
}

/**
 * Test questions of which training answers tell nothing without a fact: no
 * option is a colour of the same pair, and by both counts of `relatedColours`
 * the right one has every place equally often, as far as there are questions.
 */
function evenQuestions(
  kinds: readonly Experiment[],
  seen: readonly SeenExperiment[],
  chemistry: Chemistry,
): DrawnQuestion[] {
  let left = kinds.flatMap((kind) => drawCandidates(kind, seen, chemistry));
  const counts = new Map<string, number>();
  const countOf = (key: string): number => counts.get(key) ?? 0;
  // How common its places and its group are among the chosen.
  const costOf = ({ places, group }: Candidate): number =>
    places.map((some) =>
      some.reduce((sum, place) => sum + countOf(place), 0) / some.length
    ).reduce((sum, cost) => sum + cost, countOf(group));
  const chosen: DrawnQuestion[] = [];
  while (chosen.length < GPQA_SIZES.test && left.length > 0) {
    const costs = left.map(costOf);
    const next = left[costs.indexOf(Math.min(...costs))];
    chosen.push(next.question);
    counts.set(next.group, countOf(next.group) + 1);
    for (const some of next.places) {
      for (const place of some) {
        counts.set(place, countOf(place) + 1 / some.length);
      }
    }
    left = left.filter(({ kind }) => kind !== next.kind);
  }
  return shuffled(seededRandom("gpqa-twin", "test"), chosen);
}

/** Questions of a kind, one for all places that its right colour may have. */
function drawCandidates(
  kind: Experiment,
  seen: readonly SeenExperiment[],
  chemistry: Chemistry,
): Candidate[] {
  const random = randomOf(kind);
  const experiment = { ...kind, compounds: shuffled(random, kind.compounds) };
  const { colour } = workExperiment(experiment, chemistry);
  const mistaken = new Set(
    Array.from(
      { length: DRAWS },
      () => mistakenColours(random, experiment, chemistry),
    ).flat(),
  );
  const taken = takenColours(seen, kind);
  const wrong = shuffled(random, COLOURS)
    .filter((each) => each !== colour && !taken.has(each));
  const alike = relatedColours(seen, kind, "alike");
  const otherwise = relatedColours(seen, kind, "otherwise");
  const group = groupOf({ experiment }, chemistry);
  const drawn = new Map<string, Candidate>();
  for (const distractors of triplesOf(wrong)) {
    const mistakes = distractors.filter((each) => mistaken.has(each));
    if (mistakes.length < LEAST_MISTAKES) continue;
    const places = [
      placesOf("alike", colour, distractors, (each) => alike.get(each) ?? 0),
      placesOf(
        "otherwise",
        colour,
        distractors,
        (each) => -(otherwise.get(each) ?? 0),
      ),
    ];
    const key = JSON.stringify(places);
    const question = { experiment, distractors };
    if (!drawn.has(key)) drawn.set(key, { kind, question, group, places });
  }
  return [...drawn.values()];
}

/** The places that a colour may have among others, the highest scores first. */
function placesOf(
  name: string,
  colour: string,
  others: readonly string[],
  scoreOf: (colour: string) => number,
): string[] {
  const scores = others.map(scoreOf);
  const first = scores.filter((score) => score > scoreOf(colour)).length;
  const last = scores.filter((score) => score >= scoreOf(colour)).length;
  return Array.from(
    { length: last - first + 1 },
    (_, i) => `${name} ${first + i}`,
  );
}

/** All ways to take three. */
function triplesOf<T>(items: readonly T[]): T[][] {
  return items.flatMap((a, i) =>
    items.slice(i + 1).flatMap((b, j) =>
      items.slice(i + j + 2).map((c) => [a, b, c])
    )
  );
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
