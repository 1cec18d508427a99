/** Options A to E of numbers, and the line that chooses one. */
import {
  type Random,
  randomInt,
  seededRandom,
  shuffled,
} from "../../random.ts";
import { practiseAnswer } from "./practice.ts";
import type { Segments } from "./twin.ts";

/** Values by their letters, in the order of the letters. */
export type Options = Readonly<Record<string, string>>;

/** The letters of options. */
export const LETTERS = ["A", "B", "C", "D", "E"] as const;

const LEAST = 1;
const LARGEST = 99;

/**
 * The place of the right option in problem number `index`: each place once in
 * five problems, so that no place tells anything.
 */
export function goldPlace(index: number, ...key: readonly string[]): number {
  const block = Math.floor(index / LETTERS.length);
  const order = shuffled(seededRandom(...key, "places", block), [
    0,
    1,
    2,
    3,
    4,
  ]);
  return order[index % LETTERS.length];
}

/**
 * Numbers in ascending order, the right one among them.
 *
 * @param below How many are smaller than the right one.
 * @param errors What mistakes give, the most telling first; used where there is
 * room, else numbers near the right one.
 * @returns Undefined if there are too few numbers on a side.
 */
export function drawNumberOptions(
  random: Random,
  gold: number,
  below: number,
  errors: readonly number[],
): Options | undefined {
  const above = LETTERS.length - 1 - below;
  if (gold - below < LEAST || gold + above > LARGEST) return undefined;
  const near = shuffled(random, Array.from({ length: 16 }, (_, i) => i - 8));
  const further = near.map((by) => gold + by);
  const last = Array.from({ length: LETTERS.length }, (_, i) => i + 1)
    .flatMap((by) => [gold - by, gold + by]);
  const usable = [...new Set([...errors, ...further, ...last])]
    .filter((value) => value >= LEAST && value <= LARGEST);
  const values = [
    ...usable.filter((value) => value < gold).slice(0, below),
    gold,
    ...usable.filter((value) => value > gold).slice(0, above),
  ].sort((a, b) => a - b);
  return Object.fromEntries(values.map((value, i) => [LETTERS[i], `${value}`]));
}

/**
 * Numbers in ascending order, as far apart as what mistakes give, the right one
 * at any place: these distances tell nothing of it. Where only the right one is
 * what mistakes are near, it is the one with the nearest neighbours.
 *
 * @param below How many are smaller than the right one.
 * @param errors What mistakes give.
 * @returns Undefined if a number is not of the twin's range.
 */
export function drawEvenOptions(
  random: Random,
  gold: number,
  below: number,
  errors: readonly number[],
): Options | undefined {
  const near = shuffled(random, Array.from({ length: 16 }, (_, i) => i - 8));
  const distances = [
    ...new Set([...errors.map((value) => value - gold), ...near]),
  ]
    .filter((by) => by !== 0).slice(0, LETTERS.length - 1);
  const apart = [0, ...distances].sort((a, b) => a - b);
  const values = apart.map((by) => gold + by - apart[below]);
  return values[0] < LEAST || values.at(-1)! > LARGEST
    ? undefined
    : Object.fromEntries(values.map((value, i) => [LETTERS[i], `${value}`]));
}

/** Options as prompts list them, a line each. */
export function optionLines(options: Options): string[] {
  return Object.entries(options).map(([letter, value]) =>
    `${letter}) ${value}`
  );
}

/** Options as AQuA's files write them, without the space of prompts. */
export function optionTexts(options: Options): string[] {
  return Object.entries(options).map(([letter, value]) => `${letter})${value}`);
}

/** The options that a prompt lists. */
export function readOptionLines(prompt: string): Options {
  const lines = prompt.matchAll(/^([A-E])\) (.+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, letter, value]) => [
    letter,
    value,
  ]));
}

/** The letter of the option that is a number, or nearest to it. */
export function nearestOption(options: Options, value: number): string {
  const distance = (letter: string): number =>
    Math.abs(Number(options[letter]) - value);
  return Object.keys(options)
    .reduce((a, b) => distance(b) < distance(a) ? b : a);
}

/**
 * Reads options from the first on until one is the value, then says which it
 * was, such as "red is option C.": a small model finds a letter that it has just
 * read, not one that stands before a value further up.
 *
 * @param lines All options as the prompt lists them.
 * @param letter Of the option that is the value; undefined if none is.
 */
export function readOff(
  lines: readonly string[],
  value: string,
  letter: string | undefined,
): string {
  if (letter === undefined) return lines.join("\n");
  const chosen = lines.findIndex((line) => line.startsWith(letter));
  const read = lines.slice(0, chosen + 1);
  return [...read, `${value} is option ${letter}.`].join("\n");
}

/** Options, read until one is the number: it, or else the nearest of all. */
export function choiceText(options: Options, value: number): string {
  const lines = optionLines(options);
  const letter = nearestOption(options, value);
  return options[letter] === `${value}`
    ? readOff(lines, `${value}`, letter)
    : [...lines, `${value} is nearest option ${letter}.`].join("\n");
}

/** A number, and its option to be found. */
export function drillOptions(random: Random): Segments {
  for (;;) {
    const gold = LEAST + randomInt(random, LARGEST);
    const options = drawNumberOptions(
      random,
      gold,
      randomInt(random, LETTERS.length),
      [],
    );
    if (options === undefined) continue;
    return practiseAnswer(
      `Question: ${gold}?\n${optionLines(options).join("\n")}\n`,
      choiceText(options, gold),
    );
  }
}
