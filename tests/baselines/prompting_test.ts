import { assertEquals } from "@std/assert";
import { chainOfThoughtPrompt, vanillaPrompt } from "@/lib/baselines/mod.ts";
import {
  gsm8kPrompt,
  type Message,
  STEP_BY_STEP,
} from "@/lib/benchmarks/mod.ts";

const MESSAGES: readonly Message[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: gsm8kPrompt("How many?") },
];

Deno.test("vanillaPrompt() leaves the benchmark's messages as they are", () => {
  assertEquals(vanillaPrompt(MESSAGES), MESSAGES);
});

Deno.test("chainOfThoughtPrompt() asks for steps at the end of the last message", () => {
  const before = structuredClone(MESSAGES);
  assertEquals(chainOfThoughtPrompt(MESSAGES), [
    { role: "system", content: "Be brief." },
    {
      role: "user",
      content:
        "Solve the math problem with proper reasoning, and make sure to put the FINAL ANSWER inside \\boxed{}.Question: How many?\nLet's think step by step.\n",
    },
  ]);
  assertEquals(STEP_BY_STEP, "Let's think step by step.\n");
  assertEquals(MESSAGES, before);
});
