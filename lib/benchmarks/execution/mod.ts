/**
 * Runs programs that a model wrote against their tests.
 *
 * @example
 * ```ts
 * import { runTests } from "@/lib/benchmarks/execution/mod.ts";
 *
 * const { status } = await runTests({
 *   mode: "pytest",
 *   solution: "def add(a, b):\n    return a + b",
 *   test: "from solution import add\ndef test_add():\n    assert add(1, 2) == 3",
 * });
 * status; // "passed"
 * ```
 *
 * @module
 */
export {
  type ExecutionMode,
  runTests,
  type RunTestsOptions,
  type TestedProgram,
} from "./run_tests.ts";
export {
  type ExecutionStatus,
  type Isolation,
  type Verdict,
  verdictReward,
} from "./verdict.ts";
