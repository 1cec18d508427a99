/** A decoder with its weights and tokenizer, from a Hugging Face folder. */
import * as tf from "@tensorflow/tfjs";
import type { NamedTensors } from "../tensorflow/mod.ts";
import { openCheckpoint, readJsonObject } from "./checkpoint_files.ts";
import {
  type DecoderConfig,
  parseDecoderConfig,
  weightShapes,
} from "./config.ts";
import type { HostTensor } from "./host_tensor.ts";
import { loadTokenizer, type Tokenizer } from "./tokenizer.ts";

/** A loaded model: shared, frozen, seen through adapters. */
export interface Model {
  /** Shape of the decoder. */
  readonly config: DecoderConfig;
  /** Its tensors, in float32. */
  readonly weights: NamedTensors;
  /** Its tokenizer. */
  readonly tokenizer: Tokenizer;
}

/**
 * Loads config.json, the weights (one file or shards; fp32, fp16, bf16) and
 * the tokenizer of a folder. Tensor by tensor: no second copy in memory.
 *
 * @throws {TypeError | RangeError} If the architecture is not one of ours.
 * @throws {Error} If a tensor is missing, unexpected, of the wrong shape, or
 * not finite; names folder and tensor.
 */
export async function loadModel(folder: string): Promise<Model> {
  const configFile = `${folder}/config.json`;
  const config = parseDecoderConfig(readJsonObject(configFile), configFile);
  const tokenizer = await loadTokenizer(folder);
  return { config, weights: loadWeights(folder, config), tokenizer };
}

function loadWeights(folder: string, config: DecoderConfig): NamedTensors {
  const expected = weightShapes(config);
  using checkpoint = openCheckpoint(folder);
  for (const [name, shape] of expected) {
    const found = checkpoint.tensors.get(name);
    if (found === undefined) {
      throw new Error(
        `Cannot load ${folder} as its checkpoint must hold tensor '${name}': current value is none`,
      );
    }
    if (`${found.shape}` !== `${shape}`) {
      throw new RangeError(
        `Cannot load ${folder} as tensor '${name}' must have shape ${
          JSON.stringify(shape)
        }: current value is ${JSON.stringify(found.shape)}`,
      );
    }
  }
  for (const name of checkpoint.tensors.keys()) {
    if (!expected.has(name)) {
      throw new Error(
        `Cannot load ${folder} as its config.json has no place for a tensor: current value is '${name}'`,
      );
    }
  }
  const weights: Record<string, tf.Tensor> = {};
  for (const name of expected.keys()) {
    weights[name] = toTensor(checkpoint.read(name));
  }
  return weights;
}

/** A tensor on the backend; the caller owns it. */
export function toTensor({ data, shape }: HostTensor): tf.Tensor {
  const dtype = data instanceof Int32Array ? "int32" : "float32";
  return tf.tensor(data, [...shape], dtype);
}

/** A tensor's values on the host. */
export function toHost(tensor: tf.Tensor): HostTensor {
  const data = tensor.dataSync() as HostTensor["data"];
  return { shape: tensor.shape, data };
}
