import { assert, assertEquals, assertThrows } from "@std/assert";
import { BENCHMARK_NAMES, findBenchmark } from "@/lib/benchmarks/registry.ts";

Deno.test("findBenchmark() finds every name of BENCHMARK_NAMES", () => {
  assert(BENCHMARK_NAMES.includes("gsm8k"));
  for (const name of BENCHMARK_NAMES) {
    assertEquals(findBenchmark(name).name, name);
  }
});

Deno.test("findBenchmark() lists the names it knows for one that it does not", () => {
  assertThrows(
    () => findBenchmark("GSM8K"),
    RangeError,
    `Cannot find benchmark as its name must be one of ${
      BENCHMARK_NAMES.join(", ")
    }: current value is GSM8K`,
  );
});
