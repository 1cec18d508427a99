/**
 * The released checkpoint format: config.json, projs.bin, weaver.bin and
 * trigger.bin (torch archives), and two PEFT folders.
 *
 * Source: modeling_memgen.py:659-757. Deviation: the released loader wraps
 * each adapter twice and silently keeps none of its factors; here they load.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  type DecoderConfig,
  formatDecoderConfig,
  type HostTensor,
  type LoraAdapter,
  type LoraConfig,
  loraFromAdapter,
  loraToAdapter,
  readJsonObject,
  readLoraAdapter,
  readTorchArchive,
  requireLoraFits,
  type TensorDictionary,
  toHost,
  type TorchDictionary,
  type TorchValue,
  toTensor,
  writeJson,
  writeLoraAdapter,
  writeTorchArchive,
} from "../models/mod.ts";
import { disposeTree, type NamedTensors } from "../tensorflow/mod.ts";
import {
  formatMemgenConfig,
  type MemgenConfig,
  parseMemgenConfig,
} from "./config.ts";
import { TRIGGER_LORA_PREFIX, triggerShapes } from "./trigger.ts";
import { WEAVER_LORA_PREFIX, weaverShapes } from "./weaver.ts";

/** MemGen's modules: all that is not the base model. */
export interface MemgenModules {
  /** Their settings. */
  readonly config: MemgenConfig;
  /** The weaver's tensors, see weaver.ts. */
  readonly weaver: NamedTensors;
  /** The trigger's tensors, see trigger.ts. */
  readonly trigger: NamedTensors;
}

/** A torch archive: its file, and how names map to places in it. */
interface ArchiveLayout {
  readonly file: string;
  /** Path in the nested dictionaries of each parameter. */
  readonly places: ReadonlyMap<string, readonly string[]>;
}

/** Module with weight and bias: its own dictionary in the archive. */
function moduleAt(
  prefix: string,
  name: string,
): [string, readonly string[]][] {
  return ["weight", "bias"].map((kind) => [
    `${prefix}${name}.${kind}`,
    [name, kind],
  ]);
}

const ARCHIVES: readonly ArchiveLayout[] = [
  {
    file: "projs.bin",
    places: new Map([
      ...moduleAt("", "reasoner_to_weaver"),
      ...moduleAt("", "weaver_to_reasoner"),
    ]),
  },
  {
    file: "weaver.bin",
    places: new Map([
      ["weaver.prompt_query_latents", ["prompt_query_latents"]],
      ["weaver.inference_query_latents", ["inference_query_latents"]],
      ...moduleAt("weaver.", "prompt_latent_ln"),
      ...moduleAt("weaver.", "inference_latent_ln"),
      ["weaver.prompt_latent_scale", ["prompt_latent_scale"]],
      ["weaver.inference_latent_scale", ["inference_latent_scale"]],
    ]),
  },
  {
    file: "trigger.bin",
    places: new Map(moduleAt("trigger.", "output_layer")),
  },
];

/**
 * Loads MemGen's modules; the caller owns the tensors.
 *
 * @param model The base model's shape, which the checkpoint must fit.
 * @throws {TypeError} If a file lacks a tensor or holds one too many.
 * @throws {RangeError} If a shape does not fit the settings or the model.
 */
export async function loadMemgen(
  folder: string,
  model: DecoderConfig,
): Promise<MemgenModules> {
  const configFile = join(folder, "config.json");
  const fields = readJsonObject(configFile);
  const config = parseMemgenConfig(fields, configFile);
  if (fields.hidden_size !== model.hiddenSize) {
    throw new RangeError(
      `Cannot load ${folder} as its 'hidden_size' must be the model's ${model.hiddenSize}: current value is ${
        JSON.stringify(fields.hidden_size)
      }`,
    );
  }
  const shapes = new Map([
    ...weaverShapes(model, config),
    ...triggerShapes(model, config),
  ]);
  const archived: Record<string, HostTensor> = {};
  for (const { file, places } of ARCHIVES) {
    const path = join(folder, file);
    Object.assign(
      archived,
      takeTensors(await readTorchArchive(path), places, path),
    );
  }
  for (const [name, shape] of shapes) {
    requireShape(`${folder}: ${name}`, archived[name].shape, shape);
  }
  const weaverLora = readAdapter(
    join(folder, "weaver", "weaver"),
    model,
    config.weaverLora,
  );
  const triggerLora = readAdapter(
    join(folder, "trigger", "trigger"),
    model,
    config.triggerLora,
  );
  // Nothing is on the backend until all files have proved good.
  const ofModule = (isTrigger: boolean): NamedTensors =>
    Object.fromEntries(
      Object.entries(archived)
        .filter(([name]) => name.startsWith("trigger.") === isTrigger)
        .map(([name, host]) => [name, toTensor(host)]),
    );
  return {
    config,
    weaver: {
      ...ofModule(false),
      ...loraFromAdapter(weaverLora, WEAVER_LORA_PREFIX),
    },
    trigger: {
      ...ofModule(true),
      ...loraFromAdapter(triggerLora, TRIGGER_LORA_PREFIX),
    },
  };
}

/**
 * Saves MemGen's modules in the released format.
 *
 * @throws {RangeError} If a tensor holds NaN or an infinity.
 */
export async function saveMemgen(
  folder: string,
  model: DecoderConfig,
  { config, weaver, trigger }: MemgenModules,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  // Without it the folder is no checkpoint: not while it is half new.
  const configFile = join(folder, "config.json");
  rmSync(configFile, { force: true });
  const parameters = { ...weaver, ...trigger };
  for (const { file, places } of ARCHIVES) {
    const dictionary = new Map<string, HostTensor | Map<string, HostTensor>>();
    for (const [name, path] of places) {
      const host = toHost(parameters[name]);
      if (path.length === 1) {
        dictionary.set(path[0], host);
      } else {
        const inner = dictionary.get(path[0]) as Map<string, HostTensor> ??
          new Map();
        dictionary.set(path[0], inner.set(path[1], host));
      }
    }
    await writeTorchArchive(join(folder, file), dictionary as TensorDictionary);
  }
  writeLoraAdapter(
    join(folder, "weaver", "weaver"),
    loraToAdapter(weaver, WEAVER_LORA_PREFIX, config.weaverLora),
  );
  writeLoraAdapter(
    join(folder, "trigger", "trigger"),
    loraToAdapter(trigger, TRIGGER_LORA_PREFIX, config.triggerLora),
  );
  writeJson(configFile, {
    ...formatDecoderConfig(model),
    ...formatMemgenConfig(config),
  });
}

/** Frees the tensors of the modules. */
export function disposeMemgen({ weaver, trigger }: MemgenModules): void {
  disposeTree([weaver, trigger]);
}

/** The tensors at the given places; any other entry is refused. */
function takeTensors(
  dictionary: TorchDictionary,
  places: ArchiveLayout["places"],
  path: string,
): Record<string, HostTensor> {
  const found = new Map<string, TorchValue>();
  const visit = (value: TorchValue, at: readonly string[]): void => {
    if (value instanceof Map) {
      for (const [key, child] of value) visit(child, [...at, key]);
    } else {
      found.set(at.join("."), value);
    }
  };
  visit(dictionary, []);
  const tensors: Record<string, HostTensor> = {};
  for (const [name, place] of places) {
    const key = place.join(".");
    const value = found.get(key);
    if (value === undefined || !isTensor(value)) {
      throw new TypeError(
        `Cannot load ${path} as it must hold a tensor '${key}': current value is ${
          value === undefined ? "none" : JSON.stringify(value)
        }`,
      );
    }
    found.delete(key);
    tensors[name] = value;
  }
  const extra = [...found.keys()];
  if (extra.length > 0) {
    throw new TypeError(
      `Cannot load ${path} as MemGen has no place for an entry: current value is '${
        extra[0]
      }'`,
    );
  }
  return tensors;
}

function isTensor(value: TorchValue): value is HostTensor {
  return typeof value === "object" && value !== null && "shape" in value;
}

function readAdapter(
  folder: string,
  model: DecoderConfig,
  settings: LoraConfig,
): LoraAdapter {
  const adapter = readLoraAdapter(folder);
  const { rank, alpha, targetModules } = adapter.config;
  if (
    rank !== settings.rank || alpha !== settings.alpha ||
    `${targetModules}` !== `${settings.targetModules}`
  ) {
    throw new RangeError(
      `Cannot load ${folder} as rank, alpha and targets must be those of the checkpoint's config.json, ${settings.rank}, ${settings.alpha} and ${settings.targetModules}: current value is ${rank}, ${alpha} and ${targetModules}`,
    );
  }
  requireLoraFits(adapter, model, folder);
  return adapter;
}

function requireShape(
  what: string,
  found: readonly number[],
  expected: readonly number[],
): void {
  if (`${found}` !== `${expected}`) {
    throw new RangeError(
      `Cannot load ${what} as it must have shape ${
        JSON.stringify(expected)
      }: current value is ${JSON.stringify(found)}`,
    );
  }
}
