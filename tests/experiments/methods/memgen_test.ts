import "@/tests/backend.ts";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  disposeMemgen,
  type Insertion,
  loadMemgen,
  MemgenMemory,
} from "@/lib/memgen/mod.ts";
import { type Generation, Generator, type Memory } from "@/lib/models/mod.ts";
import { disposeTree, jitStatistics } from "@/lib/tensorflow/mod.ts";
import { conversationRow } from "@/lib/training/mod.ts";
import { batchShape } from "@/experiments/batch_shape.ts";
import { memgenMethod } from "@/experiments/methods/memgen.ts";
import {
  methodModel,
  prompts,
  testMethod,
  testSeededStart,
  train,
  values,
} from "@/tests/experiments/methods/tiny_methods.ts";
import { memgenConfig } from "@/tests/memgen/tiny_memgen.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const MODEL = methodModel();
const GENERATOR = new Generator(MODEL, "never");

function generate(memory?: Memory): Generation[] {
  return GENERATOR.generate(prompts(MODEL), { maxNewTokens: 8, memory });
}

/** Adds the tests of one insertion; its method compiles three functions. */
function testInsertion(insertion: Insertion): void {
  const config = memgenConfig({ insertion, maxInferenceAugmentations: 1 });
  const method = memgenMethod(MODEL, config);
  const name = `memgenMethod() to ${insertion}`;
  testMethod(name, MODEL, method);
  testSeededStart(name, MODEL, method);

  Deno.test(`${name} is named by it`, () => {
    assertEquals(method.id, `memgen-${insertion}`);
    assertEquals(method.settings.insertion, insertion);
  });

  tensorTest(
    `${name} answers from its folder as from memory`,
    () =>
      withFolder(async (folder) => {
        const { parameters } = await train(method, MODEL);
        await method.save(folder, parameters);
        const loaded = await loadMemgen(folder, MODEL.config);
        assertEquals(loaded.config, config);
        assertEquals(values(loaded.weaver), values(parameters));

        const memory = new MemgenMemory(
          MODEL,
          { config, weaver: parameters, trigger: loaded.trigger },
          { functions: "never" },
        );
        const expected = generate(memory);
        const applied = await method.load(folder);
        const found = generate(applied.memory);
        assertEquals(found, expected);
        assertEquals(found[0].augmentation[0], 1);
        assertNotEquals(found, generate());
        applied.dispose();

        // Another load compiles nothing anew.
        const before = jitStatistics();
        const again = await method.load(folder);
        assertEquals(generate(again.memory), found);
        assertEquals(jitStatistics(), before);
        again.dispose();

        memory.dispose();
        disposeMemgen(loaded);
        disposeTree(parameters);
      }),
  );
}

testInsertion("prepend");
testInsertion("append");

tensorTest("memgenMethod() learns every turn of an episode", async () => {
  const rows = ["plum", "kite", "drum"].map((item) =>
    conversationRow(MODEL.tokenizer, [
      { role: "user", content: "Where?" },
      { role: "assistant", content: `I look for a ${item}, there.` },
      { role: "user", content: "It is open." },
      { role: "assistant", content: `I take the ${item}, now.` },
    ])
  );
  for (const memoryScope of ["episode", "turn"] as const) {
    const config = memgenConfig({
      insertion: "prepend",
      memoryScope,
      maxPromptAugmentations: 2,
      maxInferenceAugmentations: 0,
    });
    const method = memgenMethod(MODEL, config);
    const shape = batchShape(rows, 3);
    assertEquals(shape.turns, 2);
    const run = { shape, peakRate: 5e-2, steps: 8, seed: 3 };
    const { parameters, metrics } = await method.train(rows, run);
    const losses = metrics.map(({ loss }) => loss);
    assert(losses[7] < losses[0] - 0.1, `${memoryScope}: ${losses}`);
    disposeTree(parameters);
  }
});

tensorTest("memgenMethod() inserts at random boundaries if asked", async () => {
  const config = memgenConfig({ insertion: "prepend" });
  const method = memgenMethod(MODEL, config, { boundaryProbability: 0 });
  assertEquals(method.settings.boundaryProbability, 0);
  const trained: Record<string, unknown>[] = [];
  for (const peakRate of [0, 1e-2]) {
    const { parameters } = await train(method, MODEL, { steps: 2, peakRate });
    trained.push(values(parameters));
    disposeTree(parameters);
  }
  const [still, moved] = trained;
  // Without an insertion after a delimiter its queries learn nothing.
  const queries = (kind: string) => `weaver.${kind}_query_latents`;
  assertEquals(moved[queries("inference")], still[queries("inference")]);
  assertNotEquals(moved[queries("prompt")], still[queries("prompt")]);
});
