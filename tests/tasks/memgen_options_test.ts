import "@/tests/backend.ts";
import {
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { Bm25 } from "@/lib/benchmarks/mod.ts";
import {
  type DecisionOptions,
  disposeMemgen,
  makeRetrieve,
  type MemgenConfig,
  MemgenMemory,
  saveMemgen,
} from "@/lib/memgen/mod.ts";
import {
  Generator,
  initializeWeights,
  loadModel,
  type Memory,
  type Model,
  readTokenizerFiles,
  saveModel,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { UsageError } from "@/tasks/cli.ts";
import {
  type MemgenArguments,
  openMemory,
  parseDecisions,
  requireMemgenArguments,
} from "@/tasks/memgen_options.ts";
import { withFolder } from "@/tests/folder.ts";
import { memgenConfig, randomModules } from "@/tests/memgen/tiny_memgen.ts";
import { parityPath, tensorTest } from "@/tests/models/tiny.ts";

Deno.test("requireMemgenArguments() refuses MemGen's settings without MemGen", () => {
  const refused: readonly (readonly [MemgenArguments, string])[] = [
    [{ trigger: "learned" }, "--trigger must come with --memgen"],
    [{ weaverModel: "w" }, "--weaver-model must come with --memgen"],
    [{ externalMemory: "e" }, "--external-memory must come with --memgen"],
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

const MODEL = parityPath("models", "tiny-qwen2.5");

tensorTest(
  "openMemory() opens nothing without a folder, and lets options override the checkpoint",
  async () => {
    const model = await loadModel(MODEL);
    const open = async (
      args: MemgenArguments,
    ): Promise<MemgenConfig | undefined> => {
      const opened = await openMemory("generate", args, model);
      opened?.dispose();
      return opened?.memory.config;
    };
    const memgen = parityPath(
      "expected",
      "tiny-qwen2.5",
      "memgen-trigger",
      "checkpoint",
    );
    assertEquals(await open({}), undefined);
    const own = await open({ memgen, trigger: "never" });
    assertEquals(own?.triggerActive, true);
    assertEquals(own?.maxPromptAugmentations, 1);
    assertEquals(own?.maxInferenceAugmentations, 3);
    assertEquals(
      await open({
        memgen,
        maxPromptAugmentations: 0,
        maxInferenceAugmentations: 7,
      }),
      { ...own!, maxPromptAugmentations: 0, maxInferenceAugmentations: 7 },
    );
    disposeTree(model.weights);
  },
);

const TEXTS = ["One apple.", "Two pears.", "Two apples, two pears."];

/** Runs `use` with a checkpoint whose weaver is larger and reads snippets. */
async function withLargerWeaver(
  use: (
    files: { memgen: string; weaverModel: string; externalMemory: string },
    memory: MemgenMemory,
    model: Model,
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const model = await loadModel(MODEL);
    const config = { ...model.config, hiddenSize: 48, heads: 4, headDim: 12 };
    const weights = initializeWeights(config, seededRandom("weaver"));
    const files = {
      memgen: join(folder, "memgen"),
      weaverModel: join(folder, "weaver"),
      externalMemory: join(folder, "texts.txt"),
    };
    const weaver = { ...model, config, weights };
    const tokenizerFiles = readTokenizerFiles(MODEL);
    saveModel(files.weaverModel, weaver, { tokenizerFiles });
    const base = { ...model, weaverBase: weaver };
    const settings = memgenConfig({ maxSnippetTokens: 8 });
    const modules = randomModules(base, settings, 1);
    await saveMemgen(files.memgen, model.config, modules);
    Deno.writeTextFileSync(files.externalMemory, `${TEXTS.join("\n\n")}\n`);
    const bm25 = new Bm25(TEXTS);
    const search = (query: string) =>
      bm25.search(query, 1).map(({ index }) => TEXTS[index]);
    const memory = new MemgenMemory(base, modules, {
      functions: "never",
      retrieve: makeRetrieve(model.tokenizer, search, settings),
    });
    await use(files, memory, model);
    memory.dispose();
    disposeMemgen(modules);
    disposeTree([model.weights, weights]);
  });
}

tensorTest(
  "openMemory() gives a weaver of another size what it retrieves",
  () =>
    withLargerWeaver(async (files, expected, model) => {
      const args = { ...files, externalTexts: 1 };
      const opened = await openMemory("generate", args, model);
      const generator = new Generator(model, "never");
      const generate = (memory?: Memory) =>
        generator.generate(
          ["apple", "two pears", "x"].map(model.tokenizer.encode),
          { maxNewTokens: 8, memory },
        );
      assertEquals(generate(opened!.memory), generate(expected));
      assertNotEquals(generate(opened!.memory), generate());
      opened!.dispose();
      generator.dispose();
    }),
);

tensorTest(
  "openMemory() refuses snippets without texts, and texts in vain",
  () =>
    withLargerWeaver(async ({ externalMemory, ...files }, _, model) => {
      const rule =
        "Cannot run generate as --external-memory must come with a checkpoint whose weaver reads snippets, and the other way round: current value is";
      await assertRejects(
        () => openMemory("generate", files, model),
        UsageError,
        `${rule} no file and 8 tokens of snippets`,
      );
      const kind = ["expected", "tiny-qwen2.5", "memgen-always", "checkpoint"];
      const memgen = parityPath(...kind);
      await assertRejects(
        () => openMemory("generate", { memgen, externalMemory }, model),
        UsageError,
        `${rule} ${externalMemory} and 0 tokens of snippets`,
      );
    }),
);
