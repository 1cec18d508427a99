/** The facts of stories as sentences, told and read. */
import {
  type Effect,
  FACT_NAMES,
  type FactName,
  factText,
  type Glossary,
} from "./glossary.ts";
import { RATE_NAMES, type RateName, type Rates, rateText } from "./rates.ts";

/** The facts that stories may need; rates only those of AQuA's twin. */
export type StoryWorld = Glossary & Partial<Rates>;

/** Names of such facts. */
export type StoryFactName = FactName | RateName;

/** A fact as notes and worked answers state it. */
export function storyFactText(world: StoryWorld, name: StoryFactName): string {
  return isRateName(name)
    ? rateText(world as Rates, name)
    : factText(world, name as FactName);
}

/** Every fact of a world, stated. */
export function storyFactTexts(world: StoryWorld): string[] {
  const names = world.makes === undefined
    ? FACT_NAMES
    : [...FACT_NAMES, ...RATE_NAMES];
  return names.map((name) => storyFactText(world, name));
}

const OPERATIONS = {
  "add": "add",
  "take away": "take",
  "multiply by": "multiply",
} as const;

const FACT = new RegExp(
  `^(?:An? (?<thing>[a-z]+) (?<kind>holds|costs|makes|leaves|lasts) ` +
    `(?<count>\\d+)(?: coins| an hour| percent| years)?` +
    `|To (?<verb>[a-z]+) is to (?<operation>${
      Object.keys(OPERATIONS).join("|")
    }) (?<amount>\\d+))\\.$`,
);

/** Whether a line states a fact, true or not. */
export function isStoryFact(line: string): boolean {
  return FACT.test(line);
}

/** The facts that a text states, and nothing besides. */
export function readStoryFacts(text: string): StoryWorld {
  const world = {
    holds: {} as Record<string, number>,
    costs: {} as Record<string, number>,
    makes: {} as Record<string, number>,
    leaves: {} as Record<string, number>,
    lasts: {} as Record<string, number>,
  };
  const effects: Record<string, Effect> = {};
  for (const sentence of text.match(/[A-Z][^.:]*\./g) ?? []) {
    const fact = FACT.exec(sentence)?.groups;
    if (fact === undefined) continue;
    const { thing, kind, count, verb, operation, amount } = fact;
    if (verb === undefined) {
      world[kind as keyof typeof world][thing] = Number(count);
    } else {
      effects[verb] = {
        operation: OPERATIONS[operation as keyof typeof OPERATIONS],
        amount: Number(amount),
      };
    }
  }
  const { costs: prices, ...others } = world;
  return { ...others, prices, effects } as StoryWorld;
}

function isRateName(name: StoryFactName): name is RateName {
  return RATE_NAMES.some((each) => each === name);
}
