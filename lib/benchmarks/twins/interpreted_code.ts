/**
 * The scorers of KodCode and BigCodeBench for the twins: programs of the Python
 * subset run in the interpreter, within a millisecond; all others where the
 * benchmark runs them, in python3. Marks are the same.
 */
import { codeScore, failureOf, officialFailure } from "../code_score.ts";
import type { Verdict } from "../execution/mod.ts";
import {
  Module,
  parse,
  PythonError,
  PythonProgram,
  type Statement,
  SubsetError,
} from "../python_subset/mod.ts";
import {
  answerCode,
  officialCode,
  officialTest,
  withName,
} from "../python_answer.ts";
import { strip } from "../python_text.ts";
import type { Benchmark, Score } from "../task.ts";
import { lastTurn } from "../turns.ts";
import { BIGCODEBENCH_DIALECT } from "./code_answer.ts";
import { LIBRARY_SOURCE } from "./code_operations.ts";
import { sanitizedAnswer } from "./sanitized_answer.ts";

/** Marks an answer; throws `SubsetError` where python3 must decide. */
export type Interpret = (answer: string, gold: string) => Score;

/** A benchmark whose answers are interpreted where that is possible. */
export function interpreted(
  benchmark: Benchmark,
  interpret: Interpret,
): Benchmark {
  return {
    ...benchmark,
    score: (turns, gold) => {
      try {
        return Promise.resolve(interpret(lastTurn(turns), gold));
      } catch (error) {
        if (!(error instanceof SubsetError)) throw error;
        return benchmark.score(turns, gold);
      }
    },
  };
}

/**
 * Marks an answer to KodCode as `kodcode.score` does. An answer that may have
 * tests of its own is left to Python, which runs these, too.
 */
export function interpretKodCode(answer: string, gold: string): Score {
  const { test, functionName }: { test: string; functionName: string } = JSON
    .parse(gold);
  if (/\btest_/.test(answer)) throw new SubsetError("an answer with tests");
  const tests = officialTest(test);
  const official = officialCode(strip(answer), functionName);
  const code = withName(answerCode(answer), functionName);
  const strict = runFunctions(code, tests);
  // Most answers are nothing but the function, and are run once.
  const verdict = official === code ? strict : runFunctions(official, tests);
  return codeScore(officialFailure(official, verdict), strict);
}

/** Marks an answer to BigCodeBench as `bigcodebench.score` does. */
export function interpretBigCodeBench(answer: string, gold: string): Score {
  const { test }: { test: string } = JSON.parse(gold);
  const tests = parse(test);
  const official = runTestCases(() => [
    ...parse(STUB),
    ...sanitizedAnswer(answer),
    ...tests,
  ]);
  const strict = runTestCases(() =>
    parse(`${STUB}${answerCode(answer)}\n${test}`)
  );
  return codeScore(failureOf(official), strict);
}

/** Runs every function `test_...` of the tests on its own. */
function runFunctions(code: string, tests: string): Verdict {
  const names = [...tests.matchAll(/^def (test_\w+)\(/gm)]
    .map(([, name]) => name);
  return run(
    () => parse(`${code}\n${tests}`),
    (program) => names.map((name) => () => void program.call(name)),
    new Map(),
  );
}

/** Runs every method of the class `TestCases`. */
function runTestCases(read: () => readonly Statement[]): Verdict {
  const testsOf = (program: PythonProgram) =>
    (program.testCases.get("TestCases") ?? [])
      .filter(({ name }) => name.startsWith("test"))
      .map((method) => () => program.callTest(method));
  return run(read, testsOf, BIGCODEBENCH_MODULES);
}

function run(
  read: () => readonly Statement[],
  testsOf: (program: PythonProgram) => readonly (() => void)[],
  modules: ReadonlyMap<string, Module>,
): Verdict {
  const loaded = attempt(() =>
    new PythonProgram(read(), { fuel: FUEL, modules })
  );
  if ("error" in loaded) return verdictOf([loaded.error]);
  return verdictOf(
    testsOf(loaded.value).map((test) => {
      const result = attempt(test);
      return "error" in result ? result.error : undefined;
    }),
  );
}

function verdictOf(errors: readonly (string | undefined)[]): Verdict {
  const error = errors.find((error) => error !== undefined);
  const failed = errors.filter((error) => error !== undefined).length;
  const passed = errors.length - failed;
  const isolation = "namespaces";
  if (error === undefined) {
    return { status: "passed", passed, failed, isolation };
  }
  return { status: "failed", passed, failed, error, isolation };
}

/** What stands before an answer; tests call it where an answer has no other. */
const STUB = `${BIGCODEBENCH_DIALECT.head}    pass\n`;

/** Steps of a program with its tests: what takes more takes a third of a second. */
const FUEL = 1_000_000;

/**
 * What a run gives, or the class of what it raises.
 *
 * @throws {SubsetError} If Python must decide: also over what takes more steps
 * than the interpreter has, or more of its stack, and may yet end.
 */
function attempt<T>(run: () => T): { value: T } | { error: string } {
  try {
    return { value: run() };
  } catch (error) {
    if (error instanceof PythonError) return { error: error.name };
    if (error instanceof RangeError) throw new SubsetError("a long run");
    throw error;
  }
}

const BIGCODEBENCH_MODULES: ReadonlyMap<string, Module> = new Map([
  ["lib", new Module("lib", new PythonProgram(parse(LIBRARY_SOURCE)).names)],
  ["unittest", new Module("unittest", new Map(), false)],
]);
