/** Answers of a model to the problems of a twin. */
import {
  evaluate,
  type EvaluateOptions,
  type EvaluationRecord,
} from "@/lib/benchmarks/mod.ts";
import type { Twin, TwinProblem } from "@/lib/benchmarks/twins/mod.ts";

/** How they are asked for. */
export type AnswerOptions = Omit<
  EvaluateOptions,
  "environments" | "maxNewTokens"
>;

/**
 * Tokens of a turn on a benchmark's twin, at most. Right answers have 124 where
 * there is one turn, and 39 in each where there are more.
 */
export function twinTurnTokens({ maxTurns }: Twin["benchmark"]): number {
  return maxTurns === 1 ? 128 : 64;
}

/** Lets a model answer problems, in their environments where there are any. */
export async function answerProblems(
  twin: Twin,
  problems: readonly TwinProblem[],
  options: AnswerOptions,
): Promise<EvaluationRecord[]> {
  const byId = new Map(problems.map((problem) => [problem.task.id, problem]));
  const isSingle = twin.benchmark.maxTurns === 1;
  return await evaluate(twin.benchmark, problems.map(({ task }) => task), {
    ...options,
    maxNewTokens: twinTurnTokens(twin.benchmark),
    environments: isSingle
      ? undefined
      : ({ id }) => twin.makeEnvironment!(byId.get(id)!),
  });
}
