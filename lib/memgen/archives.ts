/**
 * The torch archives of a MemGen checkpoint: projs.bin, weaver.bin and
 * trigger.bin, and what stands where in them.
 *
 * Source: modeling_memgen.py:699-725.
 */
import { join } from "node:path";
import {
  type HostTensor,
  readTorchArchive,
  type TensorDictionary,
  toHost,
  type TorchDictionary,
  type TorchValue,
  writeTorchArchive,
} from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import type { MemgenConfig } from "./config.ts";

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

const PROJECTIONS: ArchiveLayout = {
  file: "projs.bin",
  places: new Map([
    ...moduleAt("", "reasoner_to_weaver"),
    ...moduleAt("", "weaver_to_reasoner"),
  ]),
};

const WEAVER: ArchiveLayout = {
  file: "weaver.bin",
  places: new Map([
    ["weaver.prompt_query_latents", ["prompt_query_latents"]],
    ["weaver.inference_query_latents", ["inference_query_latents"]],
    ...moduleAt("weaver.", "prompt_latent_ln"),
    ...moduleAt("weaver.", "inference_latent_ln"),
    ["weaver.prompt_latent_scale", ["prompt_latent_scale"]],
    ["weaver.inference_latent_scale", ["inference_latent_scale"]],
  ]),
};

/** In place of the two above: not of the released code. */
const PAUSE: ArchiveLayout = {
  file: "weaver.bin",
  places: new Map([
    ["weaver.prompt_pause_tokens", ["prompt_pause_tokens"]],
    ["weaver.inference_pause_tokens", ["inference_pause_tokens"]],
  ]),
};

const TRIGGER: ArchiveLayout = {
  file: "trigger.bin",
  places: new Map(moduleAt("trigger.", "output_layer")),
};

function layouts({ weaver }: MemgenConfig): readonly ArchiveLayout[] {
  return weaver === "pause" ? [PAUSE, TRIGGER] : [PROJECTIONS, WEAVER, TRIGGER];
}

/**
 * Reads the archives of a checkpoint.
 *
 * @param shapes Shape of every tensor in them, by the parameter's name.
 * @throws {TypeError} If an archive lacks a tensor or holds one too many.
 * @throws {RangeError} If a tensor has another shape.
 */
export async function readArchives(
  folder: string,
  config: MemgenConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<Record<string, HostTensor>> {
  const archived: Record<string, HostTensor> = {};
  for (const { file, places } of layouts(config)) {
    const path = join(folder, file);
    Object.assign(
      archived,
      takeTensors(await readTorchArchive(path), places, path),
    );
  }
  for (const [name, shape] of shapes) {
    requireShape(`${folder}: ${name}`, archived[name].shape, shape);
  }
  return archived;
}

/** Writes the archives of a checkpoint. */
export async function writeArchives(
  folder: string,
  config: MemgenConfig,
  parameters: NamedTensors,
): Promise<void> {
  for (const { file, places } of layouts(config)) {
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

/** Refuses a tensor of another shape. */
export function requireShape(
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
