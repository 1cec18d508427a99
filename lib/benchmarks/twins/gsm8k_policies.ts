/** Policies without a model, which bound what the GSM8K twin's numbers mean. */
import { randomInt } from "../../random.ts";
import { drawGlossary, worldGlossary } from "./glossary.ts";
import { promptOf } from "./single_turn.ts";
import {
  type AnswerForm,
  notedWorld,
  type StoryProblem,
  storySolver,
} from "./story_twin.ts";
import type { NamedPolicy, Policy } from "./twin.ts";

/** How the twin's answers end: the number in a box. */
export const GSM8K_FORM: AnswerForm = {
  pattern: /^-?(0|[1-9]\d*)$/,
  work: ({ lines }) => lines.join("\n"),
  answer: ({ value }) => `${value}`,
  otherAnswer: (random, answer) =>
    `${Number(answer) + 1 + randomInt(random, 9)}`,
  badEndings: (answer) => [
    "",
    `\n${answer}`,
    `\\boxed{${answer} in all}`,
    `\\boxed{${answer}`,
  ],
};

const NO_OPTIONS = () => undefined;

/** Knows what the prompt's notes say, and nothing else. */
export const readGsm8kNotes: Policy = storySolver(
  GSM8K_FORM,
  NO_OPTIONS,
  notedWorld,
);

/**
 * All policies.
 *
 * @param golds Answers of the training split.
 */
export function gsm8kPolicies(
  golds: () => readonly string[],
): NamedPolicy<StoryProblem>[] {
  const shortcut = (
    name: string,
    answer: (numbers: readonly number[]) => number | string,
  ): NamedPolicy<StoryProblem> => ({
    name,
    kind: "shortcut",
    start: () => (chat) => {
      const [, question] = promptOf(chat).split("Question: ");
      const numbers = question.match(/\d+/g)!.map(Number);
      return `\\boxed{${answer(numbers)}}`;
    },
  });
  return [
    {
      name: "solver that knows the world",
      kind: "oracle",
      start: () => storySolver(GSM8K_FORM, NO_OPTIONS, worldGlossary),
    },
    {
      name: "solver that guesses the facts",
      kind: "ignorant",
      start: (_, random) =>
        storySolver(GSM8K_FORM, NO_OPTIONS, () => drawGlossary(random)),
    },
    {
      name: "a gold of the training split, at random",
      kind: "random",
      start: (_, random) => () =>
        `\\boxed{${golds()[randomInt(random, golds().length)]}}`,
    },
    shortcut(
      "most frequent gold of the training split",
      () => mostFrequent(golds()),
    ),
    shortcut("first number", (numbers) => numbers[0]),
    shortcut("last number", (numbers) => numbers.at(-1)!),
    shortcut("largest number", (numbers) => Math.max(...numbers)),
    shortcut(
      "sum of all numbers",
      (numbers) => numbers.reduce((sum, number) => sum + number),
    ),
    shortcut(
      "product of the last two numbers",
      (numbers) => numbers.slice(-2).reduce((product, n) => product * n, 1),
    ),
  ];
}

/** What is there most often; the first of several. */
export function mostFrequent(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [[most]] = [...counts].sort(([, a], [, b]) => b - a);
  return most;
}
