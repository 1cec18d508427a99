/** Works a story out, line by line, with the facts of a world. */
import type {
  Container,
  Fair,
  ItemName,
  Machine,
  Name,
  Span,
  Verb,
} from "./lexicon.ts";
import { plural } from "./lexicon.ts";
import { readStory, type Story, type StoryEvent } from "./story.ts";
import {
  type StoryFactName,
  storyFactText,
  type StoryWorld,
} from "./story_facts.ts";
import { equationText, type PlannedStep, type Source } from "./trace.ts";

/** Numbers of a problem are from 1 to this. */
export const LARGEST = 99;

/** A slip: the result of a step is wrong. */
export interface Slip {
  /** Number of the step. */
  readonly step: number;
  /** What is added to its result. */
  readonly by: number;
}

/** A number with its place of origin. */
interface Amount {
  readonly value: number;
  readonly source: Source;
}

const FROM_FACT: Source = { from: "fact" };
const FROM_QUESTION: Source = { from: "question" };

/** A story while it is worked out. */
export class Working {
  /** Facts and steps, in order. */
  readonly lines: string[] = [];
  /** The steps among them. */
  readonly steps: PlannedStep[] = [];
  /** Facts used, in order. */
  readonly facts: StoryFactName[] = [];
  /** Numbers that somebody had and results of steps, in order. */
  readonly values: number[] = [];
  /** The last of these. */
  value = 0;
  /** Whether all of them are whole and in range. */
  isInRange = true;

  readonly #world: StoryWorld;
  readonly #unit: ItemName | "year";
  readonly #slip?: Slip;
  #stated: string | undefined;
  readonly #owned = new Map<Name, Amount>();

  constructor(world: StoryWorld, unit: ItemName | "year", slip?: Slip) {
    this.#world = world;
    this.#unit = unit;
    this.#slip = slip;
  }

  /** People in the order of their appearance. */
  get people(): readonly Name[] {
    return [...this.#owned.keys()];
  }

  /** Works an event. */
  apply(event: StoryEvent): void {
    const { who, thing, than } = event;
    const { holds, effects, prices, makes, leaves, lasts } = this.#world;
    const count: Amount = { value: event.count ?? 2, source: FROM_QUESTION };
    const fact = (value: number): Amount => ({ value, source: FROM_FACT });
    const before = this.#owned.get(than ?? who)!;
    switch (event.kind) {
      case "has":
        this.value = count.value;
        this.values.push(count.value);
        this.#owned.set(who, count);
        return;
      case "buy": {
        this.#state(thing as Container);
        const added = this.#compute(
          (equation) => `The ${plural(thing!)} hold ${equation}.`,
          [count, fact(holds[thing as Container])],
          "*",
        );
        return this.#set(who, [before, added], "+");
      }
      case "make": {
        this.#state(thing as Machine);
        const added = this.#compute(
          (equation) => `The ${thing} makes ${equation}.`,
          [count, fact(makes![thing as Machine])],
          "*",
        );
        return this.#set(who, [before, added], "+");
      }
      case "wait": {
        this.#state(thing as Span);
        const added = this.#compute(
          (equation) => `The ${plural(thing!)} last ${equation}.`,
          [count, fact(lasts![thing as Span])],
          "*",
        );
        return this.#set(who, [before, added], "+");
      }
      case "toll": {
        const left = fact(leaves![thing as Fair]);
        this.#state(thing as Fair);
        return this.#set(who, [before, left, fact(100)], "*", "/");
      }
      case "do": {
        const { operation, amount } = effects[thing as Verb];
        this.#state(thing as Verb);
        const sign = { add: "+", take: "-", multiply: "*" }[operation];
        return this.#set(who, [before, fact(amount)], sign);
      }
      case "sell": {
        const price = prices[this.#unit as ItemName];
        this.#state(this.#unit as ItemName);
        this.#compute(
          (equation) => `${who} gets ${equation} coins.`,
          [before, fact(price)],
          "*",
        );
        return;
      }
      case "give":
      case "fewer":
        return this.#set(who, [before, count], "-");
      case "more":
        return this.#set(who, [before, count], "+");
      case "times":
        return this.#set(who, [before, count], "*");
      case "half":
        return this.#set(who, [before, count], "/");
      case "aside":
      case "also":
        return;
    }
  }

  /** The last step of a question about two people. */
  addUp([first, last]: readonly Name[]): void {
    this.#compute(
      (equation) => this.#ownText(`${first} and ${last}`, equation, "have"),
      [this.#owned.get(first)!, this.#owned.get(last)!],
      "+",
    );
  }

  /** States a fact before it is used. */
  #state(name: StoryFactName): void {
    this.facts.push(name);
    this.#stated = storyFactText(this.#world, name);
    this.lines.push(this.#stated);
  }

  #set(
    who: Name,
    operands: readonly Amount[],
    ...signs: readonly string[]
  ): void {
    const after = this.#compute(
      (equation) => this.#ownText(who, equation, "has"),
      operands,
      ...signs,
    );
    this.#owned.set(who, after);
  }

  #ownText(who: string, equation: string, verb: string): string {
    return this.#unit === "year"
      ? `${who} ${verb} ${equation} years.`
      : `${who} ${verb} ${equation} ${plural(this.#unit)}.`;
  }

  #compute(
    text: (equation: string) => string,
    operands: readonly Amount[],
    ...signs: readonly string[]
  ): Amount {
    const expression = operands
      .map(({ value }, i) => `${value}${signs[i] ?? ""}`).join("");
    const index = this.steps.length;
    const slip = this.#slip?.step === index ? this.#slip.by : 0;
    const value = compute(operands.map(({ value }) => value), signs) + slip;
    this.lines.push(text(equationText(expression, value)));
    this.steps.push({
      key: text(expression.replace(/\d+/g, "_")),
      operands: operands.map(({ value }) => `${value}`),
      value: `${value}`,
      fact: this.#stated,
      sources: operands.map(({ source }) => source),
    });
    this.#stated = undefined;
    this.values.push(value);
    this.value = value;
    this.isInRange &&= Number.isInteger(value) && value >= 1 &&
      value <= LARGEST;
    return { value, source: { from: "step", index } };
  }
}

/** Works a whole story. */
export function workStory(
  story: Story,
  world: StoryWorld,
  slip?: Slip,
): Working {
  const working = new Working(world, story.unit, slip);
  for (const event of story.events) working.apply(event);
  if (story.asked.length === 2) working.addUp(story.asked);
  return working;
}

/**
 * The number that a question asks for, under the given facts.
 *
 * @throws {SyntaxError} If a sentence is not of the twins' language.
 */
export function solve(question: string, world: StoryWorld): number {
  return workStory(readStory(question), world).value;
}

function compute(values: readonly number[], signs: readonly string[]): number {
  return values.slice(1).reduce((result, value, i) => {
    switch (signs[i]) {
      case "+":
        return result + value;
      case "-":
        return result - value;
      case "*":
        return result * value;
      default:
        return result / value;
    }
  }, values[0]);
}
