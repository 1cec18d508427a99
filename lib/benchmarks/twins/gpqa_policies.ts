/** Policies without a model, which bound what the GPQA twin's numbers mean. */
import { type Random, randomChoice } from "../../random.ts";
import { choiceAnswer } from "../choices.ts";
import {
  type Chemistry,
  drawChemistry,
  readChemistry,
  worldChemistry,
} from "./chemistry.ts";
import {
  isTreatedAlike,
  relatedColours,
  type SeenExperiment,
  takenColours,
} from "./gpqa_guesses.ts";
import {
  type Observation,
  readExperiment,
  workExperiment,
} from "./gpqa_problem.ts";
import { mostFrequent } from "./gsm8k_policies.ts";
import { readOff } from "./option_list.ts";
import { promptOf } from "./single_turn.ts";
import type { NamedPolicy, Policy } from "./twin.ts";

/** Colours by their letters. */
export type ColourOptions = Readonly<Record<string, string>>;

const OPTION_LETTERS = ["A", "B", "C", "D"] as const;

/** Options as GPQA's loader lists them. */
export function colourLines(options: ColourOptions): string[] {
  return Object.entries(options).map(([letter, colour]) =>
    `${letter}. ${colour}`
  );
}

/** The letter of a colour; undefined if it is no option. */
export function letterOf(
  options: ColourOptions,
  colour: string,
): string | undefined {
  return Object.keys(options).find((letter) => options[letter] === colour);
}

/** The reasons of an answer: the facts, then the options up to the colour's. */
export function explainColour(
  { lines, colour }: Observation,
  options: ColourOptions,
): string {
  const letter = letterOf(options, colour);
  return [...lines, readOff(colourLines(options), colour, letter)].join("\n");
}

/** A worked answer; a letter at random where the colour is no option. */
export function answerColour(
  observation: Observation,
  options: ColourOptions,
  random: Random,
): string {
  const letter = letterOf(options, observation.colour) ??
    randomChoice(random, OPTION_LETTERS);
  return choiceAnswer(explainColour(observation, options), letter);
}

/** Reads a prompt's question and options, and works it out with a world. */
function solver(
  worldOf: (prompt: string) => Chemistry,
  random: Random,
): Policy {
  return (chat) => {
    const prompt = promptOf(chat);
    const experiment = readExperiment(questionOf(prompt));
    const observation = workExperiment(experiment, worldOf(prompt));
    return answerColour(observation, readOptions(prompt), random);
  };
}

/** Knows what the prompt's notes say, and nothing else. */
export const readGpqaNotes: Policy = solver(
  (prompt) => readChemistry(prompt.split("\n")[0]),
  () => 0,
);

/** What was right in a question of the training split. */
export interface TrainingAnswer extends SeenExperiment {
  /** The letter. */
  readonly letter: string;
}

/**
 * All policies.
 *
 * @param answers Of the training split.
 */
export function gpqaPolicies(
  answers: () => readonly TrainingAnswer[],
): NamedPolicy[] {
  const box = (letter: string): string => `\\boxed{${letter}}`;
  const shortcut = (
    name: string,
    choose: (options: ColourOptions, question: string) => string,
  ): NamedPolicy => ({
    name,
    kind: "shortcut",
    start: () => (chat) => {
      const prompt = promptOf(chat);
      return box(choose(readOptions(prompt), questionOf(prompt)));
    },
  });
  const likely = (
    options: ColourOptions,
    among: readonly TrainingAnswer[],
  ): string => {
    const letters = among.map(({ colour }) => letterOf(options, colour))
      .filter((letter) => letter !== undefined);
    return letters.length === 0 ? "A" : mostFrequent(letters);
  };
  // The option of the highest score; the first of several.
  const best = (
    options: ColourOptions,
    scoreOf: (colour: string) => number,
  ): string =>
    Object.keys(options).reduce((a, b) =>
      scoreOf(options[b]) > scoreOf(options[a]) ? b : a
    );
  return [
    {
      name: "solver that knows the world",
      kind: "oracle",
      start: (_, random) => solver(worldChemistry, random),
    },
    {
      name: "solver that guesses the facts",
      kind: "ignorant",
      start: (_, random) => solver(() => drawChemistry(random), random),
    },
    {
      name: "a letter at random",
      kind: "random",
      chance: 1 / OPTION_LETTERS.length,
      start: (_, random) => () => box(randomChoice(random, OPTION_LETTERS)),
    },
    shortcut(
      "most frequent letter of the training split",
      () => mostFrequent(answers().map(({ letter }) => letter)),
    ),
    shortcut("always A", () => "A"),
    shortcut(
      "option that is most often right in the training split",
      (options) => likely(options, answers()),
    ),
    shortcut(
      "the same, of questions with the same treatment",
      (options, question) => {
        const experiment = readExperiment(question);
        const same = answers()
          .filter((answer) => isTreatedAlike(answer, experiment));
        return likely(options, same);
      },
    ),
    shortcut(
      "the same, of those with one of the compounds",
      (options, question) => {
        const counts = relatedColours(
          answers(),
          readExperiment(question),
          "alike",
        );
        return best(options, (colour) => counts.get(colour) ?? 0);
      },
    ),
    shortcut(
      "the same, without colours of the same pair",
      (options, question) => {
        const experiment = readExperiment(question);
        const counts = relatedColours(answers(), experiment, "alike");
        const taken = takenColours(answers(), experiment);
        return best(
          options,
          (colour) => taken.has(colour) ? -1 : counts.get(colour) ?? 0,
        );
      },
    ),
    shortcut(
      "first option that is no colour of the same pair",
      (options, question) => {
        const taken = takenColours(answers(), readExperiment(question));
        return best(options, (colour) => taken.has(colour) ? 0 : 1);
      },
    ),
    shortcut(
      "option least often right where one of the compounds is treated otherwise",
      (options, question) => {
        const experiment = readExperiment(question);
        const counts = relatedColours(answers(), experiment, "otherwise");
        return best(options, (colour) => -(counts.get(colour) ?? 0));
      },
    ),
  ];
}

function questionOf(prompt: string): string {
  return prompt.split("Question: ")[1].split("\n")[0];
}

function readOptions(prompt: string): ColourOptions {
  const lines = prompt.matchAll(/^([A-D])\. (.+)$/gm);
  return Object.fromEntries(
    Array.from(lines, ([, letter, colour]) => [letter, colour]),
  );
}
