/** Drills of single skills, for the pre-training of the mini reasoners. */
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import { drawGlossary, FACT_KINDS, factText } from "./glossary.ts";
import { ITEMS, NAMES, plural } from "./lexicon.ts";
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
