import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  type DecoderConfig,
  FAMILIES,
  type HostTensor,
  initializeWeights,
  isProjection,
  loadModel,
  loadTokenizer,
  loadWeights,
  type Model,
  openCheckpoint,
  parseDecoderConfig,
  readJsonObject,
  readTokenizerFiles,
  saveModel,
  saveWeights,
  toHost,
  toTensor,
  weightShapes,
  writeCheckpoint,
  writeJson,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  PARITY_NAMES,
  parityPath,
  randomWeights,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "./tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const TOKENIZER = parityPath("models", "tiny-qwen2.5");
/** As many tokens as that tokenizer has. */
const VOCABULARY = { vocabSize: 1024, eosTokenIds: [1023] };
const OPTIONS = { tokenizerFiles: readTokenizerFiles(TOKENIZER) };
const QUERY = "model.layers.1.self_attn.q_proj.weight";

/** A random model with that tokenizer; the caller owns its weights. */
function smallModel(config = tinyConfig("qwen2", VOCABULARY)): Model {
  return {
    config,
    weights: randomWeights(config, 1),
    tokenizer: loadTokenizer(TOKENIZER),
  };
}

/** A saved random model, its tensors changed before they are written. */
async function withSaved(
  use: (folder: string) => unknown,
  change: (tensors: Map<string, HostTensor>) => void = () => {},
): Promise<void> {
  await withFolder(async (folder) => {
    const model = smallModel();
    const saved = join(folder, "model");
    saveModel(saved, model, OPTIONS);
    disposeTree(model.weights);
    const tensors = new Map<string, HostTensor>();
    {
      using checkpoint = openCheckpoint(saved);
      for (const name of checkpoint.tensors.keys()) {
        tensors.set(name, checkpoint.read(name));
      }
    }
    change(tensors);
    writeCheckpoint(saved, tensors, { allowNonFinite: true });
    await use(saved);
  });
}

for (const name of PARITY_NAMES) {
  tensorTest(`loadModel() reads every value of ${name}`, async () => {
    const folder = parityPath("models", name);
    const { config, weights, tokenizer } = await loadModel(folder);
    using checkpoint = openCheckpoint(folder);
    assertEquals(
      Object.keys(weights).sort(),
      [...checkpoint.tensors.keys()].sort(),
    );
    for (const [name, weight] of Object.entries(weights)) {
      const stored = isProjection(name) ? weight.transpose() : weight;
      assertEquals(toHost(stored), checkpoint.read(name), name);
      if (stored !== weight) stored.dispose();
    }
    const file = join(folder, "config.json");
    assertEquals(config, parseDecoderConfig(readJsonObject(file), file));
    assertEquals(tokenizer.eosTokenId, config.eosTokenIds[0]);
    disposeTree(weights);
  });
}

for (const family of FAMILIES) {
  tensorTest(
    `loadModel() reads back exactly what saveModel() wrote of ${family}`,
    () =>
      withFolder(async (folder) => {
        const config = tinyConfig(family, VOCABULARY);
        const model = smallModel(config);
        saveModel(join(folder, "a", "b"), model, OPTIONS);
        const again = await loadModel(join(folder, "a", "b"));
        assertEquals(again.config, config);
        for (const name of weightShapes(config).keys()) {
          assertEquals(
            toHost(again.weights[name]),
            toHost(model.weights[name]),
            name,
          );
        }
        const text = "Save me: <|im_start|> 1,000.";
        assertEquals(
          again.tokenizer.encode(text),
          model.tokenizer.encode(text),
        );
        disposeTree([model.weights, again.weights]);
      }),
  );
}

tensorTest(
  "loadWeights() reads what saveWeights() wrote, and refuses another shape",
  () =>
    withFolder((folder) => {
      const config = tinyConfig("qwen2", VOCABULARY);
      const { weights } = smallModel(config);
      saveWeights(folder, config, weights);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [
        "model.safetensors",
      ]);
      const again = loadWeights(folder, config);
      assertEquals(
        Object.values(again).map(toHost),
        Object.values(weights).map(toHost),
      );
      disposeTree(again);
      const smaller = { ...config, layers: config.layers - 1 };
      assertThrows(
        () => saveWeights(join(folder, "other"), smaller, weights),
        Error,
        "as every tensor must have a place in the model",
      );
      assertThrows(
        () => loadWeights(folder, smaller),
        Error,
        `Cannot load ${folder} as every tensor must have a place in the model`,
      );
      disposeTree(weights);
      return Promise.resolve();
    }),
);

tensorTest(
  "saveModel() writes the files that transformers reads",
  () =>
    withSaved((folder) => {
      const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
      assertEquals(names.sort(), [
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
      ]);
      const generation = readJsonObject(join(folder, "generation_config.json"));
      assertEquals(generation.eos_token_id, 1023);
      assertEquals(generation.pad_token_id, 1021);
      assertEquals(
        readJsonObject(join(folder, "config.json")).pad_token_id,
        1021,
      );
      assertEquals(readTokenizerFiles(folder), OPTIONS.tokenizerFiles);
      return Promise.resolve();
    }),
);

tensorTest(
  "saveModel() refuses tensors that are not the model's and writes nothing",
  () =>
    withFolder((folder) => {
      const model = smallModel();
      const norm = "model.norm.weight";
      const { [norm]: _, ...missing } = model.weights;
      const strange = tf.zeros([2]);
      const target = join(folder, "model");
      const cases = [
        [missing, `there must be a tensor '${norm}': current value is none`],
        [
          { ...model.weights, [norm]: strange },
          `tensor '${norm}' must have shape [16]: current value is [2]`,
        ],
        [
          { ...model.weights, strange },
          `every tensor must have a place in the model: current value is 'strange'`,
        ],
      ] as const;
      for (const [weights, message] of cases) {
        assertThrows(
          () => saveModel(target, { ...model, weights }, OPTIONS),
          Error,
          `Cannot save ${target} as ${message}`,
        );
      }
      const nan = tf.fill([16], NaN);
      assertThrows(
        () =>
          saveModel(
            target,
            { ...model, weights: { ...model.weights, [norm]: nan } },
            OPTIONS,
          ),
        RangeError,
        `Cannot write tensor ${norm} of ${join(target, "model.safetensors")}`,
      );
      disposeTree([model.weights, strange, nan]);
      assertThrows(
        () => Deno.statSync(join(target, "config.json")),
        Deno.errors.NotFound,
      );
    }),
);

tensorTest("loadModel() names a missing tensor", () =>
  withSaved(
    (folder) =>
      assertRejects(
        () => loadModel(folder),
        Error,
        `Cannot load ${folder} as there must be a tensor '${QUERY}': current value is none`,
      ),
    (tensors) => tensors.delete(QUERY),
  ));

tensorTest("loadModel() names a tensor that has no place", () =>
  withSaved(
    (folder) =>
      assertRejects(
        () => loadModel(folder),
        Error,
        `Cannot load ${folder} as every tensor must have a place in the model: current value is 'lm_head.weight'`,
      ),
    (tensors) =>
      tensors.set("lm_head.weight", tensors.get("model.embed_tokens.weight")!),
  ));

tensorTest("loadModel() names a tensor of the wrong shape", () =>
  withSaved(
    (folder) =>
      assertRejects(
        () => loadModel(folder),
        RangeError,
        `Cannot load ${folder} as tensor '${QUERY}' must have shape [16,16]: current value is [8,32]`,
      ),
    (tensors) => tensors.set(QUERY, { ...tensors.get(QUERY)!, shape: [8, 32] }),
  ));

tensorTest(
  "loadModel() names a tensor that is not finite, and leaks nothing",
  () =>
    withSaved(
      (folder) =>
        assertRejects(
          () => loadModel(folder),
          RangeError,
          `Cannot read tensor ${QUERY} of ${
            join(folder, "model.safetensors")
          } as its values must be finite: current value is NaN at element 7`,
        ),
      (tensors) => tensors.get(QUERY)!.data[7] = NaN,
    ),
);

tensorTest(
  "loadModel() refuses a truncated file",
  () =>
    withSaved(async (folder) => {
      const path = join(folder, "model.safetensors");
      const { size } = Deno.statSync(path);
      for (
        const [length, message] of [
          [size - 1, "its data must end inside the file's"],
          [100, "its header must end inside the file of 100 bytes"],
          [3, "it must hold an 8-byte header length: current value is 3"],
        ] as const
      ) {
        Deno.truncateSync(path, length);
        const error = await assertRejects(
          () => loadModel(folder),
          SyntaxError,
          message,
        );
        assert(error.message.includes(path));
      }
    }),
);

tensorTest(
  "loadModel() refuses a config.json of another model",
  () =>
    withSaved(async (folder) => {
      const path = join(folder, "config.json");
      const fields = readJsonObject(path);
      writeJson(path, { ...fields, model_type: "gpt2" });
      await assertRejects(
        () => loadModel(folder),
        RangeError,
        `Cannot read ${path} as 'model_type' must be one of qwen2, qwen3, smollm3: current value is "gpt2"`,
      );
      writeJson(path, { ...fields, vocab_size: 1023, eos_token_id: 0 });
      await assertRejects(
        () => loadModel(folder),
        RangeError,
        `Cannot load ${folder} as its tokenizer must have at most the 1023 tokens of its 'vocab_size': current value is 1024`,
      );
    }),
);

for (
  const [file, named] of [
    ["config.json", "config.json"],
    ["tokenizer.json", "tokenizer.json"],
    ["tokenizer_config.json", "tokenizer_config.json"],
    ["model.safetensors", ""],
  ]
) {
  tensorTest(
    `loadModel() names what is missing without ${file}`,
    () =>
      withSaved(async (folder) => {
        Deno.removeSync(join(folder, file));
        await assertRejects(
          () => loadModel(folder),
          Deno.errors.NotFound,
          join(folder, named),
        );
      }),
  );
}

Deno.test("readTokenizerFiles() leaves out what a folder need not have", () =>
  withFolder((folder) => {
    const required = ["tokenizer.json", "tokenizer_config.json"];
    for (const name of required) {
      Deno.writeTextFileSync(join(folder, name), `"${name}"`);
    }
    assertEquals(
      readTokenizerFiles(folder),
      new Map(required.map((name) => [name, `"${name}"`])),
    );
    Deno.removeSync(join(folder, "tokenizer.json"));
    assertThrows(
      () => readTokenizerFiles(folder),
      Deno.errors.NotFound,
      "tokenizer.json",
    );
  }));

tidyTest(
  "initializeWeights() draws matrices with standard deviation 0.02",
  () => {
    const config: DecoderConfig = tinyConfig("qwen2", { vocabSize: 2000 });
    const weights = initializeWeights(config, seededRandom(1));
    assertEquals(
      Object.entries(weights).map(([name, { shape }]) => [name, shape]),
      Array.from(
        weightShapes(config),
        ([name, shape]) => [
          name,
          isProjection(name) ? shape.toReversed() : shape,
        ],
      ),
    );
    const { mean, variance } = tf.moments(weights["model.embed_tokens.weight"]);
    // 32,000 numbers: four standard errors of the mean and of the deviation.
    assert(Math.abs(mean.dataSync()[0]) < 4 * 0.02 / Math.sqrt(32_000));
    const deviation = Math.sqrt(variance.dataSync()[0]);
    assert(Math.abs(deviation / 0.02 - 1) < 4 / Math.sqrt(64_000));
  },
);

for (const family of FAMILIES) {
  tidyTest(
    `initializeWeights() sets norms of ${family} to 1 and biases to 0`,
    () => {
      const config = tinyConfig(family);
      const weights = initializeWeights(config, seededRandom(1));
      const again = initializeWeights(config, seededRandom(1));
      const other = initializeWeights(config, seededRandom(2));
      for (const [name, weight] of Object.entries(weights)) {
        const values = [...new Set(weight.dataSync())];
        if (weight.rank === 1) {
          assertEquals(values, [name.endsWith("bias") ? 0 : 1], name);
        } else {
          assert(values.length > weight.size / 2, name);
          assertEquals(again[name].dataSync(), weight.dataSync());
          assert(other[name].dataSync()[0] !== weight.dataSync()[0]);
        }
      }
    },
  );
}

tidyTest("toTensor() and toHost() keep type, shape and values", () => {
  const hosts: HostTensor[] = [
    { shape: [2, 2], data: Float32Array.of(1, -2.5, 3, 0) },
    { shape: [3], data: Int32Array.of(7, -1, 2 ** 30) },
    { shape: [], data: Float32Array.of(4) },
  ];
  for (const host of hosts) assertEquals(toHost(toTensor(host)), host);
  assertEquals(hosts.map((host) => toTensor(host).dtype), [
    "float32",
    "int32",
    "float32",
  ]);
});
