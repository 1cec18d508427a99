import { assertEquals } from "@std/assert";
import { type Verdict, verdictReward } from "@/lib/benchmarks/execution/mod.ts";

const failed: Verdict = {
  status: "failed",
  passed: 3,
  failed: 1,
  isolation: "namespaces",
};

Deno.test("verdictReward() is all or nothing, or the share that passed", () => {
  assertEquals(verdictReward(failed, "all"), 0);
  assertEquals(verdictReward(failed, "frac"), 0.75);
  const passed: Verdict = { ...failed, status: "passed", failed: 0 };
  assertEquals(verdictReward(passed, "all"), 1);
  assertEquals(verdictReward(passed, "frac"), 1);
});
