/** Policies without a model, which bound what the MATH twin's numbers mean. */
import { randomChoice } from "../../random.ts";
import { mostFrequent } from "./gsm8k_policies.ts";
import { writeSolution } from "./math_faults.ts";
import { readExercise, workExercise } from "./math_problem.ts";
import {
  drawOperations,
  type OperationWorld,
  readDefinitions,
  worldOperations,
} from "./named_operations.ts";
import { promptOf } from "./single_turn.ts";
import type { NamedPolicy, Policy } from "./twin.ts";

/** Reads a prompt's question and works it out with a world. */
function solver(worldOf: (prompt: string) => OperationWorld): Policy {
  return (chat) => {
    const prompt = promptOf(chat);
    const [question] = prompt.split("Question: ")[1].split("\n");
    return writeSolution(
      workExercise(readExercise(question), worldOf(prompt)),
    );
  };
}

/** Knows what the prompt's notes say, and nothing else. */
export const readMathNotes: Policy = solver((prompt) =>
  readDefinitions(prompt.split("\n")[0])
);

/**
 * All policies.
 *
 * @param golds Answers of the training split.
 */
export function mathPolicies(golds: () => readonly string[]): NamedPolicy[] {
  const box = (answer: string | number): string => `$\\boxed{${answer}}$.`;
  const shortcut = (
    name: string,
    answer: (numbers: readonly number[], ask: string) => string | number,
  ): NamedPolicy => ({
    name,
    kind: "shortcut",
    start: () => (chat) => {
      const [, question] = promptOf(chat).split("Question: ");
      const numbers = question.match(/\d+/g)!.map(Number);
      return box(answer(numbers, question));
    },
  });
  return [
    {
      name: "solver that knows the world",
      kind: "oracle",
      start: () => solver(worldOperations),
    },
    {
      name: "solver that guesses the definitions",
      kind: "ignorant",
      start: (_, random) => solver(() => drawOperations(random)),
    },
    {
      name: "an answer of the training split, at random",
      kind: "random",
      start: (_, random) => () => box(randomChoice(random, golds())),
    },
    shortcut(
      "most frequent answer of the training split",
      () => mostFrequent(golds()),
    ),
    shortcut("the number that is told", (numbers) => numbers.at(-1)!),
    shortcut(
      "one part of the whole",
      ([whole, x]) => x === undefined ? whole : `\\frac{1}{${whole}}`,
    ),
  ];
}
