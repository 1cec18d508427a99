import { assertEquals, assertThrows } from "@std/assert";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { DEFINITION } from "@/tasks/pretrain.ts";

Deno.test("deno task pretrain knows the mini reasoners", () => {
  const parse = (...argv: string[]) => parseArguments(DEFINITION, argv);
  assertEquals(parse().reasoner, "mini-qwen2.5");
  for (const name of ["mini-qwen2.5", "mini-smollm3", "mini-qwen3"]) {
    assertEquals(parse("--reasoner", name).reasoner, name);
  }
  assertThrows(() => parse("--reasoner", "mini"), UsageError);
  for (const example of DEFINITION.examples) {
    parse(...example.split(" ").filter(Boolean));
  }
});
