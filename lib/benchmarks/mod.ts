/**
 * Benchmarks: their tasks, read from the published files, and their scorers.
 *
 * @example
 * ```ts
 * import { findBenchmark } from "@/lib/benchmarks/mod.ts";
 *
 * const benchmark = findBenchmark("gsm8k");
 * const [task] = await benchmark.load("../shared/data/gsm8k", "test");
 * benchmark.score("So 9 * 2 = 18. \\boxed{18.00}", task.gold);
 * // { official: 0, lenient: 1 }
 * ```
 *
 * @module
 */
export type {
  Benchmark,
  Environment,
  JsonValue,
  Message,
  Score,
  Split,
  Task,
} from "./task.ts";
export { BENCHMARK_NAMES, findBenchmark } from "./registry.ts";
export {
  countOfficial,
  encodePrompt,
  evaluate,
  type EvaluateOptions,
  type EvaluationRecord,
} from "./evaluate.ts";
export { Bm25 } from "./bm25.ts";
export { gsm8k, gsm8kPrompt } from "./gsm8k.ts";
export { officialMathScore } from "./boxed_math.ts";
export { lenientMathScore } from "./lenient_math.ts";
export { taskReward } from "./reward.ts";
export { readRows, type Row } from "./rows.ts";
export { chooseIds, type ChooseOptions } from "./split.ts";
