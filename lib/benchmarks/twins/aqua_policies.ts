/** Policies without a model, which bound what the AQuA twin's numbers mean. */
import { type Random, randomChoice } from "../../random.ts";
import { choiceAnswer } from "../choices.ts";
import type { AquaWorld } from "./aqua_problem.ts";
import { drawGlossary, worldGlossary } from "./glossary.ts";
import { mostFrequent } from "./gsm8k_policies.ts";
import {
  choiceText,
  LETTERS,
  nearestOption,
  readOptionLines,
} from "./option_list.ts";
import { drawRates, worldRates } from "./rates.ts";
import { once, promptOf } from "./single_turn.ts";
import {
  type AnswerForm,
  notedWorld,
  type StoryProblem,
  storySolver,
} from "./story_twin.ts";
import type { NamedPolicy, Policy } from "./twin.ts";

/** How the twin's answers end: the option, then its letter in a box. */
export const AQUA_FORM: AnswerForm = {
  pattern: /^[A-E]$/,
  work: ({ lines, value }, options) =>
    choiceAnswer(`${lines.join("\n")}\n${choiceText(options!, value)}`, "")
      .replace("\\boxed{}", ""),
  answer: ({ value }, options) => nearestOption(options!, value),
  otherAnswer: (random, answer) =>
    randomChoice(random, LETTERS.filter((letter) => letter !== answer)),
  badEndings: (answer) => [
    "",
    answer,
    `\\boxed{option ${answer}}`,
    `\\boxed{(${answer})}`,
    `\\boxed{${answer}`,
  ],
};

/** A world of random facts. */
export function drawAquaWorld(random: Random): AquaWorld {
  return { ...drawGlossary(random), ...drawRates(random) };
}

/** The benchmark's world. */
export const aquaWorld: () => AquaWorld = once(() => ({
  ...worldGlossary(),
  ...worldRates(),
}));

/** Knows what the prompt's notes say, and nothing else. */
export const readAquaNotes: Policy = storySolver(
  AQUA_FORM,
  readOptionLines,
  notedWorld,
);

/** Differences that slips make. */
const SLIPS: readonly number[] = [1, 2, 10];

/** Distances of a value from the others. */
function distances(values: readonly number[], value: number): number[] {
  return values.filter((other) => other !== value)
    .map((other) => Math.abs(other - value));
}

/** The value of the highest score; the first of several. */
function highest(
  values: readonly number[],
  score: (value: number) => number,
): number {
  return values.reduce((a, b) => score(b) > score(a) ? b : a);
}

/**
 * All policies.
 *
 * @param golds Letters of the training split.
 */
export function aquaPolicies(
  golds: () => readonly string[],
): NamedPolicy<StoryProblem>[] {
  const shortcut = (
    name: string,
    choose: (values: readonly number[], told: readonly number[]) => number,
  ): NamedPolicy<StoryProblem> => ({
    name,
    kind: "shortcut",
    start: () => (chat) => {
      const prompt = promptOf(chat);
      const options = readOptionLines(prompt);
      const [question] = prompt.split("Question: ")[1].split("\n");
      const told = question.match(/\d+/g)!.map(Number);
      const values = Object.values(options).map(Number);
      return box(nearestOption(options, choose(values, told)));
    },
  });
  return [
    {
      name: "solver that knows the world",
      kind: "oracle",
      start: () => storySolver(AQUA_FORM, readOptionLines, aquaWorld),
    },
    {
      name: "solver that guesses the facts",
      kind: "ignorant",
      start: (_, random) =>
        storySolver(AQUA_FORM, readOptionLines, () => drawAquaWorld(random)),
    },
    {
      name: "a letter at random",
      kind: "random",
      chance: 1 / LETTERS.length,
      start: (_, random) => () => box(randomChoice(random, LETTERS)),
    },
    {
      name: "most frequent letter of the training split",
      kind: "shortcut",
      start: () => () => box(mostFrequent(golds())),
    },
    shortcut("smallest option", (values) => Math.min(...values)),
    shortcut("middle option", (values) => values[2]),
    shortcut("largest option", (values) => Math.max(...values)),
    shortcut("option nearest to the first number", (_, told) => told[0]),
    shortcut(
      "option nearest to the sum of all numbers",
      (_, told) => told.reduce((sum, number) => sum + number),
    ),
    shortcut(
      "option with the nearest neighbour",
      (values) =>
        highest(values, (value) => -Math.min(...distances(values, value))),
    ),
    shortcut(
      "option with most others 1, 2 or 10 away",
      (values) =>
        highest(
          values,
          (value) =>
            distances(values, value).filter((by) => SLIPS.includes(by)).length,
        ),
    ),
  ];
}

function box(letter: string): string {
  return `\\boxed{${letter}}`;
}
