/** Scores of programs, from what came of their tests. */
import { type Verdict, verdictReward } from "./execution/mod.ts";
import type { Score } from "./task.ts";

/**
 * How a program can be wrong under the rules of the released code. "no function
 * name" is a fault of the row: it does not say what its tests call.
 */
export const CODE_FAILURES = [
  "no function name",
  "no code",
  "syntax error",
  "unknown name",
  "missing module",
  "failed test",
  "exception",
  "timeout",
  "memory",
  "crash",
] as const;

/** One of `CODE_FAILURES`. */
export type CodeFailure = typeof CODE_FAILURES[number];

/** Kinds of failures by what Python calls the error. */
const FAILURE_OF_ERROR: Readonly<Record<string, CodeFailure>> = {
  AssertionError: "failed test",
  ImportError: "unknown name",
  IndentationError: "syntax error",
  ModuleNotFoundError: "missing module",
  NameError: "unknown name",
  SyntaxError: "syntax error",
  TabError: "syntax error",
};

/**
 * The score of a program.
 *
 * @param failure What is wrong with it under the rules of the released code.
 * @param strict Verdict by our own rules; gives `lenient` and `passedShare`.
 */
export function codeScore(
  failure: CodeFailure | undefined,
  strict: Verdict,
): Score {
  return {
    official: failure === undefined ? 1 : 0,
    lenient: strict.status === "passed" ? 1 : 0,
    passedShare: verdictReward(strict, "frac"),
    ...(failure && { failure }),
  };
}

/**
 * How the code of an answer is wrong under the rules of the released code, which
 * runs the tests of an empty one, too: those in a class are never run, and pass.
 *
 * @returns Undefined if it is not.
 */
export function officialFailure(
  code: string,
  verdict: Verdict,
): CodeFailure | undefined {
  const failure = failureOf(verdict);
  return failure !== undefined && code === "" ? "no code" : failure;
}

/** What kind of failure a verdict is; undefined if the tests passed. */
export function failureOf(
  { status, error = "" }: Verdict,
): CodeFailure | undefined {
  if (status === "passed") return undefined;
  if (status === "timeout" || status === "memory") return status;
  if (status === "crashed") return "crash";
  const [name] = error.split(":");
  return FAILURE_OF_ERROR[name] ?? "exception";
}
