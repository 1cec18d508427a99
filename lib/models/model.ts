/** A decoder with its weights and tokenizer, in a Hugging Face folder. */
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { normals, type Random } from "../random.ts";
import {
  disposeTree,
  filledTensor,
  type NamedTensors,
} from "../tensorflow/mod.ts";
import { writeFileAtomically } from "./atomic_file.ts";
import {
  openCheckpoint,
  readJsonObject,
  writeCheckpoint,
  writeJson,
} from "./checkpoint_files.ts";
import {
  type DecoderConfig,
  formatDecoderConfig,
  isProjection,
  parseDecoderConfig,
  weightShapes,
} from "./config.ts";
import type { HostTensor } from "./host_tensor.ts";
import { loadTokenizer, type Tokenizer } from "./tokenizer.ts";

/** A loaded model: shared, frozen, seen through adapters. */
export interface Model {
  /** Shape of the decoder. */
  readonly config: DecoderConfig;
  /** Its tensors, in float32; projections are `[in, out]`. */
  readonly weights: NamedTensors;
  /** Its tokenizer. */
  readonly tokenizer: Tokenizer;
}

/**
 * Loads config.json, the weights (one file or shards; fp32, fp16, bf16) and
 * the tokenizer of a folder. Tensor by tensor: no second copy in memory. The
 * caller owns the weights.
 *
 * @throws {TypeError | RangeError} If the architecture is not one of ours, or
 * the tokenizer has tokens without an embedding.
 * @throws {Error} If a tensor is missing, unexpected, of the wrong shape, or
 * not finite; names folder or file, and tensor.
 * @throws As `openCheckpoint` and `loadTokenizer` do for bad files.
 */
export async function loadModel(folder: string): Promise<Model> {
  const configFile = join(folder, "config.json");
  const config = parseDecoderConfig(readJsonObject(configFile), configFile);
  const tokenizer = await loadTokenizer(folder);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new RangeError(
      `Cannot load ${folder} as its tokenizer must have at most the ${config.vocabSize} tokens of its 'vocab_size': current value is ${tokenizer.vocabSize}`,
    );
  }
  return { config, weights: loadWeights(folder, config), tokenizer };
}

/**
 * The weights of a decoder, one file or shards, as `loadModel` has them. The
 * caller owns them.
 *
 * @throws As `loadModel` does for tensors, and `openCheckpoint` for bad files.
 */
export function loadWeights(
  folder: string,
  config: DecoderConfig,
): NamedTensors {
  using checkpoint = openCheckpoint(folder);
  requireShapes(checkpoint.tensors, config, `load ${folder}`);
  const weights: Record<string, tf.Tensor> = {};
  try {
    for (const [name, shape] of weightShapes(config)) {
      weights[name] = transposeProjection(
        name,
        filledTensor(shape, (values) => checkpoint.readInto(name, values)),
      );
    }
  } catch (error) {
    disposeTree(weights);
    throw error;
  }
  return weights;
}

/** Refuses tensors that are not exactly those of a configuration. */
function requireShapes(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  config: DecoderConfig,
  action: string,
): void {
  const expected = weightShapes(config);
  for (const [name, shape] of expected) {
    const found = tensors.get(name);
    if (found === undefined) {
      throw new Error(
        `Cannot ${action} as there must be a tensor '${name}': current value is none`,
      );
    }
    if (`${found.shape}` !== `${shape}`) {
      throw new RangeError(
        `Cannot ${action} as tensor '${name}' must have shape ${
          JSON.stringify(shape)
        }: current value is ${JSON.stringify(found.shape)}`,
      );
    }
  }
  for (const name of tensors.keys()) {
    if (!expected.has(name)) {
      throw new Error(
        `Cannot ${action} as every tensor must have a place in the model: current value is '${name}'`,
      );
    }
  }
}

/** Options of `saveModel`. */
export interface SaveModelOptions {
  /**
   * Text of the tokenizer's files by name: those of `readTokenizerFiles` for
   * the tokenizer of another folder.
   */
  readonly tokenizerFiles: ReadonlyMap<string, string>;
}

/**
 * Saves a model as Hugging Face does: config.json, generation_config.json,
 * the weights in float32 and the tokenizer's files. The folder is made if it
 * does not exist; config.json is written last and makes it a model.
 *
 * @throws {Error} If a tensor is missing, unexpected, of the wrong shape or
 * not finite; names folder or file, and tensor.
 * @throws As `writeCheckpoint` does if the folder holds other weights.
 */
export function saveModel(
  folder: string,
  { config, weights, tokenizer }: Model,
  { tokenizerFiles }: SaveModelOptions,
): void {
  saveWeights(folder, config, weights);
  for (const [name, text] of tokenizerFiles) {
    const bytes = new TextEncoder().encode(text);
    writeFileAtomically(join(folder, name), (write) => write(bytes));
  }
  const fields = formatDecoderConfig(config);
  const padding = { "pad_token_id": tokenizer.padTokenId };
  writeJson(join(folder, "generation_config.json"), {
    _from_model_config: true,
    eos_token_id: fields.eos_token_id,
    ...padding,
  });
  writeJson(join(folder, "config.json"), { ...fields, ...padding });
}

/**
 * Saves the weights alone, in float32, as `loadWeights` reads them. The folder is
 * made if it does not exist.
 *
 * @throws As `saveModel` does for tensors and folders.
 */
export function saveWeights(
  folder: string,
  config: DecoderConfig,
  weights: NamedTensors,
): void {
  const tensors = new Map(
    Object.entries(weights).map(([name, tensor]): [string, HostTensor] => [
      name,
      toStored(name, tensor),
    ]),
  );
  requireShapes(tensors, config, `save ${folder}`);
  writeCheckpoint(folder, tensors);
}

/** What Hugging Face's fast tokenizers consist of; only the first two must be. */
const TOKENIZER_FILES: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
];

/**
 * Text of the tokenizer's files of a model folder, by name.
 *
 * @throws {Deno.errors.NotFound} If one that must be is not there.
 */
export function readTokenizerFiles(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const [i, name] of TOKENIZER_FILES.entries()) {
    try {
      files.set(name, Deno.readTextFileSync(join(folder, name)));
    } catch (error) {
      if (i < 2 || !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return files;
}

/** Standard deviation of fresh matrices: `initializer_range` of config.json. */
const INITIALIZER_RANGE = 0.02;

/**
 * Weights of an untrained model as transformers initialises them: matrices
 * normal, norms 1, biases 0. The caller owns the tensors.
 *
 * @param random Equal streams give equal weights.
 */
export function initializeWeights(
  config: DecoderConfig,
  random: Random,
): NamedTensors {
  const weights: Record<string, tf.Tensor> = {};
  for (const [name, shape] of weightShapes(config)) {
    if (shape.length === 2) {
      const values = normals(random, shape[0] * shape[1])
        .map((value) => value * INITIALIZER_RANGE);
      weights[name] = transposeProjection(name, tf.tensor(values, shape));
    } else {
      weights[name] = name.endsWith(".bias") ? tf.zeros(shape) : tf.ones(shape);
    }
  }
  return weights;
}

/**
 * A tensor of a file as memory holds it (see `isProjection`).
 *
 * @param tensor Taken over.
 */
export function transposeProjection(
  name: string,
  tensor: tf.Tensor,
): tf.Tensor {
  if (!isProjection(name)) return tensor;
  const transposed = tensor.transpose();
  tensor.dispose();
  return transposed;
}

/** The same way back, to host memory; the tensor stays the caller's. */
export function toStored(name: string, tensor: tf.Tensor): HostTensor {
  if (!isProjection(name)) return toHost(tensor);
  const transposed = tensor.transpose();
  const host = toHost(transposed);
  transposed.dispose();
  return host;
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
