/** What policies without a model reach on a twin. */
import { seededRandom } from "../../random.ts";
import type { Split } from "../task.ts";
import { play } from "./play.ts";
import type { NamedPolicy, Twin, TwinProblem } from "./twin.ts";

/** A policy with its accuracy. */
export interface MeasuredPolicy extends Pick<NamedPolicy, "name" | "kind"> {
  /** Problems. */
  readonly n: number;
  /** Right under the benchmark's official scorer. */
  readonly correct: number;
}

/** The first problems of a split, `count` of them or all. */
export function splitProblems<P extends TwinProblem>(
  twin: Twin<P>,
  split: Split,
  count: number = twin.sizes[split],
): P[] {
  return Array.from(
    { length: Math.min(count, twin.sizes[split]) },
    (_, index) => twin.problem(split, index),
  );
}

/**
 * Lets every policy of a twin answer the same problems of its test split.
 *
 * @param count Problems; all by default.
 */
export async function measurePolicies(
  twin: Twin,
  count?: number,
): Promise<MeasuredPolicy[]> {
  const problems = splitProblems(twin, "test", count);
  const measured: MeasuredPolicy[] = [];
  for (const policy of twin.policies()) {
    const { name, kind } = policy;
    const correct = await countCorrect(twin, problems, policy);
    measured.push({ name, kind, n: problems.length, correct });
  }
  return measured;
}

/** How many of the problems a policy solves. */
export async function countCorrect<P extends TwinProblem>(
  twin: Twin<P>,
  problems: readonly P[],
  { name, start }: NamedPolicy<P>,
): Promise<number> {
  let correct = 0;
  for (const problem of problems) {
    const random = seededRandom("policy", name, problem.task.id);
    const { score } = await play(twin, problem, start(problem, random));
    correct += score.official;
  }
  return correct;
}
