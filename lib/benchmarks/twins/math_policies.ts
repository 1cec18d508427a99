/** Policies without a model, which bound what the MATH twin's numbers mean. */
import { randomChoice } from "../../random.ts";
import { writeSolution } from "./math_faults.ts";
import { type AnsweredExercise, guessesOf } from "./math_guesses.ts";
import { type Exercise, readExercise, workExercise } from "./math_problem.ts";
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
    return writeSolution(workExercise(exerciseOf(prompt), worldOf(prompt)));
  };
}

function exerciseOf(prompt: string): Exercise {
  return readExercise(prompt.split("Question: ")[1].split("\n")[0]);
}

/** Knows what the prompt's notes say, and nothing else. */
export const readMathNotes: Policy = solver((prompt) =>
  readDefinitions(prompt.split("\n")[0])
);

/**
 * All policies.
 *
 * @param answered The training split.
 */
export function mathPolicies(
  answered: () => readonly AnsweredExercise[],
): NamedPolicy[] {
  const box = (answer: string | number): string => `$\\boxed{${answer}}$.`;
  const shortcut = (
    name: string,
    answer: (exercise: Exercise) => string | number,
  ): NamedPolicy => ({
    name,
    kind: "shortcut",
    start: () => (chat) => box(answer(exerciseOf(promptOf(chat)))),
  });
  const guesses = guessesOf(answered());
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
      start: (_, random) => () => box(randomChoice(random, answered()).answer),
    },
    ...Array.from(
      guesses,
      ([name, guess]) =>
        shortcut(name, (exercise) => guess(exercise) ?? exercise.x),
    ),
    shortcut("the number that is told", ({ x }) => x),
    shortcut(
      "one part of the whole",
      ({ ask, whole, x }) => ask === "part" ? `\\frac{1}{${whole}}` : x,
    ),
  ];
}
