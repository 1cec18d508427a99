/**
 * Policies without a model for the twins of KodCode and BigCodeBench: the
 * oracle, one without knowledge of the world, chance, and shortcuts.
 */
import { randomInt } from "../../random.ts";
import { type Dialect, workedAnswer, writeAnswer } from "./code_answer.ts";
import { type Chain, readQuestion, type Stage } from "./code_chain.ts";
import type { CodeProblem } from "./code_problem.ts";
import { drawIdioms, type Idioms, readFact, worldIdioms } from "./idioms.ts";
import { promptOf } from "./single_turn.ts";
import type { NamedPolicy, Policy } from "./twin.ts";

/**
 * All policies.
 *
 * @param training A worked answer of the training split, by its number.
 */
export function codePolicies(
  dialect: Dialect,
  training: { readonly size: number; answer(index: number): string },
): NamedPolicy<CodeProblem>[] {
  const shortcut = (
    name: string,
    change: (chain: Chain) => Chain,
  ): NamedPolicy<CodeProblem> => ({
    name,
    kind: "shortcut",
    start: () => (chat) => {
      const chain = change(readQuestion(promptOf(chat), worldIdioms()));
      return writeAnswer(workedAnswer(chain), dialect);
    },
  });
  return [
    {
      name: "reads the question and knows the world",
      kind: "oracle",
      start: () => solveWith(dialect, worldIdioms()),
    },
    {
      name: "reads the question and guesses what idioms mean",
      kind: "ignorant",
      start: (_, random) => solveWith(dialect, drawIdioms(random)),
    },
    {
      name: "a worked answer of the training split, at random",
      kind: "random",
      start: (_, random) => {
        const index = randomInt(random, training.size);
        return () => training.answer(index);
      },
    },
    shortcut("the sum of the list", () => [SUM]),
    shortcut("leaves idioms out", withoutIdioms),
    shortcut(
      "leaves idioms and steps out",
      (chain) => withoutIdioms(chain).slice(-1),
    ),
  ];
}

/** Answers questions by the meanings of a world. */
function solveWith(dialect: Dialect, idioms: Idioms): Policy {
  return (chat) =>
    writeAnswer(workedAnswer(readQuestion(promptOf(chat), idioms)), dialect);
}

/** Answers questions by the meanings that notes before them give. */
export function readCodeNotes(dialect: Dialect): Policy {
  return (chat) => {
    const [notes] = promptOf(chat).split("\n");
    const facts = notes.replace(/^Notes: /, "").match(/[^.]+\./g) ?? [];
    const meanings = facts.map((text) => readFact(text.trim())!)
      .map(({ name, operation }) => [name, operation] as const);
    return solveWith(dialect, new Map(meanings))(chat);
  };
}

const SUM: Stage = { operation: { kind: "total" } };

/** What is left of a chain without its idioms; it gives the sum if nothing else. */
function withoutIdioms(chain: Chain): Chain {
  const steps = chain.slice(0, -1).filter(({ idiom }) => idiom === undefined);
  const result = chain.at(-1)!;
  return [...steps, result.idiom === undefined ? result : SUM];
}
