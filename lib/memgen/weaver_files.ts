/**
 * The file of a weaver with layers of its own: a `model.safetensors` as
 * Hugging Face would write it, but for the embeddings, which are the
 * reasoner's, and the head, which a weaver does not use.
 */
import type * as tf from "@tensorflow/tfjs";
import {
  type DecoderConfig,
  type HostTensor,
  openCheckpoint,
  toStored,
  toTensor,
  transposeProjection,
  weightShapes,
  writeCheckpoint,
} from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import { requireShape } from "./archives.ts";
import { isLayer } from "./weaver.ts";

/**
 * Reads the layers of a weaver.
 *
 * @param folder Where the file is.
 * @param weaver Shape of the weaver.
 * @throws {Error} If a tensor is missing or has no place in the weaver.
 * @throws {RangeError} If a tensor has another shape or is not finite.
 */
export function readLayers(
  folder: string,
  weaver: DecoderConfig,
): Map<string, HostTensor> {
  using file = openCheckpoint(folder);
  const layers = new Map<string, HostTensor>();
  for (const [name, shape] of weightShapes(weaver)) {
    if (!isLayer(name)) continue;
    const tensor = file.read(name);
    requireShape(`${folder}: ${name}`, tensor.shape, shape);
    layers.set(name, tensor);
  }
  const extra = [...file.tensors.keys()].find((name) => !layers.has(name));
  if (extra !== undefined) {
    throw new Error(
      `Cannot load ${folder} as every tensor must have a place in the weaver: current value is '${extra}'`,
    );
  }
  return layers;
}

/** The layers as parameters, by a prefix; the caller owns the tensors. */
export function layersToTensors(
  layers: ReadonlyMap<string, HostTensor>,
  prefix: string,
): NamedTensors {
  return Object.fromEntries(
    Array.from(layers, ([name, host]): [string, tf.Tensor] => [
      `${prefix}${name}`,
      transposeProjection(name, toTensor(host)),
    ]),
  );
}

/** Writes the layers of a weaver. */
export function writeLayers(folder: string, layers: NamedTensors): void {
  const tensors = Object.entries(layers)
    .map(([name, tensor]): [string, HostTensor] => [
      name,
      toStored(name, tensor),
    ]);
  // One file replaces an older one.
  writeCheckpoint(folder, new Map(tensors), { maxShardBytes: Infinity });
}
