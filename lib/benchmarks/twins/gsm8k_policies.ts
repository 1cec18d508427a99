/**
 * Policies without a model, which bound what the GSM8K twin's numbers mean:
 * the oracle, one without knowledge of the world, chance, and shortcuts.
 */
import { type Random, randomChoice } from "../../random.ts";
import { drawGlossary, worldGlossary } from "./glossary.ts";
import type { Problem } from "./gsm8k_problem.ts";
import { solve } from "./gsm8k_solver.ts";

/** From a question to an answer. */
export type Policy = (problem: Pick<Problem, "question" | "given">) => number;

/** A policy with what it stands for. */
export interface NamedPolicy {
  /** Name in the data card. */
  readonly name: string;
  /** Upper bound, knowledge withheld, chance, or a shortcut to rule out. */
  readonly kind: "oracle" | "ignorant" | "chance" | "shortcut";
  /** The policy. */
  readonly answer: Policy;
}

/**
 * All policies.
 *
 * @param trainGolds Golds of the training split, for chance.
 */
export function gsm8kPolicies(
  trainGolds: readonly number[],
  random: Random,
): NamedPolicy[] {
  const world = worldGlossary();
  const shortcut = (name: string, answer: Policy): NamedPolicy => ({
    name,
    kind: "shortcut",
    answer,
  });
  const counts = new Map<number, number>();
  for (const gold of trainGolds) counts.set(gold, (counts.get(gold) ?? 0) + 1);
  const [mostFrequent] = [...counts].reduce((a, b) => b[1] > a[1] ? b : a);
  return [
    {
      name: "solver that knows the world",
      kind: "oracle",
      answer: ({ question }) => solve(question, world),
    },
    {
      name: "solver that guesses the facts",
      kind: "ignorant",
      answer: ({ question }) => solve(question, drawGlossary(random)),
    },
    {
      name: "a gold of the training split, at random",
      kind: "chance",
      answer: () => randomChoice(random, trainGolds),
    },
    shortcut("most frequent gold of the training split", () => mostFrequent),
    shortcut("first number", ({ given }) => given[0]),
    shortcut("last number", ({ given }) => given.at(-1)!),
    shortcut("largest number", ({ given }) => Math.max(...given)),
    shortcut(
      "sum of all numbers",
      ({ given }) => given.reduce((sum, number) => sum + number),
    ),
    shortcut(
      "product of the last two numbers",
      ({ given }) => given.slice(-2).reduce((product, n) => product * n, 1),
    ),
  ];
}

/** Share of the problems that a policy answers right. */
export function policyAccuracy(
  { answer }: NamedPolicy,
  problems: readonly Problem[],
): number {
  const right = problems.filter((problem) => answer(problem) === problem.gold);
  return right.length / problems.length;
}
