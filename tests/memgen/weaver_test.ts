import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  initializeWeaver,
  toReasoner,
  toWeaver,
  weaverLora,
  weaverQueries,
  weaverShapes,
} from "@/lib/memgen/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { checkModules } from "@/tasks/parity/memgen_modules.ts";
import {
  assertParity,
  largest,
  memgenConfig,
  withParityCase,
} from "@/tests/memgen/tiny_memgen.ts";
import {
  assertClose,
  PARITY_NAMES,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "@/tests/models/tiny.ts";

tidyTest("weaverQueries() normalises, then scales", () => {
  const parameters = {
    "weaver.prompt_query_latents": tf.tensor2d([[1, 2, 3, 6], [0, 0, 4, 4]]),
    "weaver.prompt_latent_ln.weight": tf.tensor1d([1, 2, 1, 1]),
    "weaver.prompt_latent_ln.bias": tf.tensor1d([0, 0, 5, 0]),
    "weaver.prompt_latent_scale": tf.tensor1d([10]),
  };
  // Row 0: mean 3, variance 14 / 4. Row 1: mean 2, variance 4. The
  // variance is that of the row itself, not of a sample.
  const [deviation0, deviation1] = [Math.sqrt(3.5 + 1e-5), Math.sqrt(4 + 1e-5)];
  assertClose(weaverQueries(parameters, "prompt").dataSync(), [
    ...[-20 / deviation0, -20 / deviation0, 50, 30 / deviation0],
    ...[-20 / deviation1, -40 / deviation1, 50 + 20 / deviation1],
    20 / deviation1,
  ], 1e-6);
});

tidyTest("weaverQueries() has other parameters after delimiters", () => {
  const config = memgenConfig();
  const parameters = {
    ...initializeWeaver(
      { config: tinyConfig("qwen2"), weights: {} },
      config,
      seededRandom("w"),
    ),
    "weaver.inference_latent_scale": tf.tensor1d([0]),
  };
  assertEquals(weaverQueries(parameters, "prompt").shape, [2, 16]);
  const inference = weaverQueries(parameters, "inference");
  assertEquals(inference.shape, [3, 16]);
  assertEquals(largest(inference), 0);
});

tidyTest("toWeaver() and toReasoner() multiply with [out, in] and add", () => {
  const parameters = {
    "reasoner_to_weaver.weight": tf.tensor2d([[1, 2], [3, 4]]),
    "reasoner_to_weaver.bias": tf.tensor1d([10, 20]),
    "weaver_to_reasoner.weight": tf.tensor2d([[0, 1], [1, 0]]),
    "weaver_to_reasoner.bias": tf.tensor1d([0, -1]),
  };
  const x = tf.tensor3d([[[1, 1], [0, 2]]]);
  assertEquals(toWeaver(parameters, x).arraySync(), [[[13, 27], [14, 28]]]);
  assertEquals(toReasoner(parameters, x).arraySync(), [[[1, 0], [2, -1]]]);
});

tensorTest(
  "initializeWeaver() makes each tensor as PyTorch and peft do",
  () => {
    const model = tinyConfig("qwen3", { hiddenSize: 64, heads: 4 });
    const config = memgenConfig({ promptLatents: 64, inferenceLatents: 64 });
    const weaver = initializeWeaver(
      { config: model, weights: {} },
      config,
      seededRandom("initial"),
    );
    const values = (name: string) => weaver[name].dataSync<"float32">();
    for (const [name, shape] of weaverShapes(model, config)) {
      assertEquals(weaver[name].shape, shape, name);
    }
    // Uniform within 1 / sqrt(64), as nn.Linear; its deviation is bound / √3.
    for (const name of ["reasoner_to_weaver", "weaver_to_reasoner"]) {
      assertWithin(values(`${name}.weight`), 0.125, 0.125 / Math.sqrt(3));
      assert(values(`${name}.bias`).every((x) => Math.abs(x) < 0.125));
    }
    for (const kind of ["prompt", "inference"]) {
      // torch.randn: of 4,096 numbers none is beyond 5.
      assertWithin(values(`weaver.${kind}_query_latents`), 5, 1);
      assert(values(`weaver.${kind}_latent_ln.weight`).every((x) => x === 1));
      assert(values(`weaver.${kind}_latent_ln.bias`).every((x) => x === 0));
      assertEquals([...values(`weaver.${kind}_latent_scale`)], [1]);
    }
    const modules = weaverLora(weaver, config).modules;
    assertEquals(Object.keys(modules).sort(), [
      "model.layers.0.self_attn.q_proj",
      "model.layers.0.self_attn.v_proj",
      "model.layers.1.self_attn.q_proj",
      "model.layers.1.self_attn.v_proj",
    ]);
    for (const { a, b } of Object.values(modules)) {
      assertWithin(a.dataSync(), 0.125, 0.125 / Math.sqrt(3));
      assertEquals(largest(b), 0);
    }
    disposeTree(weaver);
  },
);

/** Asserts the range and, to a tenth, the deviation of random numbers. */
function assertWithin(
  values: ArrayLike<number>,
  bound: number,
  deviation: number,
): void {
  const list = Array.from(values);
  assert(list.every((value) => Math.abs(value) <= bound), `${bound}`);
  const square = list.reduce((sum, value) => sum + value ** 2, 0);
  const found = Math.sqrt(square / list.length);
  assert(Math.abs(found / deviation - 1) < 0.1, `${found} ${deviation}`);
}

tensorTest("initializeWeaver() depends on the stream alone", () => {
  const [model, config] = [tinyConfig("smollm3"), memgenConfig()];
  const [a, b, c] = ["x", "x", "y"].map((key) =>
    initializeWeaver({ config: model, weights: {} }, config, seededRandom(key))
  );
  const name = "weaver.prompt_query_latents";
  assertEquals(a[name].arraySync(), b[name].arraySync());
  assert(largest(a[name], c[name]) > 0.1);
  disposeTree([a, b, c]);
});

for (const name of PARITY_NAMES) {
  for (const kind of ["memgen-always", "memgen-trigger"] as const) {
    tensorTest(
      `Weaver and trigger give the released numbers for ${name} ${kind}`,
      () =>
        withParityCase(name, kind, (parity) => {
          const result = checkModules(parity);
          assertParity(result);
          const names = result.comparisons.map((each) => each.name);
          assertEquals(
            names.includes("trigger_logits"),
            kind === "memgen-trigger",
          );
          // Far closer than the bound of 1e-3: fp32 on both sides.
          assert(
            result.comparisons.every(({ difference }) => difference < 1e-5),
          );
        }),
    );
  }
}
