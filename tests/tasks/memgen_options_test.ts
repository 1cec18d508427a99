import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import {
  type DecisionOptions,
  disposeMemgen,
  type MemgenConfig,
} from "@/lib/memgen/mod.ts";
import { parseDecoderConfig, readJsonObject } from "@/lib/models/mod.ts";
import { UsageError } from "@/tasks/cli.ts";
import {
  loadMemgenModules,
  type MemgenArguments,
  parseDecisions,
  requireMemgenArguments,
} from "@/tasks/memgen_options.ts";
import { parityPath, tensorTest } from "@/tests/models/tiny.ts";

Deno.test("requireMemgenArguments() refuses MemGen's settings without MemGen", () => {
  const refused: readonly (readonly [MemgenArguments, string])[] = [
    [{ trigger: "learned" }, "--trigger must come with --memgen"],
    [
      { maxPromptAugmentations: 0 },
      "--max-prompt-augmentations must come with --memgen",
    ],
    [
      { maxInferenceAugmentations: 0 },
      "--max-inference-augmentations must come with --memgen",
    ],
  ];
  for (const [args, rule] of refused) {
    assertThrows(
      () => requireMemgenArguments("generate", args),
      UsageError,
      `Cannot run generate as ${rule}: current value is only ${
        Object.values(args)[0]
      }`,
    );
    requireMemgenArguments("generate", { ...args, memgen: "m" });
  }
  requireMemgenArguments("generate", { triggerTemperature: 0 });
});

const DECISIONS: readonly (readonly [MemgenArguments, DecisionOptions])[] = [
  [{}, { decide: undefined }],
  [{ trigger: "always" }, { decide: "always" }],
  [{ trigger: "never" }, { decide: "never" }],
  [{ trigger: "learned" }, { decide: "trigger", sampleDecisions: undefined }],
  [
    { trigger: "learned", triggerTemperature: 0.5 },
    { decide: "trigger", sampleDecisions: { temperature: 0.5 } },
  ],
  [
    { trigger: "random:0.2" },
    { decide: { probability: 0.2, positions: "delimiters" } },
  ],
  [
    { trigger: "random-anywhere:1" },
    { decide: { probability: 1, positions: "any" } },
  ],
];

for (const [args, decisions] of DECISIONS) {
  Deno.test(`parseDecisions() reads ${JSON.stringify(args)}`, () => {
    assertEquals(parseDecisions("generate", args), decisions);
  });
}

for (
  const trigger of [
    "active",
    "random",
    "random:",
    "random:2",
    "random:-1",
    "random:0x1",
    "anywhere:0.5",
  ]
) {
  Deno.test(`parseDecisions() refuses --trigger ${trigger}`, () => {
    assertThrows(
      () => parseDecisions("generate", { trigger }),
      UsageError,
      `Cannot run generate as --trigger must be always, never, learned, random:P or random-anywhere:P with P in [0, 1]: current value is ${trigger}`,
    );
  });
}

Deno.test("parseDecisions() draws only what the trigger decides", () => {
  for (const trigger of [undefined, "always", "random:0.5"]) {
    assertThrows(
      () => parseDecisions("evaluate", { trigger, triggerTemperature: 1 }),
      UsageError,
      `Cannot run evaluate as --trigger-temperature must come with --trigger learned: current value is ${
        trigger ?? "none"
      }`,
    );
  }
});

tensorTest(
  "loadMemgenModules() loads nothing without a folder, and lets options override the checkpoint",
  async () => {
    const file = parityPath("models", "tiny-qwen2.5", "config.json");
    const model = parseDecoderConfig(readJsonObject(file), file);
    const load = async (
      args: MemgenArguments,
    ): Promise<MemgenConfig | undefined> => {
      const modules = await loadMemgenModules(args, model);
      if (modules !== undefined) disposeMemgen(modules);
      return modules?.config;
    };
    const memgen = parityPath(
      "expected",
      "tiny-qwen2.5",
      "memgen-trigger",
      "checkpoint",
    );
    assertEquals(await load({}), undefined);
    const own = await load({ memgen, trigger: "never" });
    assertEquals(own?.triggerActive, true);
    assertEquals(own?.maxPromptAugmentations, 1);
    assertEquals(own?.maxInferenceAugmentations, 3);
    assertEquals(
      await load({
        memgen,
        maxPromptAugmentations: 0,
        maxInferenceAugmentations: 7,
      }),
      { ...own!, maxPromptAugmentations: 0, maxInferenceAugmentations: 7 },
    );
  },
);
