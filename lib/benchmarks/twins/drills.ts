/** Drills of single skills, for the pre-training of the mini reasoners. */
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import { COLOURS } from "./chemistry.ts";
import { drawGlossary, FACT_KINDS, factText } from "./glossary.ts";
import { colourLines } from "./gpqa_policies.ts";
import { ITEMS, NAMES, plural } from "./lexicon.ts";
import { LETTERS, optionLines, type Options } from "./option_list.ts";
import { practiseAnswer } from "./practice.ts";
import { equationText } from "./trace.ts";
import type { Segments } from "./twin.ts";

/** Sums in one sample. */
const SUMS = 6;

/** A sum. */
export interface Sum {
  /** What is computed. */
  readonly text: string;
  /** What comes out. */
  readonly result: number;
}

/** Something to look up by its name. */
export interface Note {
  /** What is asked for. */
  readonly name: string;
  /** What is answered. */
  readonly text: string;
}

/** Notes of one kind, `count` of them, which only their names tell apart. */
export type NoteKind = (random: Random, count: number) => Note[];

/** What people have, and the kinds of facts of the glossary. */
export const GLOSSARY_NOTES: readonly NoteKind[] = [
  drawPeople,
  ...FACT_KINDS.map((names) =>
    noteKind(names, (random) => {
      const glossary = drawGlossary(random);
      return (name) => factText(glossary, name);
    })
  ),
];

/** Facts of one kind, in a world that is drawn anew. */
export function noteKind<Name extends string>(
  names: readonly Name[],
  drawTexts: (random: Random) => (name: Name) => string,
): NoteKind {
  return (random, count) => {
    const textOf = drawTexts(random);
    return shuffled(random, names).slice(0, count)
      .map((name) => ({ name, text: textOf(name) }));
  };
}

/** Sums as worked answers write them. */
export function drillSums(
  random: Random,
  draw: (random: Random) => Sum = drawSum,
): Segments {
  return drillSteps(random, (random) => {
    const { text, result } = draw(random);
    return { name: text, text: `${equationText(text, result)}.` };
  });
}

/** Several steps of one kind, each asked for and answered. */
export function drillSteps(
  random: Random,
  draw: (random: Random) => Note,
): Segments {
  const steps = Array.from({ length: SUMS }, () => draw(random));
  return practiseAnswer(
    `${steps.map(({ name }) => name).join(", ")}\n`,
    steps.map(({ text }) => text).join("\n"),
  );
}

/**
 * Notes, then their names in another order; the notes of these names.
 *
 * @param most Notes, at most; at least two.
 * @param kinds What the notes are of; all are of one kind.
 */
export function drillLookUps(
  random: Random,
  most: number,
  kinds: readonly NoteKind[],
): Segments {
  const notes = randomChoice(random, kinds)(
    random,
    2 + randomInt(random, most - 1),
  );
  const asked = shuffled(random, notes);
  const told = notes.map(({ text }) => text).join(" ");
  const names = asked.map(({ name }) => name).join(", ");
  return practiseAnswer(
    `Notes: ${told}\nQuestion: ${names}?\n`,
    asked.map(({ text }) => text).join("\n"),
  );
}

/**
 * Options as GPQA and AQuA list them, then their values in another order; the
 * letters of these values. Both benchmarks ask for one letter only, which is too
 * seldom for a small model to find out how it is looked up.
 */
export function drillLetters(random: Random): Segments {
  const { options, lines } = randomChoice(random, [
    drawColourOptions,
    drawNumberOptions,
  ])(random);
  const asked = shuffled(random, Object.entries(options));
  const values = asked.map(([, value]) => value).join(", ");
  return practiseAnswer(
    `Question: ${values}?\n${lines.join("\n")}\n`,
    asked.map(([letter, value]) => `${value} is option ${letter}.`).join("\n"),
  );
}

/** Options, and the lines that list them. */
interface OptionList {
  readonly options: Options;
  readonly lines: readonly string[];
}

function drawColourOptions(random: Random): OptionList {
  const count = 2 + randomInt(random, 3);
  const options = withLetters(shuffled(random, COLOURS).slice(0, count));
  return { options, lines: colourLines(options) };
}

function drawNumberOptions(random: Random): OptionList {
  const count = 2 + randomInt(random, 4);
  const numbers = shuffled(random, Array.from({ length: 99 }, (_, i) => i + 1))
    .slice(0, count).sort((a, b) => a - b);
  const options = withLetters(numbers.map(String));
  return { options, lines: optionLines(options) };
}

function withLetters(values: readonly string[]): Options {
  return Object.fromEntries(values.map((value, i) => [LETTERS[i], value]));
}

function drawPeople(random: Random, count: number): Note[] {
  return shuffled(random, NAMES).slice(0, count).map((name) => {
    const amount = 2 + randomInt(random, 98);
    const item = plural(randomChoice(random, ITEMS));
    return { name, text: `${name} has ${amount} ${item}.` };
  });
}

/** A sum within 1 to 99, its kinds and operands as in the problems. */
function drawSum(random: Random): Sum {
  for (;;) {
    const a = 1 + randomInt(random, 98);
    const sign = randomChoice(random, ["+", "-", "*", "/"] as const);
    const b = sign === "/"
      ? 2
      : sign === "*"
      ? 2 + randomInt(random, 8)
      : 2 + randomInt(random, 70);
    const result = { "+": a + b, "-": a - b, "*": a * b, "/": a / b }[sign];
    if (result >= 1 && result <= 99 && Number.isInteger(result)) {
      return { text: `${a}${sign}${b}`, result };
    }
  }
}
