/** The benchmarks by name. */
import { alfworld } from "./alfworld.ts";
import { aqua } from "./aqua.ts";
import { bigcodebench } from "./bigcodebench.ts";
import { fever } from "./fever.ts";
import { gpqa } from "./gpqa.ts";
import { gsm8k } from "./gsm8k.ts";
import { kodcode } from "./kodcode.ts";
import { math } from "./math.ts";
import { popqa } from "./popqa.ts";
import { scienceworld } from "./scienceworld.ts";
import type { Benchmark } from "./task.ts";
import { triviaqa } from "./triviaqa.ts";

const BENCHMARKS: readonly Benchmark[] = [
  alfworld,
  triviaqa,
  popqa,
  kodcode,
  bigcodebench,
  gpqa,
  gsm8k,
  math,
  aqua,
  scienceworld,
  fever,
];

/** Every name that `findBenchmark` knows, in the paper's order. */
export const BENCHMARK_NAMES: readonly string[] = BENCHMARKS.map(
  (benchmark) => benchmark.name,
);

/**
 * The benchmark of that name.
 *
 * @throws {RangeError} If there is none; the message lists the names.
 */
export function findBenchmark(name: string): Benchmark {
  const benchmark = BENCHMARKS.find((benchmark) => benchmark.name === name);
  if (benchmark === undefined) {
    throw new RangeError(
      `Cannot find benchmark as its name must be one of ${
        BENCHMARK_NAMES.join(", ")
      }: current value is ${name}`,
    );
  }
  return benchmark;
}
