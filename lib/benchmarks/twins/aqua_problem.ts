/**
 * Problems of the AQuA twin: two operations on a number of things or on an age,
 * up to three computations, and five options.
 */
import { type Random, randomChoice, shuffled } from "../../random.ts";
import type { Glossary } from "./glossary.ts";
import { ITEMS, NAMES } from "./lexicon.ts";
import type { Options } from "./option_list.ts";
import type { Rates } from "./rates.ts";
import type { Story } from "./story.ts";
import {
  bigrams,
  drawChain,
  isUnambiguous,
  MOVES,
  type Operation,
} from "./story_draw.ts";
import {
  answerSibling,
  believeFalsely,
  planWrongly,
  slip,
} from "./story_faults.ts";
import type { Working } from "./working.ts";

/** The world of the AQuA twin: that of GSM8K's, and rates. */
export type AquaWorld = Glossary & Rates;

/** What can happen to things and to ages; the rest go on to another person. */
export const AQUA_OPERATIONS = {
  things: [
    "buy",
    "make",
    "do",
    "toll",
    "sell",
    "give",
    "more",
    "fewer",
    "times",
    "half",
  ],
  ages: ["wait", "more", "fewer", "times", "half"],
} as const satisfies Record<string, readonly Operation[]>;

const NEEDS_FACT: readonly Operation[] = [
  "buy",
  "make",
  "do",
  "toll",
  "sell",
  "wait",
];
/** Operations of two computations. */
const TAKES_TWO: readonly Operation[] = ["buy", "make", "wait"];
/** Computations in an answer, at most. */
const MOST_STEPS = 3;
/** Draws of numbers for a kind of problem, at most. */
const ATTEMPTS = 100;
/** Share of problems about ages, and of questions about two people. */
const AGE_SHARE = 0.25;
const TOGETHER_SHARE = 0.4;

/** What makes two problems alike in kind. */
export interface AquaSignature {
  /** What it is about. */
  readonly topic: keyof typeof AQUA_OPERATIONS;
  /** The chain. */
  readonly operations: readonly Operation[];
  /** Whose number is asked for. */
  readonly question: "one" | "together";
}

/** A problem before it is a task. */
export interface DrawnAqua {
  /** What happens. */
  readonly story: Story;
  /** Its kind. */
  readonly signature: AquaSignature;
  /** The options. */
  readonly options: Options;
}

/** What options are made of. */
export interface OptionsDraw {
  /** The right number. */
  readonly gold: number;
  /** How many options are smaller. */
  readonly place: number;
  /** The sum of what is told. */
  readonly told: number;
  /** What mistakes give, the first kinds first. */
  readonly mistakes: readonly number[];
}

/** Settings of a draw. */
export interface AquaDrawOptions {
  /** The facts. */
  readonly world: AquaWorld;
  /** A world of random facts, for options that are wrong. */
  drawWorld(random: Random): AquaWorld;
  /** Operations in the chain, each as likely. */
  readonly lengths: readonly number[];
  /** How many options are smaller than the right one. */
  readonly place: number;
  /** The options of a problem; undefined if these numbers have none. */
  drawOptions(random: Random, draw: OptionsDraw): Options | undefined;
  /** Which kinds are allowed. */
  accepts(signature: AquaSignature): boolean;
}

/** Pairs of operations that follow one another, with their topic. */
export function topicBigrams(
  { topic, operations }: Pick<AquaSignature, "topic" | "operations">,
): string[] {
  return bigrams(operations).map((pair) => `${topic} ${pair}`);
}

/** Whether a chain needs a fact, and a sale is only its end. */
export function isChain(operations: readonly Operation[]): boolean {
  const sale = operations.indexOf("sell");
  return (sale < 0 || sale === operations.length - 1) &&
    operations.some((operation) => NEEDS_FACT.includes(operation));
}

/** Draws until a problem is of an allowed kind and not ambiguous. */
export function drawAqua(random: Random, options: AquaDrawOptions): DrawnAqua {
  for (;;) {
    const problem = tryProblem(random, options);
    if (problem !== undefined) return problem;
  }
}

function tryProblem(
  random: Random,
  { lengths, accepts, ...options }: AquaDrawOptions,
): DrawnAqua | undefined {
  const topic = random() < AGE_SHARE ? "ages" : "things";
  const operations = Array.from(
    { length: randomChoice(random, lengths) },
    () => randomChoice<Operation>(random, AQUA_OPERATIONS[topic]),
  );
  if (!isChain(operations)) return undefined;
  const hasOther = operations.some((operation) => MOVES.includes(operation));
  const isSale = operations.at(-1) === "sell";
  const question = hasOther && !isSale && random() < TOGETHER_SHARE
    ? "together"
    : "one";
  const signature: AquaSignature = { topic, operations, question };
  const steps = operations.length + (question === "together" ? 1 : 0) +
    operations.filter((operation) => TAKES_TWO.includes(operation)).length;
  if (steps > MOST_STEPS || !accepts(signature)) return undefined;
  // Again and again, so that kinds whose numbers seldom fit are not rare.
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const drawn = tryNumbers(random, signature, options);
    if (drawn !== undefined) return drawn;
  }
}

function tryNumbers(
  random: Random,
  signature: AquaSignature,
  { world, drawWorld, drawOptions, place }: Omit<
    AquaDrawOptions,
    "lengths" | "accepts"
  >,
): DrawnAqua | undefined {
  const { topic, operations, question } = signature;
  const unit = topic === "ages" ? "year" : randomChoice(random, ITEMS);
  const people = shuffled(random, NAMES);
  const chain = drawChain(random, operations, { world, unit, people });
  if (chain === undefined) return undefined;
  const { events, working } = chain;
  const last = working.people.at(-1)!;
  const asked = question === "one" ? [last] : [people[0], last];
  if (question === "together") working.addUp(asked);
  if (!working.isInRange || !isUnambiguous(events, working)) return undefined;
  const asksCoins = operations.at(-1) === "sell";
  const story: Story = { unit, events, asked, asksCoins };
  const options = drawOptions(random, {
    gold: working.value,
    place,
    told: events.reduce((sum, { count = 0 }) => sum + count, 0),
    mistakes: drawMistakes(random, { story, world, drawWorld }),
  });
  return options === undefined ? undefined : { story, signature, options };
}

/** Results of mistakes, of every kind one, then of every kind another. */
function drawMistakes(
  random: Random,
  faulted: Parameters<typeof slip>[1],
): number[] {
  const faults = shuffled(random, [
    answerSibling,
    believeFalsely,
    planWrongly,
    slip,
  ]);
  return [0, 1].flatMap(() =>
    faults.map((fault) => fault(random, faulted))
      .filter((working): working is Working => working?.isInRange ?? false)
      .map(({ value }) => value)
  );
}
