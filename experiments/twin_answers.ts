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

/** Tokens of a turn, at most: where there is one, and where there are more. */
const TURN_TOKENS = { single: 128, several: 64 } as const;

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
    maxNewTokens: TURN_TOKENS[isSingle ? "single" : "several"],
    environments: isSingle
      ? undefined
      : ({ id }) => twin.makeEnvironment!(byId.get(id)!),
  });
}
