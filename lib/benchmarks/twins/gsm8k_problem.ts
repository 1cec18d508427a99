/**
 * Problems of the GSM8K twin: a chain of operations on a number of things, up
 * to four computations, some of which need a fact of the glossary.
 *
 * The worked answer computes every step as `a+b=<<a+b=c>>c`, as GSM8K does,
 * and states each fact before it is used. Numbers stay within 1 to 99.
 */
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import type { Glossary } from "./glossary.ts";
import { ITEMS, NAMES } from "./lexicon.ts";
import { type Story, tellStory } from "./story.ts";
import {
  drawChain,
  isUnambiguous,
  MOVES,
  type Operation,
} from "./story_draw.ts";
import type { StoryFactName } from "./story_facts.ts";

/**
 * What can happen. `buy`, `do` and `sell` need a fact; `sell` ends a chain;
 * `more`, `fewer`, `times` and `half` go on to another person.
 */
export const OPERATIONS = [
  "buy",
  "do",
  "sell",
  "give",
  "more",
  "fewer",
  "times",
  "half",
] as const satisfies readonly Operation[];

const NEEDS_FACT: readonly Operation[] = ["buy", "do", "sell"];
/** Computations in an answer, at most. */
const MOST_STEPS = 4;
/** Share of problems with a number that has nothing to do with the question. */
const DISTRACTOR_SHARE = 0.4;

/** What makes two problems alike in kind. */
export interface Signature {
  /** The chain. */
  readonly operations: readonly Operation[];
  /** Whose things are asked for. */
  readonly question: "one" | "together";
  /** Kind of the number that does not matter. */
  readonly distractor: "none" | "age" | "other";
}

/** A problem before it is a task. */
export interface DrawnProblem {
  /** What happens. */
  readonly story: Story;
  /** Its text. */
  readonly question: string;
  /** The worked answer, without the box. */
  readonly work: string;
  /** The number asked for. */
  readonly value: number;
  /** Facts that the answer needs, in the order of their use. */
  readonly facts: readonly StoryFactName[];
  /** Kind. */
  readonly signature: Signature;
}

/** Settings of a draw. */
export interface DrawOptions {
  /** The facts. */
  readonly glossary: Glossary;
  /** Operations in the chain, each as likely. */
  readonly lengths: readonly number[];
  /** Which kinds are allowed. */
  readonly accepts: (signature: Signature) => boolean;
}

/** Computations in the answer: a purchase takes two. */
function steps({ operations, question }: Signature): number {
  const purchases = operations.filter((operation) => operation === "buy");
  return operations.length + purchases.length +
    (question === "together" ? 1 : 0);
}

/** Draws until a problem is of an allowed kind and not ambiguous. */
export function drawProblem(
  random: Random,
  options: DrawOptions,
): DrawnProblem {
  for (;;) {
    const problem = tryProblem(random, options);
    if (problem !== undefined) return problem;
  }
}

function tryProblem(
  random: Random,
  { glossary, lengths, accepts }: DrawOptions,
): DrawnProblem | undefined {
  const operations = drawOperations(random, randomChoice(random, lengths));
  const people = shuffled(random, NAMES);
  const hasOther = operations.some((operation) => MOVES.includes(operation));
  const isSale = operations.at(-1) === "sell";
  const question = hasOther && !isSale && random() < 0.4 ? "together" : "one";
  const distractor = random() >= DISTRACTOR_SHARE
    ? "none"
    : randomChoice(random, ["age", "other"] as const);
  const signature: Signature = { operations, question, distractor };
  if (steps(signature) > MOST_STEPS || !accepts(signature)) return undefined;

  const [unit, otherItem] = shuffled(random, ITEMS);
  const options = { world: glossary, unit, people };
  const chain = drawChain(random, operations, options);
  if (chain === undefined) return undefined;
  const { events, working } = chain;
  const last = working.people.at(-1)!;
  const asked = question === "one" ? [last] : [people[0], last];
  if (question === "together") working.addUp(asked);
  if (!working.isInRange || !isUnambiguous(events, working)) return undefined;

  if (distractor !== "none") {
    const count = 2 + randomInt(random, 38);
    if (working.values.includes(count)) return undefined;
    // Right after the first sentence, so that no later one is torn apart.
    const event = distractor === "age"
      ? { kind: "aside", who: people.at(-1)!, count } as const
      : { kind: "also", who: people[0], count, thing: otherItem } as const;
    events.splice(1, 0, event);
  }
  const story: Story = { unit, events, asked, asksCoins: isSale };
  return {
    story,
    question: tellStory(story),
    work: working.lines.join("\n"),
    value: working.value,
    facts: working.facts,
    signature,
  };
}

/** A chain with at least one fact, and a sale only at its end. */
function drawOperations(random: Random, length: number): Operation[] {
  const inner = OPERATIONS.filter((operation) => operation !== "sell");
  for (;;) {
    const operations = Array.from(
      { length },
      (_, i) => randomChoice(random, i === length - 1 ? OPERATIONS : inner),
    );
    if (operations.some((operation) => NEEDS_FACT.includes(operation))) {
      return operations;
    }
  }
}
