import { assertEquals, assertThrows } from "@std/assert";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { DEFINITION } from "@/tasks/trigger_study.ts";

Deno.test("deno task trigger-study knows its plans", () => {
  assertEquals(parseArguments(DEFINITION, []).plan, "full");
  assertEquals(parseArguments(DEFINITION, ["--plan", "tiny"]).plan, "tiny");
  assertThrows(
    () => parseArguments(DEFINITION, ["--plan", "large"]),
    UsageError,
  );
});
