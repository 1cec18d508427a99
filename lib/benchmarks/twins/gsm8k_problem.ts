/**
 * Problems of the GSM8K twin: a chain of operations on a number of things, up
 * to four computations, some of which need a fact of the glossary.
 *
 * Written in GSM8K's own format: the worked answer computes every step as
 * `a+b=<<a+b=c>>c`, states each fact before it is used, and ends in
 * `#### gold`. Numbers stay within 0 to 99.
 */
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import { type FactName, factText, type Glossary } from "./glossary.ts";
import {
  CONTAINERS,
  type ItemName,
  ITEMS,
  type Name,
  NAMES,
  plural,
  VERBS,
} from "./lexicon.ts";

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
] as const;

/** One of `OPERATIONS`. */
export type Operation = typeof OPERATIONS[number];

const NEEDS_FACT: readonly Operation[] = ["buy", "do", "sell"];
const LARGEST = 99;
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

/** A problem with everything that analysis needs. */
export interface Problem {
  /** As in GSM8K. */
  readonly question: string;
  /** As in GSM8K. */
  readonly answer: string;
  /** The number asked for. */
  readonly gold: number;
  /** Facts that the answer needs, in the order of their use. */
  readonly facts: readonly FactName[];
  /** Kind. */
  readonly signature: Signature;
  /** Numbers written in the question, in order. */
  readonly given: readonly number[];
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

/** Pairs of operations that follow one another, as `buy>more`. */
export function bigrams({ operations }: Signature): string[] {
  return operations.slice(1).map((next, i) => `${operations[i]}>${next}`);
}

/** Computations in the answer: a purchase takes two. */
function steps({ operations, question }: Signature): number {
  const purchases = operations.filter((operation) => operation === "buy");
  return operations.length + purchases.length +
    (question === "together" ? 1 : 0);
}

/** Draws until a problem is of an allowed kind and not ambiguous. */
export function drawProblem(random: Random, options: DrawOptions): Problem {
  for (;;) {
    const problem = tryProblem(random, options);
    if (problem !== undefined) return problem;
  }
}

function tryProblem(
  random: Random,
  { glossary, lengths, accepts }: DrawOptions,
): Problem | undefined {
  const operations = drawOperations(random, randomChoice(random, lengths));
  const people = shuffled(random, NAMES);
  const hasOther = operations.some((operation) => movesOn(operation));
  const isSale = operations.at(-1) === "sell";
  const question = hasOther && !isSale && random() < 0.4 ? "together" : "one";
  const distractor = random() >= DISTRACTOR_SHARE
    ? "none"
    : randomChoice(random, ["age", "other"] as const);
  const signature: Signature = { operations, question, distractor };
  if (steps(signature) > MOST_STEPS || !accepts(signature)) return undefined;

  const [item, otherItem] = shuffled(random, ITEMS);
  const chain = new Chain(random, glossary, people, item);
  for (const operation of operations) {
    if (!chain.apply(operation)) return undefined;
  }
  if (question === "together" && !chain.addUp()) return undefined;
  if (!chain.isUnambiguous()) return undefined;

  const sentences = [...chain.sentences];
  const given = [...chain.given];
  if (distractor !== "none") {
    const n = 2 + randomInt(random, 38);
    if (chain.values.includes(n)) return undefined;
    const text = distractor === "age"
      ? `${people.at(-1)} is ${n} years old.`
      : `${people[0]} also has ${n} ${plural(otherItem)}.`;
    // Right after the first sentence, so that no later one is torn apart.
    sentences.splice(1, 0, text);
    given.splice(1, 0, n);
  }
  return {
    question: [...sentences, chain.question(question)].join(" "),
    answer: `${chain.lines.join("\n")}\n#### ${chain.value}`,
    gold: chain.value,
    facts: chain.facts,
    signature,
    given,
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

function movesOn(operation: Operation): boolean {
  return ["more", "fewer", "times", "half"].includes(operation);
}

/** A chain while it is told: the number, the sentences, the worked lines. */
class Chain {
  readonly sentences: string[] = [];
  readonly lines: string[] = [];
  readonly facts: FactName[] = [];
  /** Numbers of the question. */
  readonly given: number[] = [];
  /** Every number that a person, a container or a sale had on the way. */
  readonly values: number[] = [];
  value: number;

  readonly #random: Random;
  readonly #glossary: Glossary;
  readonly #people: readonly Name[];
  readonly #item: ItemName;
  /** What each person has, in the order of their appearance. */
  readonly #owned: [Name, number][] = [];
  #isSold = false;

  constructor(
    random: Random,
    glossary: Glossary,
    people: readonly Name[],
    item: ItemName,
  ) {
    this.#random = random;
    this.#glossary = glossary;
    this.#people = people;
    this.#item = item;
    this.value = this.#draw(2, 30);
    this.given.push(this.value);
    this.values.push(this.value);
    this.#owned.push([people[0], this.value]);
    this.sentences.push(`${people[0]} has ${this.value} ${plural(item)}.`);
  }

  /** Whether the operation was possible within the range of numbers. */
  apply(operation: Operation): boolean {
    const who = this.#owned.at(-1)![0];
    const items = plural(this.#item);
    switch (operation) {
      case "buy": {
        const container = randomChoice(this.#random, CONTAINERS);
        const size = this.#glossary.holds[container];
        const count = this.#draw(2, 9);
        this.given.push(count);
        this.#state(container);
        const buys = randomChoice(this.#random, ["buys", "gets"]);
        this.sentences.push(
          `${who} ${buys} ${count} ${plural(container)} of ${items}.`,
        );
        const added = count * size;
        this.values.push(added);
        this.lines.push(
          `The ${plural(container)} hold ${equation(count, "*", size)}.`,
        );
        return this.#set(who, "+", added);
      }
      case "do": {
        const verb = randomChoice(this.#random, VERBS);
        const { operation: effect, amount } = this.#glossary.effects[verb];
        this.#state(verb);
        this.sentences.push(`${who} ${verb}s the ${items}.`);
        const sign = { add: "+", take: "-", multiply: "*" } as const;
        return this.#set(who, sign[effect], amount);
      }
      case "sell": {
        const price = this.#glossary.prices[this.#item];
        this.#state(this.#item);
        this.sentences.push(`${who} sells all the ${items}.`);
        this.#isSold = true;
        return this.#set(who, "*", price);
      }
      case "give": {
        const count = this.#draw(2, 20);
        this.given.push(count);
        const gives = randomChoice(this.#random, ["gives away", "loses"]);
        this.sentences.push(`${who} ${gives} ${count} ${items}.`);
        return this.#set(who, "-", count);
      }
      default:
        return this.#moveOn(operation, who);
    }
  }

  #moveOn(operation: Operation, who: Name): boolean {
    const next = this.#people[this.#owned.length];
    const items = plural(this.#item);
    if (operation === "half") {
      if (this.value % 2 !== 0) return false;
      this.sentences.push(`${next} has half as many ${items} as ${who}.`);
      return this.#set(next, "/", 2);
    }
    const isTimes = operation === "times";
    const count = isTimes ? this.#draw(2, 4) : this.#draw(2, 20);
    this.given.push(count);
    this.sentences.push(
      isTimes
        ? `${next} has ${count} times as many ${items} as ${who}.`
        : `${next} has ${count} ${operation} ${items} than ${who}.`,
    );
    const sign = isTimes ? "*" : operation === "more" ? "+" : "-";
    return this.#set(next, sign, count);
  }

  /** The last step of a question about two people. */
  addUp(): boolean {
    const [first, firstValue] = this.#owned[0];
    const [last, lastValue] = this.#owned.at(-1)!;
    const sum = firstValue + lastValue;
    if (sum > LARGEST) return false;
    this.lines.push(
      `${first} and ${last} have ${equation(firstValue, "+", lastValue)} ${
        plural(this.#item)
      }.`,
    );
    this.values.push(sum);
    this.value = sum;
    return true;
  }

  /** Whether no other number of the problem equals the gold. */
  isUnambiguous(): boolean {
    return ![...this.values.slice(0, -1), ...this.given].includes(this.value);
  }

  question(kind: Signature["question"]): string {
    const items = plural(this.#item);
    const [last] = this.#owned.at(-1)!;
    if (this.#isSold) return `How many coins does ${last} get?`;
    return kind === "one"
      ? `How many ${items} does ${last} have?`
      : `How many ${items} do ${this.#owned[0][0]} and ${last} have together?`;
  }

  /** States a fact before it is used. */
  #state(name: FactName): void {
    this.facts.push(name);
    this.lines.push(factText(this.#glossary, name));
  }

  #set(who: Name, sign: "+" | "-" | "*" | "/", operand: number): boolean {
    const result = compute(this.value, sign, operand);
    if (result < 1 || result > LARGEST) return false;
    const verb = this.#isSold ? "gets" : "has";
    const unit = this.#isSold ? "coins" : plural(this.#item);
    this.lines.push(
      `${who} ${verb} ${equation(this.value, sign, operand)} ${unit}.`,
    );
    this.value = result;
    this.values.push(result);
    const owner = this.#owned.find(([name]) => name === who);
    if (owner === undefined) this.#owned.push([who, result]);
    else if (!this.#isSold) owner[1] = result;
    return true;
  }

  #draw(least: number, most: number): number {
    return least + randomInt(this.#random, most - least + 1);
  }
}

function compute(a: number, sign: "+" | "-" | "*" | "/", b: number): number {
  switch (sign) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
  }
}

/** `17+18=<<17+18=35>>35`, as GSM8K annotates its steps. */
function equation(a: number, sign: "+" | "-" | "*" | "/", b: number): string {
  const result = compute(a, sign, b);
  const step = `${a}${sign}${b}`;
  return `${step}=<<${step}=${result}>>${result}`;
}
