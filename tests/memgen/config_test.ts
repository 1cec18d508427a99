import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { readJsonObject } from "@/lib/models/mod.ts";
import { formatMemgenConfig, parseMemgenConfig } from "@/lib/memgen/mod.ts";
import { memgenConfig } from "@/tests/memgen/tiny_memgen.ts";
import { parityPath } from "@/tests/models/tiny.ts";

const FIELDS = formatMemgenConfig(memgenConfig());
const LORA = FIELDS.weaver_lora_config as Record<string, unknown>;

Deno.test("parseMemgenConfig() reads the released file as the released code does", () => {
  const folder = parityPath("expected", "tiny-qwen3", "memgen-trigger");
  const file = `${folder}/checkpoint/config.json`;
  const lora = {
    rank: 16,
    alpha: 32,
    dropout: 0,
    targetModules: ["q_proj", "v_proj"],
    bias: "none",
  } as const;
  assertEquals(parseMemgenConfig(readJsonObject(file), file), {
    insertion: "append",
    promptLatents: 4,
    inferenceLatents: 3,
    memoryScope: "turn",
    maxPromptAugmentations: 1,
    maxInferenceAugmentations: 3,
    triggerActive: true,
    triggerReads: "text",
    triggerHead: "softmax",
    delimitersAfterDigits: true,
    weaver: "lora",
    weaverReads: "embeddings",
    maxSnippetTokens: 0,
    weaverLora: lora,
    triggerLora: lora,
  });
});

Deno.test("parseMemgenConfig() reads what formatMemgenConfig() writes", () => {
  for (const insertion of ["append", "prepend"] as const) {
    for (const flag of [true, false]) {
      const config = memgenConfig({
        insertion,
        memoryScope: flag ? "turn" : "episode",
        triggerActive: flag,
        weaver: flag ? "full" : "pause",
        weaverReads: flag ? "hidden" : "nothing",
        maxSnippetTokens: 7,
        triggerReads: flag ? "context" : "text",
        triggerHead: flag ? "sigmoid" : "softmax",
        maxPromptAugmentations: Number(flag),
        delimitersAfterDigits: !flag,
        maxInferenceAugmentations: 0,
        triggerLora: {
          rank: 1,
          alpha: 0.5,
          dropout: 0.1,
          targetModules: ["down_proj"],
          bias: "none",
        },
      });
      const written = JSON.parse(JSON.stringify(formatMemgenConfig(config)));
      assertEquals(parseMemgenConfig(written, "f"), config);
    }
  }
});

Deno.test("parseMemgenConfig() sorts target modules", () => {
  const modules = ["v_proj", "q_proj"];
  const { weaverLora } = parseMemgenConfig({
    ...FIELDS,
    weaver_lora_config: { ...LORA, target_modules: modules },
  }, "f");
  assertEquals(weaverLora.targetModules, ["q_proj", "v_proj"]);
  assertEquals(modules, ["v_proj", "q_proj"]);
});

const INVALID: readonly [
  name: string,
  value: unknown,
  error: typeof TypeError | typeof RangeError,
  rule: string,
][] = [
  ["model_type", "qwen2", RangeError, `must be "memgen"`],
  ["model_type", undefined, TypeError, `must be "memgen"`],
  ["insertion", "replace", RangeError, "must be append or prepend"],
  ["memory_scope", "task", RangeError, "must be turn or episode"],
  ["prompt_latents_len", 0, RangeError, "must be an integer of at least 1"],
  ["prompt_latents_len", 1.5, RangeError, "must be an integer of at least 1"],
  ["inference_latents_len", undefined, TypeError, "must be an integer"],
  ["max_prompt_aug_num", -1, RangeError, "must be an integer of at least 0"],
  ["max_inference_aug_num", -1, RangeError, "must be an integer of at least 0"],
  [
    "max_inference_aug_num",
    "3",
    RangeError,
    "must be an integer of at least 0",
  ],
  ["trigger_active", undefined, TypeError, "must be a boolean"],
  ["trigger_active", 1, RangeError, "must be a boolean"],
  ["trigger_reads", "latents", RangeError, "must be text or context"],
  ["trigger_head", "linear", RangeError, "must be softmax or sigmoid"],
  ["delimiters_after_digits", "no", RangeError, "must be a boolean"],
  ["weaver", "none", RangeError, "must be lora or full or pause"],
  [
    "weaver_reads",
    "text",
    RangeError,
    "must be embeddings or hidden or nothing",
  ],
  ["max_snippet_tokens", -1, RangeError, "must be an integer of at least 0"],
];

Deno.test("parseMemgenConfig() refuses a weaver with nothing to read", () => {
  for (
    const [tokens, error] of [[0, RangeError], [undefined, TypeError]] as const
  ) {
    assertThrows(
      () =>
        parseMemgenConfig({
          ...FIELDS,
          weaver_reads: "nothing",
          max_snippet_tokens: tokens,
        }, "f"),
      error,
      `Cannot read f as 'max_snippet_tokens' must be an integer of at least 1: current value is ${tokens}`,
    );
  }
});

for (const [name, value, error, rule] of INVALID) {
  Deno.test(`parseMemgenConfig() refuses ${name} ${JSON.stringify(value)}`, () => {
    const thrown = assertThrows(
      () => parseMemgenConfig({ ...FIELDS, [name]: value }, "a/config.json"),
      error,
      `Cannot read a/config.json as '${name}' ${rule}`,
    );
    const current = `: current value is ${JSON.stringify(value)}`;
    assertEquals(thrown.message.endsWith(current), true, thrown.message);
  });
}

const INVALID_LORA: readonly unknown[] = [
  undefined,
  "q_proj",
  { ...LORA, r: 0 },
  { ...LORA, lora_alpha: "32" },
  { ...LORA, lora_dropout: 1 },
  { ...LORA, target_modules: [] },
  { ...LORA, target_modules: "all-linear" },
  { ...LORA, bias: "all" },
];

for (const value of INVALID_LORA) {
  Deno.test(`parseMemgenConfig() refuses the LoRA settings ${JSON.stringify(value)}`, () => {
    for (const name of ["weaver_lora_config", "trigger_lora_config"]) {
      assertThrows(
        () => parseMemgenConfig({ ...FIELDS, [name]: value }, "f"),
        TypeError,
        `Cannot read f as '${name}' must be a LoRA configuration with r, lora_alpha, lora_dropout, target_modules and bias "none": current value is ${
          JSON.stringify(value)
        }`,
      );
    }
  });
}
