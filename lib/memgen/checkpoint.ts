/**
 * The released checkpoint format: config.json, projs.bin, weaver.bin and
 * trigger.bin (torch archives), and two PEFT folders. A weaver with layers of
 * its own has them in weaver/model.safetensors.
 *
 * Source: modeling_memgen.py:659-757. Deviation: the released loader wraps
 * each adapter twice and silently keeps none of its factors; here they load.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  type DecoderConfig,
  formatDecoderConfig,
  type LoraAdapter,
  type LoraConfig,
  loraFromAdapter,
  loraToAdapter,
  readJsonObject,
  readLoraAdapter,
  requireLoraFits,
  toTensor,
  writeJson,
  writeLoraAdapter,
} from "../models/mod.ts";
import { disposeTree, type NamedTensors } from "../tensorflow/mod.ts";
import { readArchives, writeArchives } from "./archives.ts";
import {
  formatMemgenConfig,
  type MemgenConfig,
  parseMemgenConfig,
} from "./config.ts";
import { TRIGGER_LORA_PREFIX, triggerShapes } from "./trigger.ts";
import {
  ownLayers,
  WEAVER_BASE_PREFIX,
  WEAVER_LORA_PREFIX,
  weaverShapes,
} from "./weaver.ts";
import { layersToTensors, readLayers, writeLayers } from "./weaver_files.ts";

/** MemGen's modules: all that is not the base model. */
export interface MemgenModules {
  /** Their settings. */
  readonly config: MemgenConfig;
  /** The weaver's tensors, see weaver.ts. */
  readonly weaver: NamedTensors;
  /** The trigger's tensors, see trigger.ts. */
  readonly trigger: NamedTensors;
}

/**
 * Loads MemGen's modules; the caller owns the tensors.
 *
 * @param model The reasoner's shape, which the checkpoint must fit.
 * @param weaver That of the weaver's base. Default: the same.
 * @throws {TypeError} If a file lacks a tensor or holds one too many.
 * @throws {RangeError} If a shape does not fit the settings or the model.
 */
export async function loadMemgen(
  folder: string,
  model: DecoderConfig,
  weaver: DecoderConfig = model,
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
    ...weaverShapes(model, config, weaver),
    ...triggerShapes(model, config),
  ]);
  const archived = await readArchives(folder, config, shapes);
  const weaverFolder = join(folder, "weaver");
  const own = config.weaver === "full"
    ? readLayers(weaverFolder, weaver)
    : undefined;
  const weaverLora = config.weaver === "lora"
    ? readAdapter(join(weaverFolder, "weaver"), weaver, config.weaverLora)
    : undefined;
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
      ...weaverLora && loraFromAdapter(weaverLora, WEAVER_LORA_PREFIX),
      ...own && layersToTensors(own, WEAVER_BASE_PREFIX),
    },
    trigger: {
      ...ofModule(true),
      ...loraFromAdapter(triggerLora, TRIGGER_LORA_PREFIX),
    },
  };
}

/**
 * Saves MemGen's modules in the released format; the released code loads a
 * checkpoint whose weaver has an adapter and reads embeddings.
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
  await writeArchives(folder, config, { ...weaver, ...trigger });
  const weaverFolder = join(folder, "weaver");
  if (config.weaver === "full") writeLayers(weaverFolder, ownLayers(weaver));
  if (config.weaver === "lora") {
    writeLoraAdapter(
      join(weaverFolder, "weaver"),
      loraToAdapter(weaver, WEAVER_LORA_PREFIX, config.weaverLora),
    );
  }
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

function readAdapter(
  folder: string,
  model: DecoderConfig,
  settings: LoraConfig,
): LoraAdapter {
  const read = readLoraAdapter(folder);
  // What `exportMemgen` wrote has every module under a second name.
  const modules = new Map(
    [...read.modules].filter(([name]) => !name.startsWith("model.model.")),
  );
  const adapter = { ...read, modules };
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
