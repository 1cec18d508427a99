import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  readJsonObject,
  writeJson,
} from "../../lib/models/checkpoint_files.ts";
import type { HostTensor } from "../../lib/models/host_tensor.ts";
import {
  type LoraAdapter,
  readLoraAdapter,
  writeLoraAdapter,
} from "../../lib/models/peft.ts";
import {
  openSafetensors,
  writeSafetensors,
} from "../../lib/models/safetensors.ts";
import { withFolderSync } from "@/tests/folder.ts";

const PARITY = join(import.meta.dirname!, "../parity/expected");
const QUERY = "model.layers.0.self_attn.q_proj";

function zeros(...shape: number[]): HostTensor {
  return { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
}

/** Rank 2 on one module of 3 inputs and 4 outputs. */
function smallAdapter(): LoraAdapter {
  return {
    config: {
      rank: 2,
      alpha: 4,
      dropout: 0.1,
      targetModules: ["q_proj"],
      bias: "none",
    },
    modules: new Map([[QUERY, { loraA: zeros(2, 3), loraB: zeros(4, 2) }]]),
    baseModel: null,
  };
}

for (
  const name of [
    "tiny-qwen2.5/adapter",
    "tiny-smollm3/adapter",
    "tiny-qwen3/memgen-always/checkpoint/weaver/weaver",
  ]
) {
  Deno.test(`writeLoraAdapter() gives back ${name} as peft wrote it`, () => {
    withFolderSync((folder) => {
      const source = join(PARITY, name);
      const adapter = readLoraAdapter(source);
      writeLoraAdapter(folder, adapter);
      assertEquals(readLoraAdapter(folder), adapter);
      const weights = "adapter_model.safetensors";
      assertEquals(
        Deno.readFileSync(join(folder, weights)),
        Deno.readFileSync(join(source, weights)),
      );
      const [ours, theirs] = [folder, source].map((path) =>
        readJsonObject(join(path, "adapter_config.json"))
      );
      assertEquals(Object.keys(ours), Object.keys(theirs));
      // peft keeps the names in a set, so their order is chance.
      assertEquals(ours, { ...theirs, "target_modules": ["q_proj", "v_proj"] });
    });
  });
}

Deno.test("readLoraAdapter() keys the factors by module", () => {
  const folder = join(PARITY, "tiny-qwen2.5/adapter");
  const { config, modules, baseModel } = readLoraAdapter(folder);
  assertEquals(config, {
    rank: 8,
    alpha: 16,
    dropout: 0.1,
    targetModules: ["q_proj", "v_proj"],
    bias: "none",
  });
  assertEquals(baseModel, "tiny1/tiny-qwen2.5");
  assertEquals(modules.size, 8);
  const { loraA, loraB } = modules.get("model.layers.3.self_attn.v_proj")!;
  assertEquals([loraA.shape, loraB.shape], [[8, 64], [32, 8]]);
  using weights = openSafetensors(join(folder, "adapter_model.safetensors"));
  const name = "base_model.model.model.layers.3.self_attn.v_proj.lora_B.weight";
  assertEquals(loraB, weights.read(name));
});

Deno.test("readLoraAdapter() refuses by name what would change the result", () => {
  const cases: [setting: string, value: unknown, rule?: string][] = [
    ["use_rslora", true],
    ["use_dora", true],
    ["use_qalora", true],
    ["fan_in_fan_out", true],
    ["lora_bias", true],
    ["modules_to_save", ["lm_head"]],
    ["rank_pattern", { "q_proj": 4 }],
    ["alpha_pattern", { "q_proj": 4 }],
    ["layers_to_transform", 0],
    ["layers_pattern", "layers"],
    ["layer_replication", [[0, 2]]],
    ["trainable_token_indices", [1]],
    ["target_parameters", ["weight"]],
    ["exclude_modules", ["v_proj"]],
    ["a_setting_of_the_future", 1],
    ["bias", "all", "bias must be none"],
    ["peft_type", "IA3", "peft_type must be LORA"],
    ["r", 0, "r must be a positive integer"],
    ["r", "8", "r must be a positive integer"],
    ["lora_alpha", null, "lora_alpha must be a number >= 0"],
    ["lora_dropout", 1, "lora_dropout must be a number in [0, 1)"],
    [
      "target_modules",
      "all-linear",
      "target_modules must be a list of module names",
    ],
    ["target_modules", [], "target_modules must be a list of module names"],
    [
      "init_lora_weights",
      "pissa",
      "init_lora_weights must not change the base model",
    ],
  ];
  withFolderSync((folder) => {
    writeLoraAdapter(folder, smallAdapter());
    const path = join(folder, "adapter_config.json");
    const good = readJsonObject(path);
    for (const [setting, value, rule] of cases) {
      writeJson(path, { ...good, [setting]: value });
      assertThrows(
        () => readLoraAdapter(folder),
        TypeError,
        `Cannot read ${path} as ${
          rule ?? `${setting} is not supported and must be off`
        }: current value is ${JSON.stringify(value)}`,
      );
    }
    const { lora_dropout: _, ...incomplete } = good;
    writeJson(path, incomplete);
    assertThrows(
      () => readLoraAdapter(folder),
      TypeError,
      "lora_dropout must be a number in [0, 1): current value is undefined",
    );
    // Harmless: other versions of peft write less or more.
    const { use_qalora: __, ...older } = good;
    writeJson(path, {
      ...older,
      "peft_version": "0.18.0",
      "new_setting": null,
    });
    assertEquals(readLoraAdapter(folder), smallAdapter());
  });
});

Deno.test("readLoraAdapter() refuses tensors that are no full set of factors", () => {
  const [factorA, factorB] = ["A", "B"].map((factor) =>
    `base_model.model.${QUERY}.lora_${factor}.weight`
  );
  const good = { [factorA]: zeros(2, 3), [factorB]: zeros(4, 2) };
  const value = "base_model.model.model.layers.0.self_attn.v_proj";
  const cases: [
    tensors: Record<string, HostTensor>,
    errorClass: typeof TypeError | typeof RangeError,
    message: string,
  ][] = [
    [
      { [factorA]: zeros(2, 3) },
      TypeError,
      `module ${QUERY} must have both factors: current value is only lora_A`,
    ],
    [
      { [factorB]: zeros(4, 2) },
      TypeError,
      `module ${QUERY} must have both factors: current value is only lora_B`,
    ],
    [
      { ...good, [`${value}.bias`]: zeros(1) },
      TypeError,
      `every tensor must be lora_A or lora_B of a module: current value is ${value}.bias`,
    ],
    [
      {
        ...good,
        [`${value}.lora_A.weight`]: zeros(2, 3),
        [`${value}.lora_B.weight`]: zeros(4, 2),
      },
      TypeError,
      "every module must be one of target_modules: current value is model.layers.0.self_attn.v_proj",
    ],
    [
      {},
      TypeError,
      "every one of target_modules must have a module: current value is none for q_proj",
    ],
    [
      { ...good, [factorA]: zeros(3, 3) },
      RangeError,
      `lora_A and lora_B of ${QUERY} must have shapes [2, in] and [out, 2]: current value is [3, 3] and [4, 2]`,
    ],
    [
      { ...good, [factorB]: zeros(8) },
      RangeError,
      `lora_A and lora_B of ${QUERY} must have shapes [2, in] and [out, 2]: current value is [2, 3] and [8]`,
    ],
    [
      { ...good, [factorB]: { shape: [1, 2], data: Float32Array.of(1, NaN) } },
      RangeError,
      "as its values must be finite: current value is NaN at element 1",
    ],
  ];
  withFolderSync((folder) => {
    writeLoraAdapter(folder, smallAdapter());
    const path = join(folder, "adapter_model.safetensors");
    for (const [tensors, errorClass, message] of cases) {
      writeSafetensors(path, new Map(Object.entries(tensors)), {
        allowNonFinite: true,
      });
      const error = assertThrows(
        () => readLoraAdapter(folder),
        errorClass,
        message,
      );
      assertEquals(error.message.includes(path), true);
    }
  });
});

Deno.test("readLoraAdapter() names an absent file", () => {
  withFolderSync((folder) => {
    for (const name of ["adapter_config.json", "adapter_model.safetensors"]) {
      writeLoraAdapter(folder, smallAdapter());
      Deno.removeSync(join(folder, name));
      assertThrows(
        () => readLoraAdapter(folder),
        Deno.errors.NotFound,
        join(folder, name),
      );
    }
  });
});

Deno.test("writeLoraAdapter() refuses an adapter that is not consistent", () => {
  withFolderSync((parent) => {
    const folder = join(parent, "adapter");
    const { config, ...rest } = smallAdapter();
    assertThrows(
      () =>
        writeLoraAdapter(folder, { config: { ...config, rank: 3 }, ...rest }),
      RangeError,
      `Cannot write ${
        join(folder, "adapter_model.safetensors")
      } as lora_A and lora_B of ${QUERY} must have shapes [3, in] and [out, 3]`,
    );
    const targetModules = ["k_proj", "q_proj"];
    assertThrows(
      () =>
        writeLoraAdapter(folder, {
          config: { ...config, targetModules },
          ...rest,
        }),
      TypeError,
      "as every one of target_modules must have a module: current value is none for k_proj",
    );
    assertEquals([...Deno.readDirSync(parent)], []);
  });
});
