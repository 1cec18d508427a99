import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import { twinMethods } from "@/experiments/twin_methods.ts";
import { methodModel } from "@/tests/experiments/methods/tiny_methods.ts";

Deno.test("twinMethods() insert where a twin's answers need memory", () => {
  const methods = twinMethods(methodModel());
  for (const insertion of ["prepend", "append"] as const) {
    const places = (benchmark: string) => {
      const { settings } = methods(benchmark)[insertion];
      assertEquals(settings.insertion, insertion);
      return [settings.memoryScope, settings.maxInferenceAugmentations];
    };
    assertEquals(places("gpqa"), ["turn", 5]);
    assertEquals(places("aqua"), ["turn", 0]);
    assertEquals(places("kodcode"), ["turn", 0]);
    assertEquals(places("triviaqa"), ["episode", 0]);
  }
});

Deno.test("twinMethods() are the same where memory goes in alike", () => {
  const methods = twinMethods(methodModel());
  assert(methods("gsm8k").append === methods("math").append);
  assert(methods("gsm8k").append !== methods("kodcode").append);
  assert(methods("gsm8k").sft === methods("alfworld").sft);
});
