/**
 * Word problems as stories: what happens to a number of things or of years, as
 * data and as the sentences of a question.
 *
 * The twins of GSM8K and AQuA draw stories and tell them; `readStory` knows the
 * language alone, not how they are drawn, and so checks it.
 */
import {
  article,
  CONTAINERS,
  type ItemName,
  ITEMS,
  type Name,
  plural,
  SPANS,
  VERBS,
} from "./lexicon.ts";

/** What can happen; "aside" and "also" name a number that does not matter. */
export type EventKind = keyof typeof THINGS | keyof typeof YEARS;

/** Something that happens to what a person has. */
export interface StoryEvent {
  /** What happens. */
  readonly kind: EventKind;
  /** Whose things change, or who is told about. */
  readonly who: Name;
  /** The number that is told. */
  readonly count?: number;
  /** The container, verb, machine, fair, span or other item. */
  readonly thing?: string;
  /** Whom `who` is compared with. */
  readonly than?: Name;
  /** The verb, where there are two that mean the same. */
  readonly word?: string;
}

/** A word problem. */
export interface Story {
  /** What is counted. */
  readonly unit: ItemName | "year";
  /** In order. */
  readonly events: readonly StoryEvent[];
  /** Whose number is asked for; of two people, their sum. */
  readonly asked: readonly Name[];
  /** Whether coins of a sale are asked for, not things. */
  readonly asksCoins: boolean;
}

/** Sentences about things. */
const THINGS = {
  has: "{who} has {count} {units}.",
  aside: "{who} is {count} years old.",
  also: "{who} also has {count} {things}.",
  buy: "{who} {word} {count} {things} of {units}.",
  make: "{who} runs {a} {thing} for {count} hours.",
  toll: "{who} takes the {units} to {a} {thing}.",
  do: "{who} {thing}s the {units}.",
  give: "{who} {word} {count} {units}.",
  sell: "{who} sells all the {units}.",
  more: "{who} has {count} more {units} than {than}.",
  fewer: "{who} has {count} fewer {units} than {than}.",
  times: "{who} has {count} times as many {units} as {than}.",
  half: "{who} has half as many {units} as {than}.",
} as const;

/** Sentences about ages. */
const YEARS = {
  has: "{who} is {count} years old.",
  wait: "{who} waits {count} {things}.",
  more: "{who} is {count} years older than {than}.",
  fewer: "{who} is {count} years younger than {than}.",
  times: "{who} is {count} times as old as {than}.",
  half: "{who} is half as old as {than}.",
} as const;

const QUESTIONS = {
  one: "How many {units} does {who} have?",
  together: "How many {units} do {who} and {than} have together?",
  coins: "How many coins does {who} get?",
  oneAge: "How old is {who}?",
  togetherAge: "How old are {who} and {than} together?",
} as const;

/** Verbs that mean the same. */
export const WORDS = {
  buy: ["buys", "gets"],
  give: ["gives away", "loses"],
} as const;

const SLOTS: Readonly<Record<string, string>> = {
  who: "[A-Z][a-z]+",
  than: "[A-Z][a-z]+",
  count: "[0-9]+",
  a: "an?",
  thing: "[a-z]+",
  things: "[a-z]+",
  units: "[a-z]+",
  word: Object.values(WORDS).flat().join("|"),
};

/** A story's text: its sentences, then the question. */
export function tellStory(story: Story): string {
  const { unit, events, asksCoins } = story;
  const sentences: Readonly<Record<string, string>> = unit === "year"
    ? YEARS
    : THINGS;
  const told = events.map((event) => tell(sentences[event.kind], event, unit));
  const [who, than] = story.asked;
  const kind = than === undefined ? "one" : "together";
  const question = unit === "year"
    ? QUESTIONS[`${kind}Age`]
    : QUESTIONS[asksCoins ? "coins" : kind];
  return [...told, tell(question, { who, than }, unit)].join(" ");
}

function tell(
  sentence: string,
  { who, count, thing = "", than, word }: Omit<StoryEvent, "kind">,
  unit: string,
): string {
  const slots: Readonly<Record<string, unknown>> = {
    who,
    than,
    count,
    word,
    thing,
    a: article(thing),
    things: plural(thing),
    units: plural(unit),
  };
  return sentence.replace(/\{(\w+)\}/g, (_, slot) => String(slots[slot]));
}

/**
 * The story that a question tells.
 *
 * @throws {SyntaxError} If a sentence is not of the twins' language.
 */
export function readStory(text: string): Story {
  const sentences = (text.match(/[^.?]+[.?]/g) ?? [])
    .map((sentence) => sentence.trim());
  const question = sentences.pop() ?? "";
  const asks = readOne(QUESTIONS, question);
  const isAge = asks?.kind.endsWith("Age") ?? false;
  const found = sentences.map((sentence) =>
    readOne<string>(isAge ? YEARS : THINGS, sentence)
  );
  if (asks === undefined || found.includes(undefined)) {
    throw new SyntaxError(
      `Cannot read a problem as its sentences must be of the twins' language: current value is ${
        JSON.stringify(text)
      }`,
    );
  }
  const events = found.map((each) => toEvent(each!));
  const { who, than } = asks.slots;
  const [first] = found.filter((each) => each!.kind === "has");
  return {
    unit: isAge ? "year" : singular(first!.slots.units) as ItemName,
    events,
    asked: [who, than].filter((name) => name !== undefined) as Name[],
    asksCoins: asks.kind === "coins",
  };
}

/** A sentence with its kind and what fills its slots. */
interface Found<Kind> {
  readonly kind: Kind;
  readonly slots: Readonly<Record<string, string>>;
}

function readOne<Kind extends string>(
  sentences: Readonly<Record<Kind, string>>,
  text: string,
): Found<Kind> | undefined {
  for (const [kind, sentence] of Object.entries<string>(sentences)) {
    const pattern = sentence.replace(/[.?]/g, "\\$&").replace(
      /\{(\w+)\}/g,
      (_, slot) => `(?<${slot}>${SLOTS[slot]})`,
    );
    const slots = new RegExp(`^${pattern}$`).exec(text)?.groups;
    if (slots === undefined) continue;
    // "Zoe mends the kites." is of the form of "do", but no verb of ours.
    if (kind === "do" && !VERBS.some((verb) => verb === slots.thing)) continue;
    return { kind: kind as Kind, slots };
  }
}

function toEvent({ kind, slots }: Found<string>): StoryEvent {
  const { who, count, thing, things, than, word } = slots;
  return {
    kind: kind as EventKind,
    who: who as Name,
    ...(count !== undefined && { count: Number(count) }),
    ...(things !== undefined && { thing: singular(things) }),
    ...(thing !== undefined && { thing }),
    ...(than !== undefined && { than: than as Name }),
    ...(word !== undefined && { word }),
  };
}

function singular(text: string): string {
  return [...ITEMS, ...CONTAINERS, ...SPANS]
    .find((word) => plural(word) === text) ?? text;
}
