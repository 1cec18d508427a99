/**
 * An interpreter of the Python that short answers to coding problems use, for
 * rewards within microseconds. It is no sandbox's rival: what it does not know
 * it refuses.
 *
 * @example
 * ```ts
 * import { parse, PythonProgram } from "@/lib/benchmarks/python_subset/mod.ts";
 *
 * const source = "def solve(xs):\n    return max(xs)\n";
 * const program = new PythonProgram(parse(source));
 * program.call("solve", [3, 8, 2]); // 8
 * ```
 *
 * @module
 */
export { PythonError, SubsetError } from "./errors.ts";
export { PythonProgram, type RunOptions } from "./interpreter.ts";
export { parse } from "./parser.ts";
export type { Statement } from "./syntax.ts";
export { Module, type Value } from "./values.ts";
