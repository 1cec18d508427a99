import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { gsm8kTwin } from "@/lib/benchmarks/twins/mod.ts";
import { parseArguments } from "@/tasks/cli.ts";
import { DEFINITION } from "@/tasks/describe_benchmarks.ts";
import { readTwinNumbers } from "@/tasks/twin_results.ts";
import { runChild } from "@/tests/run_child.ts";

Deno.test("deno task describe-benchmarks: its examples are right", () => {
  for (const example of DEFINITION.examples) {
    parseArguments(DEFINITION, example.split(" ").filter(Boolean));
  }
});

Deno.test("deno task describe-benchmarks: --sft is for columns of Table 1", async () => {
  const task = new URL("../../tasks/describe_benchmarks.ts", import.meta.url);
  const { code, stderr } = await runChild(task, [
    "--benchmark",
    "fever",
    "--sft",
    "mini-qwen2.5",
  ]);
  assertEquals(code, 2);
  assertStringIncludes(
    stderr,
    "Cannot run describe-benchmarks as --benchmark must be one of alfworld, triviaqa, popqa, kodcode, bigcodebench, gpqa, gsm8k, math, aqua for --sft: current value is fever",
  );
});

Deno.test("deno task describe-benchmarks: prints all twins as a process", async () => {
  const task = new URL("../../tasks/describe_benchmarks.ts", import.meta.url);
  const { code, stdout, stderr } = await runChild(task);
  assertEquals(code, 0, stderr);
  const { policies } = (await readTwinNumbers(gsm8kTwin))!;
  const ignorant = (100 * policies[1].correct / policies[1].n).toFixed(1);
  const row = stdout.split("\n").find((line) => line.startsWith("GSM8K"))!;
  assertEquals(row.split(/ {2,}/).slice(1, 4), ["4000", "400", "1000"]);
  assertStringIncludes(row, ignorant);
  assertEquals(stdout.match(/not measured/g), null);
  assert(!existsSync("results/twins/toy.json"));
});
