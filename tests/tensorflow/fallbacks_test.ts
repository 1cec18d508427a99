import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { loadMemgen, MemgenMemory } from "@/lib/memgen/mod.ts";
import { type Generation, Generator, loadModel } from "@/lib/models/mod.ts";
import { startCpu, startWasm } from "@/lib/tensorflow/mod.ts";
import { backend } from "@/tests/backend.ts";
import { webgpuTest } from "@/tests/webgpu.ts";

const MODEL = "tests/parity/models/tiny-qwen2.5";
const EXPECTED = "tests/parity/expected/tiny-qwen2.5/memgen-always";
const NEW_TOKENS = 12;

/** What the released code generates. */
const { generate_batch: expected }: {
  readonly generate_batch: {
    /** Prompts, padded on the left. */
    readonly input_ids: readonly (readonly number[])[];
    /** 0 for padding. */
    readonly attention_mask: readonly (readonly number[])[];
    readonly ids: readonly (readonly number[])[];
    /** Where memory is inserted. */
    readonly augmentation: readonly (readonly number[])[];
  };
} = JSON.parse(await Deno.readTextFile(`${EXPECTED}/expected.json`));

const prompts = expected.input_ids.map((row, i) =>
  row.filter((_, t) => expected.attention_mask[i][t] === 1)
);

async function generate(
  prompts: readonly (readonly number[])[],
): Promise<Generation[]> {
  const model = await loadModel(MODEL);
  const modules = await loadMemgen(`${EXPECTED}/checkpoint`, model.config);
  return new Generator(model, "never").generate(prompts, {
    maxNewTokens: NEW_TOKENS,
    memory: new MemgenMemory(model, modules, { functions: "never" }),
  });
}

Deno.test("wasm generates rows side by side as the released code does", async () => {
  try {
    await startWasm();
    assertEquals(
      await generate(prompts),
      expected.ids.map((ids, i) => ({
        ids: ids.slice(0, NEW_TOKENS),
        augmentation: expected.augmentation[i].slice(0, NEW_TOKENS),
      })),
    );
  } finally {
    await tf.setBackend(backend.name);
  }
});

Deno.test("cpu and wasm generate what TensorFlow generates", async () => {
  // The plain JavaScript backend takes seconds for a hundred tokens.
  const short = prompts.map((row, i) => row.slice(-12 + 3 * i));
  const generated = await generate(short);
  for (const start of [startWasm, startCpu]) {
    try {
      await start();
      assertEquals(await generate(short), generated, start.name);
    } finally {
      await tf.setBackend(backend.name);
    }
  }
});

webgpuTest("webgpu generates what TensorFlow generates", async () => {
  const short = prompts.map((row, i) => row.slice(-12 + 3 * i));
  const generated = await generate(short);
  await tf.setBackend(backend.name);
  assertEquals(generated, await generate(short));
});
