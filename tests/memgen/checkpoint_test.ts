import "@/tests/backend.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  disposeMemgen,
  loadMemgen,
  type MemgenModules,
  saveMemgen,
  weaverModel,
} from "@/lib/memgen/mod.ts";
import {
  type DecoderConfig,
  type HostTensor,
  parseDecoderConfig,
  readJsonObject,
  readLoraAdapter,
  readTorchArchive,
} from "@/lib/models/mod.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import { EXPECTED_MEMGEN } from "@/tasks/parity/expected_files.ts";
import { readJson } from "@/tasks/parity/json_reader.ts";
import { memgenConfig, randomModules } from "@/tests/memgen/tiny_memgen.ts";
import { variantBase, VARIANTS } from "@/tests/memgen/weaver_variants.ts";
import {
  PARITY_NAMES,
  parityPath,
  tensorTest,
  tinyConfig,
} from "@/tests/models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const NAME = "tiny-qwen2.5";
const CHECKPOINT = parityPath(
  "expected",
  NAME,
  "memgen-trigger",
  "checkpoint",
);
const MODEL = modelConfig(NAME);

function modelConfig(name: string): DecoderConfig {
  const file = parityPath("models", name, "config.json");
  return parseDecoderConfig(readJsonObject(file), file);
}

/** Values of tensors, to compare them bit by bit. */
function valuesOf(tensors: NamedTensors): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      [...tensor.shape, ...tensor.dataSync()],
    ]),
  );
}

for (const name of PARITY_NAMES) {
  for (const kind of ["memgen-always", "memgen-trigger"]) {
    tensorTest(
      `loadMemgen() reads every tensor of ${name} ${kind}`,
      async () => {
        const folder = parityPath("expected", name, kind);
        const path = join(folder, "checkpoint");
        const expected = readJson(
          join(folder, "expected.json"),
          EXPECTED_MEMGEN,
        );
        const modules = await loadMemgen(path, modelConfig(name));
        const { config, weaver, trigger } = modules;
        assertEquals(
          Object.keys(weaver).sort(),
          Object.keys(expected.sftGradNorms).sort(),
        );
        assertEquals(config.triggerActive, expected.triggerActive);
        assertEquals(config.insertion, "append");

        const values = { ...valuesOf(weaver), ...valuesOf(trigger) };
        const same = (found: string, { shape, data }: HostTensor): void => {
          assertEquals(values[found], [...shape, ...data], found);
          delete values[found];
        };
        for (const file of ["projs", "weaver", "trigger"]) {
          const prefix = file === "projs" ? "" : `${file}.`;
          const archive = await readTorchArchive(join(path, `${file}.bin`));
          for (const [key, value] of archive) {
            if (!(value instanceof Map)) {
              same(`${prefix}${key}`, value as HostTensor);
            } else {
              for (const [part, tensor] of value) {
                same(`${prefix}${key}.${part}`, tensor as HostTensor);
              }
            }
          }
        }
        for (const module of ["weaver", "trigger"]) {
          const adapter = readLoraAdapter(join(path, module, module));
          for (const [layer, { loraA, loraB }] of adapter.modules) {
            same(`${module}.lora.${layer}.lora_A.weight`, loraA);
            same(`${module}.lora.${layer}.lora_B.weight`, loraB);
          }
        }
        assertEquals(values, {});
        disposeMemgen(modules);
      },
    );
  }
}

async function assertRoundTrip(
  modules: MemgenModules,
  model: DecoderConfig,
  weaver: DecoderConfig = model,
): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, "new", "checkpoint");
    await saveMemgen(path, model, modules);
    const again = await loadMemgen(path, model, weaver);
    assertEquals(again.config, modules.config);
    assertEquals(valuesOf(again.weaver), valuesOf(modules.weaver));
    assertEquals(valuesOf(again.trigger), valuesOf(modules.trigger));
    disposeMemgen(again);
  });
}

tensorTest(
  "loadMemgen() reads what saveMemgen() writes, bit by bit",
  async () => {
    const modules = await loadMemgen(CHECKPOINT, MODEL);
    await assertRoundTrip(modules, MODEL);
    disposeMemgen(modules);
  },
);

for (const insertion of ["append", "prepend"] as const) {
  tensorTest(
    `saveMemgen() keeps insertion ${insertion} and our other settings`,
    async () => {
      const model = tinyConfig("smollm3");
      const config = memgenConfig({
        insertion,
        delimitersAfterDigits: insertion === "append",
        triggerActive: insertion === "prepend",
        triggerReads: insertion === "prepend" ? "context" : "text",
        triggerHead: insertion === "prepend" ? "sigmoid" : "softmax",
        maxInferenceAugmentations: 0,
      });
      const modules = randomModules({ config: model, weights: {} }, config, 1);
      await assertRoundTrip(modules, model);
      disposeMemgen(modules);
    },
  );
}

for (const name of Object.keys(VARIANTS)) {
  tensorTest(`saveMemgen() keeps a weaver: ${name}`, async () => {
    const base = variantBase(name);
    const config = memgenConfig(VARIANTS[name]);
    const modules = randomModules(base, config, 1);
    await assertRoundTrip(modules, base.config, weaverModel(base).config);
    disposeMemgen(modules);
    disposeTree([base.weights, base.weaverBase?.weights ?? {}]);
  });
}

tensorTest(
  "loadMemgen() refuses a weaver of another size, and layers that do not fit",
  () =>
    withFolder(async (folder) => {
      const base = variantBase("another size, all parameters");
      const config = memgenConfig({ weaver: "full" });
      const modules = randomModules(base, config, 1);
      await saveMemgen(folder, base.config, modules);
      await assertRejects(
        () => loadMemgen(folder, base.config),
        RangeError,
        `Cannot load ${folder}: reasoner_to_weaver.weight as it must have shape [16,16]: current value is [24,16]`,
      );
      const weaver = base.weaverBase!.config;
      await assertRejects(
        () => loadMemgen(folder, base.config, { ...weaver, headDim: 4 }),
        RangeError,
        `Cannot load ${folder}/weaver: model.layers.0.self_attn.q_proj.weight as it must have shape [16,24]: current value is [24,24]`,
      );
      const layers = { layers: 2, ropeLayers: [true, false] };
      await assertRejects(
        () => loadMemgen(folder, base.config, { ...weaver, ...layers }),
        Error,
        `Cannot load ${folder}/weaver as every tensor must have a place in the weaver: current value is 'model.layers.2.`,
      );
      disposeMemgen(modules);
      disposeTree([base.weights, base.weaverBase!.weights]);
    }),
);

tensorTest(
  "saveMemgen() replaces an older checkpoint",
  () =>
    withFolder(async (folder) => {
      const model = tinyConfig("qwen3");
      for (const promptLatents of [4, 1]) {
        const config = memgenConfig({ promptLatents });
        const modules = randomModules(
          { config: model, weights: {} },
          config,
          promptLatents,
        );
        await saveMemgen(folder, model, modules);
        const again = await loadMemgen(folder, model);
        assertEquals(valuesOf(again.weaver), valuesOf(modules.weaver));
        disposeMemgen(modules);
        disposeMemgen(again);
      }
    }),
);

tensorTest(
  "saveMemgen() leaves no checkpoint where it fails",
  () =>
    withFolder(async (folder) => {
      const model = tinyConfig("qwen3");
      const config = memgenConfig();
      const modules = randomModules({ config: model, weights: {} }, config, 1);
      await saveMemgen(folder, model, modules);
      const name = "trigger.output_layer.bias";
      const bias = tf.tensor1d([0, NaN]);
      const trigger = { ...modules.trigger, [name]: bias };
      await assertRejects(
        () => saveMemgen(folder, model, { ...modules, trigger }),
        RangeError,
        "Cannot write tensor output_layer.bias of",
      );
      await assertRejects(
        () => loadMemgen(folder, model),
        Deno.errors.NotFound,
        "config.json",
      );
      bias.dispose();
      disposeMemgen(modules);
    }),
);

tensorTest(
  "saveMemgen() writes the files of the released code",
  () =>
    withFolder(async (folder) => {
      const modules = await loadMemgen(CHECKPOINT, MODEL);
      await saveMemgen(folder, MODEL, modules);
      disposeMemgen(modules);
      for (const file of ["projs.bin", "weaver.bin", "trigger.bin"]) {
        const [ours, released] = await Promise.all(
          [folder, CHECKPOINT].map((path) =>
            readTorchArchive(join(path, file))
          ),
        );
        assertEquals(ours, released);
      }
      for (const module of ["weaver", "trigger"]) {
        const [ours, released] = [folder, CHECKPOINT]
          .map((path) => readLoraAdapter(join(path, module, module)));
        assertEquals(ours.modules, released.modules);
        assertEquals(ours.config, released.config);
      }
      const [ours, released] = [folder, CHECKPOINT]
        .map((path) => readJsonObject(join(path, "config.json")));
      const settings = Object.keys(released).filter((key) =>
        /latents_len|aug_num|trigger_active|lora_config|hidden|model_type/
          .test(key)
      );
      assertEquals(settings.length, 11);
      for (const key of settings) assertEquals(ours[key], released[key], key);
    }),
);
