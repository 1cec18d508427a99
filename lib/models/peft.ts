/**
 * LoRA adapters in the folder format of PEFT: `adapter_config.json` and
 * `adapter_model.safetensors`.
 *
 * Source: peft 0.17.1, `PeftModel.save_pretrained` and `LoraConfig`.
 *
 * @file
 */

import { join } from "node:path";
import { readJsonObject, writeJson } from "./checkpoint_files.ts";
import type { FloatStorageDtype, HostTensor } from "./host_tensor.ts";
import { openSafetensors, writeSafetensors } from "./safetensors.ts";

/** What the update `(alpha / rank) B A x` of each target module needs. */
export interface LoraConfig {
  /** Rank r of the update. */
  readonly rank: number;
  /** Numerator of the update's scale. */
  readonly alpha: number;
  /** Probability that an input of A is zeroed in training, in [0, 1). */
  readonly dropout: number;
  /** Last names of the adapted modules, such as `q_proj`, sorted. */
  readonly targetModules: readonly string[];
  /** Which biases are trained: none, the only kind that is supported. */
  readonly bias: "none";
}

/** The two factors of one module's update. */
export interface LoraWeights {
  /** Shape `[r, in]`. */
  readonly loraA: HostTensor;
  /** Shape `[out, r]`. */
  readonly loraB: HostTensor;
}

/** A LoRA adapter in host memory. */
export interface LoraAdapter {
  /** Rank, scale and targets, the same for every module. */
  readonly config: LoraConfig;
  /** By module path in the base model: `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, LoraWeights>;
  /** Name or path of the base model, for information only. */
  readonly baseModel: string | null;
}

const CONFIG_FILE = "adapter_config.json";
const WEIGHTS_FILE = "adapter_model.safetensors";
const TENSOR_NAME = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;

/** Settings that do not change the result of a trained adapter. */
const IGNORED_SETTINGS: readonly string[] = [
  "auto_mapping",
  "base_model_name_or_path",
  "inference_mode",
  "megatron_core",
  "peft_version",
  "qalora_group_size",
  "revision",
  "task_type",
];

/** Ways to initialise an adapter that leave the base model as it is. */
const HARMLESS_INITIALISATIONS: readonly unknown[] = [true, false, "gaussian"];

/**
 * Reads a PEFT LoRA folder.
 *
 * Settings that would change the result and are not implemented (`use_dora`,
 * `use_rslora`, `modules_to_save`, `rank_pattern`, …) are refused by name: any
 * setting that this reader does not know must be off, that is null, false or
 * empty.
 *
 * @throws {Deno.errors.NotFound} If one of the two files does not exist.
 * @throws {SyntaxError} If a file is malformed.
 * @throws {TypeError} If a setting is not supported, a tensor is not a LoRA
 * factor of a target module, or a factor is absent.
 * @throws {RangeError} If a setting or a rank is out of range, or a weight is
 * NaN or infinite.
 */
export function readLoraAdapter(folder: string): LoraAdapter {
  const configPath = join(folder, CONFIG_FILE);
  const settings = readJsonObject(configPath);
  const config = parseConfig(settings, configPath);
  const baseModel = settings.base_model_name_or_path;
  using weights = openSafetensors(join(folder, WEIGHTS_FILE));
  const factors = new Map<string, { A?: HostTensor; B?: HostTensor }>();
  for (const name of weights.tensors.keys()) {
    const [, module, factor] = TENSOR_NAME.exec(name) ?? [];
    if (module === undefined) {
      throw new TypeError(
        `Cannot read ${weights.path} as every tensor must be lora_A or lora_B ` +
          `of a module: current value is ${name}`,
      );
    }
    const pair = factors.get(module) ?? {};
    factors.set(module, { ...pair, [factor]: weights.read(name) });
  }

  const modules = new Map<string, LoraWeights>();
  for (const [module, { A: loraA, B: loraB }] of factors) {
    if (loraA === undefined || loraB === undefined) {
      throw new TypeError(
        `Cannot read ${weights.path} as module ${module} must have both ` +
          `factors: current value is only lora_${loraA ? "A" : "B"}`,
      );
    }
    modules.set(module, { loraA, loraB });
  }
  const adapter = {
    config,
    modules,
    baseModel: typeof baseModel === "string" ? baseModel : null,
  };
  requireConsistent(adapter, `read ${weights.path}`);
  return adapter;
}

/**
 * Writes a PEFT LoRA folder that peft 0.17.1 loads; the folder is made if it
 * does not exist.
 *
 * @throws {TypeError} If a module is no target, or a target has no module.
 * @throws {RangeError} If a factor's shape does not fit the rank, or a weight
 * does not fit in the element type or is NaN or infinite.
 */
export function writeLoraAdapter(
  folder: string,
  adapter: LoraAdapter,
  { dtype = "F32" }: {
    /** Element type of the stored weights. @default "F32" */
    readonly dtype?: FloatStorageDtype;
  } = {},
): void {
  const path = join(folder, WEIGHTS_FILE);
  requireConsistent(adapter, `write ${path}`);
  const tensors = new Map<string, HostTensor>();
  for (const [module, { loraA, loraB }] of adapter.modules) {
    tensors.set(`base_model.model.${module}.lora_A.weight`, loraA);
    tensors.set(`base_model.model.${module}.lora_B.weight`, loraB);
  }
  Deno.mkdirSync(folder, { recursive: true });
  writeSafetensors(path, tensors, { dtype });
  writeJson(join(folder, CONFIG_FILE), settingsOf(adapter));
}

function parseConfig(
  settings: Record<string, unknown>,
  path: string,
): LoraConfig {
  const {
    peft_type: type,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: dropout,
    target_modules: targetModules,
    bias,
    init_lora_weights: initialisation = true,
    ...others
  } = settings;
  const rules: readonly (readonly [boolean, string, unknown])[] = [
    [type === "LORA", "peft_type must be LORA", type],
    [isCount(rank), "r must be a positive integer", rank],
    [isAtLeastZero(alpha), "lora_alpha must be a number >= 0", alpha],
    [
      isAtLeastZero(dropout) && dropout < 1,
      "lora_dropout must be a number in [0, 1)",
      dropout,
    ],
    [
      isNames(targetModules),
      "target_modules must be a list of module names",
      targetModules,
    ],
    [bias === "none", "bias must be none", bias],
    [
      HARMLESS_INITIALISATIONS.includes(initialisation),
      "init_lora_weights must not change the base model",
      initialisation,
    ],
    ...Object.entries(others).map(([key, value]) =>
      [
        IGNORED_SETTINGS.includes(key) || isOff(value),
        `${key} is not supported and must be off`,
        value,
      ] as const
    ),
  ];
  for (const [holds, rule, value] of rules) {
    if (!holds) {
      throw new TypeError(
        `Cannot read ${path} as ${rule}: ` +
          `current value is ${JSON.stringify(value)}`,
      );
    }
  }
  return {
    rank: rank as number,
    alpha: alpha as number,
    dropout: dropout as number,
    targetModules: (targetModules as string[]).toSorted(),
    bias: "none",
  };
}

/** The whole configuration as peft 0.17.1 writes it, keys sorted. */
function settingsOf({ config, baseModel }: LoraAdapter): unknown {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    bias: config.bias,
    corda_config: null,
    eva_config: null,
    exclude_modules: null,
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    loftq_config: {},
    lora_alpha: config.alpha,
    lora_bias: false,
    lora_dropout: config.dropout,
    megatron_config: null,
    megatron_core: "megatron.core",
    modules_to_save: null,
    peft_type: "LORA",
    qalora_group_size: 16,
    r: config.rank,
    rank_pattern: {},
    revision: null,
    target_modules: config.targetModules,
    target_parameters: null,
    task_type: "CAUSAL_LM",
    trainable_token_indices: null,
    use_dora: false,
    use_qalora: false,
    use_rslora: false,
  };
}

/** Refuses factors that do not fit the rank, and targets without a module. */
function requireConsistent(
  { config, modules }: LoraAdapter,
  action: string,
): void {
  const unused = new Set(config.targetModules);
  for (const [module, { loraA, loraB }] of modules) {
    const target = targetOf(module, config);
    if (target === undefined) {
      throw new TypeError(
        `Cannot ${action} as every module must be one of target_modules: ` +
          `current value is ${module}`,
      );
    }
    unused.delete(target);
    const fits = loraA.shape.length === 2 && loraB.shape.length === 2 &&
      loraA.shape[0] === config.rank && loraB.shape[1] === config.rank;
    if (!fits) {
      throw new RangeError(
        `Cannot ${action} as lora_A and lora_B of ${module} must have shapes ` +
          `[${config.rank}, in] and [out, ${config.rank}]: current value is ` +
          `[${loraA.shape.join(", ")}] and [${loraB.shape.join(", ")}]`,
      );
    }
  }
  if (unused.size > 0) {
    throw new TypeError(
      `Cannot ${action} as every one of target_modules must have a module: ` +
        `current value is none for ${[...unused].join(", ")}`,
    );
  }
}

function targetOf(module: string, config: LoraConfig): string | undefined {
  return config.targetModules.find((target) =>
    module === target || module.endsWith(`.${target}`)
  );
}

function isOff(value: unknown): boolean {
  return value === null || value === false ||
    (typeof value === "object" && Object.keys(value).length === 0);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number > 0;
}

function isAtLeastZero(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isFinite(value);
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 &&
    value.every((name) => typeof name === "string");
}
