import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  FAMILIES,
  initializeLora,
  loadLora,
  loraChange,
  type LoraConfig,
  loraFromAdapter,
  loraShapes,
  loraToAdapter,
  loraView,
  mergeLora,
  parseDecoderConfig,
  readJsonObject,
  readLoraAdapter,
  writeLoraAdapter,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  disposeTree,
  type NamedTensors,
  withPrecision,
} from "@/lib/tensorflow/mod.ts";
import { tensorflowTest } from "@/tests/backend.ts";
import {
  assertClose,
  fullPass,
  PARITY_NAMES,
  parityPath,
  randomFactors,
  randomWeights,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "./tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const SETTINGS: LoraConfig = {
  rank: 2,
  alpha: 3,
  dropout: 0.1,
  targetModules: ["down_proj", "q_proj", "v_proj"],
  bias: "none",
};
const IDS = [[3, 14, 15, 9, 2], [27, 18, 28, 0, 39]];

tidyTest("loraChange() is x A^T B^T scale, worked out by hand", () => {
  const factors = {
    a: tf.tensor2d([[1, 2, 0]]),
    b: tf.tensor2d([[1], [-1]]),
  };
  const x = tf.tensor2d([[1, 1, 5], [0, 2, 0]]);
  // A x is 3 and 4; times B and 0.5.
  assertEquals(
    loraChange(x, factors, 0.5).arraySync(),
    [[1.5, -1.5], [2, -2]],
  );
});

Deno.test("loraShapes() names two factors for each projection of each layer", () => {
  const config = tinyConfig("qwen3", { layers: 1, ropeLayers: [true] });
  const shapes = loraShapes(config, {
    ...SETTINGS,
    targetModules: ["k_proj", "down_proj"],
  }, "w.");
  assertEquals(Object.fromEntries(shapes), {
    "w.model.layers.0.self_attn.k_proj.lora_A.weight": [2, 16],
    "w.model.layers.0.self_attn.k_proj.lora_B.weight": [12, 2],
    "w.model.layers.0.mlp.down_proj.lora_A.weight": [2, 24],
    "w.model.layers.0.mlp.down_proj.lora_B.weight": [16, 2],
  });
});

for (const target of ["c_attn", "embed_tokens", "lm_head", "q_norm", "proj"]) {
  Deno.test(`loraShapes() refuses the target ${target}`, () => {
    assertThrows(
      () =>
        loraShapes(tinyConfig("qwen3"), {
          ...SETTINGS,
          targetModules: [target],
        }, ""),
      RangeError,
      `Cannot adapt the model as a target must be one of its projections: current value is ${target}`,
    );
  });
}

tidyTest("initializeLora() draws A within 1/sqrt(in), B is zero", () => {
  const create = (seed: number) =>
    initializeLora(tinyConfig("qwen2"), SETTINGS, {
      prefix: "",
      random: seededRandom(seed),
    });
  const [first, again, other] = [create(1), create(1), create(2)];
  for (const [name, factor] of Object.entries(first)) {
    const values = factor.dataSync();
    assertEquals(again[name].dataSync(), values);
    if (name.endsWith("lora_B.weight")) {
      assert(values.every((value) => value === 0), name);
    } else {
      const bound = 1 / Math.sqrt(factor.shape[1]!);
      const largest = Math.max(...Array.from(values, Math.abs));
      assert(largest <= bound && largest > 0.8 * bound, name);
      assert(values.some((value, i) => value !== other[name].dataSync()[i]));
    }
  }
});

for (const family of FAMILIES) {
  tidyTest(`initializeLora() changes nothing of ${family} yet`, () => {
    const config = tinyConfig(family);
    const weights = randomWeights(config, 1);
    const random = seededRandom("lora");
    const factors = initializeLora(config, SETTINGS, { prefix: "", random });
    const lora = loraView(factors, "", SETTINGS);
    assertEquals(Object.keys(lora.modules).length, 3 * config.layers);
    assertEquals(
      fullPass(config, { weights, lora }, IDS).dataSync(),
      fullPass(config, { weights }, IDS).dataSync(),
    );
  });

  tidyTest(`mergeLora() computes what the adapter does on ${family}`, () => {
    const config = tinyConfig(family);
    const weights = randomWeights(config, 1);
    const factors = randomFactors(loraShapes(config, SETTINGS, ""));
    const lora = loraView(factors, "", SETTINGS);
    const plain = fullPass(config, { weights }, IDS).dataSync();
    const adapted = fullPass(config, { weights, lora }, IDS).dataSync();
    const merged = mergeLora(weights, lora);
    assertClose(
      fullPass(config, { weights: merged }, IDS).dataSync(),
      adapted,
      1e-5,
    );
    assert(adapted.some((value, i) => Math.abs(value - plain[i]) > 0.1));
  });
}

tensorflowTest("mergeLora() rounds no weights, even in bf16", () => {
  const weights = { "q.weight": tf.tensor2d([[1]]) };
  const factor = tf.tensor2d([[257 / 256]]);
  const lora = { scale: 1, modules: { q: { a: factor, b: factor } } };
  const merged = withPrecision("bf16", () => mergeLora(weights, lora));
  assertEquals(merged["q.weight"].arraySync(), [[1 + (257 / 256) ** 2]]);
});

tensorTest("mergeLora() makes tensors for adapted projections only", () => {
  const config = tinyConfig("qwen2");
  const weights = randomWeights(config, 1);
  const factors = randomFactors(loraShapes(config, SETTINGS, ""));
  const lora = loraView(factors, "", SETTINGS);
  const merged = mergeLora(weights, lora);
  assertEquals(Object.keys(merged), Object.keys(weights));
  for (const name of Object.keys(weights)) {
    const isAdapted = name.slice(0, -".weight".length) in lora.modules;
    assertEquals(merged[name] !== weights[name], isAdapted, name);
  }
  for (const module of Object.keys(lora.modules)) {
    merged[`${module}.weight`].dispose();
  }
  disposeTree([weights, factors]);
});

tidyTest("mergeLora() is W + scale (B A)^T, worked out by hand", () => {
  const weights = { "m.weight": tf.tensor2d([[1, 0], [0, 1]]) };
  const a = tf.tensor2d([[1, 2]]);
  const b = tf.tensor2d([[3], [4]]);
  const merged = mergeLora(weights, { scale: 10, modules: { m: { a, b } } });
  assertEquals(merged["m.weight"].arraySync(), [[31, 40], [60, 81]]);
});

tidyTest(
  "loraView() takes what is under its prefix and scales by alpha / r",
  () => {
    const shapes = loraShapes(tinyConfig("qwen2"), SETTINGS, "weaver.");
    const parameters: NamedTensors = {
      ...randomFactors(shapes),
      ...randomFactors(loraShapes(tinyConfig("qwen2"), SETTINGS, "trigger.")),
      "weaver.scale": tf.scalar(1),
    };
    const { scale, modules } = loraView(parameters, "weaver.", SETTINGS);
    assertEquals(scale, 1.5);
    assertEquals(Object.keys(modules).length, shapes.size / 2);
    const path = "model.layers.1.mlp.down_proj";
    const { a, b } = modules[path];
    assert(a === parameters[`weaver.${path}.lora_A.weight`]);
    assert(b === parameters[`weaver.${path}.lora_B.weight`]);
  },
);

for (const name of PARITY_NAMES) {
  tensorTest(
    `loraToAdapter() gives back what loraFromAdapter() read of ${name}`,
    () => {
      const adapter = readLoraAdapter(parityPath("expected", name, "adapter"));
      const parameters = loraFromAdapter(adapter, "weaver.");
      const again = loraToAdapter(parameters, "weaver.", adapter.config);
      assertEquals(again, { ...adapter, baseModel: null });
      disposeTree(parameters);
    },
  );
}

tensorTest(
  "loadLora() reads what was written with writeLoraAdapter()",
  () =>
    withFolder((folder) => {
      const config = tinyConfig("smollm3");
      const factors = randomFactors(loraShapes(config, SETTINGS, "w."));
      writeLoraAdapter(folder, loraToAdapter(factors, "w.", SETTINGS));
      const lora = loadLora(folder, config);
      assertEquals(lora.scale, 1.5);
      for (const [path, { a, b }] of Object.entries(lora.modules)) {
        for (const [factor, tensor] of [["A", a], ["B", b]] as const) {
          assertEquals(
            tensor.dataSync(),
            factors[`w.${path}.lora_${factor}.weight`].dataSync(),
          );
        }
      }
      disposeTree([factors, lora]);
    }),
);

tensorTest("loadLora() refuses an adapter of another model, by factor", () => {
  const folder = parityPath("expected", "tiny-qwen2.5", "adapter");
  const file = parityPath("models", "tiny-qwen2.5", "config.json");
  const model = parseDecoderConfig(readJsonObject(file), file);
  const cases = [
    [
      { layers: 3 },
      `'model.layers.3.self_attn.q_proj.lora_A.weight' must be that of the model, "none": current value is [8,64]`,
    ],
    [
      { layers: 5 },
      `'model.layers.4.self_attn.q_proj.lora_A.weight' must be that of the model, [8,64]: current value is "none"`,
    ],
    [
      { keyValueHeads: 4 },
      `'model.layers.0.self_attn.v_proj.lora_B.weight' must be that of the model, [64,8]: current value is [32,8]`,
    ],
  ] as const;
  for (const [change, message] of cases) {
    assertThrows(
      () => loadLora(folder, { ...model, ...change }),
      RangeError,
      `Cannot load ${folder} as the shape of ${message}`,
    );
  }
});
