/** Draws stories: a chain of operations on a number of things or of years. */
import { type Random, randomChoice, randomInt } from "../../random.ts";
import {
  CONTAINERS,
  FAIRS,
  type ItemName,
  MACHINES,
  type Name,
  SPANS,
  VERBS,
} from "./lexicon.ts";
import { type EventKind, type StoryEvent, WORDS } from "./story.ts";
import type { StoryWorld } from "./story_facts.ts";
import { Working } from "./working.ts";

/** What may happen in a chain. */
export type Operation = Exclude<EventKind, "has" | "aside" | "also">;

/** Operations that go on to another person. */
export const MOVES: readonly Operation[] = ["more", "fewer", "times", "half"];

/** Pairs of operations that follow one another, as `buy>more`. */
export function bigrams(operations: readonly Operation[]): string[] {
  return operations.slice(1).map((next, i) => `${operations[i]}>${next}`);
}

/** What a chain is about. */
export interface ChainOptions {
  /** The facts. */
  readonly world: StoryWorld;
  /** What is counted. */
  readonly unit: ItemName | "year";
  /** People, in the order in which they come in. */
  readonly people: readonly Name[];
}

/** A chain with its working; undefined where a number leaves its range. */
export function drawChain(
  random: Random,
  operations: readonly Operation[],
  { world, unit, people }: ChainOptions,
): { events: StoryEvent[]; working: Working } | undefined {
  const working = new Working(world, unit);
  const events: StoryEvent[] = [];
  const happen = (event: StoryEvent): boolean => {
    events.push(event);
    working.apply(event);
    return working.isInRange;
  };
  happen({ kind: "has", who: people[0], count: draw(random, 2, 30) });
  for (const operation of operations) {
    const last = working.people.at(-1)!;
    const next = people[working.people.length];
    if (!happen(drawEvent(random, operation, last, next))) return undefined;
  }
  return { events, working };
}

function drawEvent(
  random: Random,
  kind: Operation,
  who: Name,
  next: Name,
): StoryEvent {
  switch (kind) {
    case "buy": {
      const thing = randomChoice(random, CONTAINERS);
      const count = draw(random, 2, 9);
      return { kind, who, count, thing, word: randomChoice(random, WORDS.buy) };
    }
    case "make": {
      const thing = randomChoice(random, MACHINES);
      return { kind, who, count: draw(random, 2, 9), thing };
    }
    case "wait": {
      const thing = randomChoice(random, SPANS);
      return { kind, who, count: draw(random, 2, 9), thing };
    }
    case "toll":
      return { kind, who, thing: randomChoice(random, FAIRS) };
    case "do":
      return { kind, who, thing: randomChoice(random, VERBS) };
    case "sell":
      return { kind, who };
    case "give": {
      const count = draw(random, 2, 20);
      return { kind, who, count, word: randomChoice(random, WORDS.give) };
    }
    case "more":
    case "fewer":
      return { kind, who: next, count: draw(random, 2, 20), than: who };
    case "times":
      return { kind, who: next, count: draw(random, 2, 4), than: who };
    case "half":
      return { kind, who: next, than: who };
  }
}

function draw(random: Random, least: number, most: number): number {
  return least + randomInt(random, most - least + 1);
}

/** Whether no other number of the problem, told or worked out, is the gold. */
export function isUnambiguous(
  events: readonly StoryEvent[],
  { value, values }: Working,
): boolean {
  const told = events.map(({ count }) => count);
  return ![...told, ...values.slice(0, -1)].includes(value);
}
