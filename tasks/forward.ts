/** `deno task forward`: what a model computes on a padded batch. */
// deno-lint-ignore-file no-console
import * as tf from "@tensorflow/tfjs";
import {
  decodePadded,
  type DecoderConfig,
  type DecoderView,
  type HostTensor,
  loadLora,
  loadModel,
  logits,
  openSafetensors,
  type TensorReader,
  writeSafetensors,
} from "@/lib/models/mod.ts";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask } from "@/tasks/cli.ts";
import { MODEL_OPTIONS } from "@/tasks/model_options.ts";
import { requireOutputFile } from "@/tasks/output_file.ts";
import { Progress } from "@/tasks/progress.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task forward` takes. */
export const DEFINITION = {
  name: "forward",
  description:
    "Runs a model on a padded batch of token ids and writes the logits and the last hidden states (after the final norm) of every token, as zeros where the batch is padded. Works through the batch in parts; the result stands whole in memory before it is written.",
  options: {
    ...MODEL_OPTIONS,
    adapter: {
      type: "string",
      placeholder: "DIR",
      help: "PEFT folder of a LoRA adapter for it",
    },
    input: {
      type: "string",
      placeholder: "FILE",
      help:
        "safetensors file with input_ids and attention_mask, int32 [B, T], padded left or right; other tensors in it are not read",
      required: true,
    },
    output: {
      type: "string",
      placeholder: "FILE",
      help:
        "safetensors file to write, with logits [B, T, V] and last_hidden [B, T, D] in float32; replaced only once all is computed",
      required: true,
    },
    ...BACKEND_OPTIONS,
  },
  examples: [
    "--model tests/parity/models/tiny-qwen2.5 --input batch.safetensors --output logits.safetensors",
  ],
} as const satisfies TaskDefinition;

/** Tokens of one pass, at most; a longer row is a pass of its own. */
const TOKENS_PER_PASS = 4096;

/** Logits that are computed at once, at most: 64 MB. */
const LOGITS_AT_ONCE = 2 ** 24;

/** Which model to run on what. */
export interface ForwardOptions {
  /** Folder of the model. */
  readonly model: string;
  /** Folder of the adapter. Default: none. */
  readonly adapter?: string;
  /** File with the batch. */
  readonly input: string;
  /** File to write. */
  readonly output: string;
}

/** Token ids of a padded batch, with zeros as padding. */
interface Batch {
  readonly path: string;
  /** B and T. */
  readonly shape: readonly [B: number, T: number];
  readonly ids: Int32Array;
  readonly attentionMask: Int32Array;
}

/**
 * Runs a model on the batch of a file; see `DEFINITION`.
 *
 * @param start Starts the backend; called once the batch is known to be good.
 * @returns What was written, by name.
 * @throws {TypeError} If the batch lacks a tensor, or one is of the wrong type
 * or shape.
 * @throws {RangeError} If its mask or its ids are out of range, or a row is
 * empty or too long for the model.
 * @throws As `loadModel` and `loadLora` do for bad folders.
 */
export async function forwardFile(
  options: ForwardOptions,
  start: () => Promise<unknown>,
): Promise<Map<string, HostTensor>> {
  requireOutputFile(DEFINITION.name, options);
  const batch = readBatch(options.input);
  await start();
  const { config, weights } = await loadModel(options.model);
  requireFits(batch, config);
  const lora = options.adapter === undefined
    ? undefined
    : loadLora(options.adapter, config);
  const results = forward(config, { weights, lora }, batch);
  disposeTree([weights, lora]);
  writeSafetensors(options.output, results);
  return results;
}

function readBatch(path: string): Batch {
  using file = openSafetensors(path);
  const inputIds = readMatrix(file, "input_ids");
  const { shape, data: attentionMask } = readMatrix(file, "attention_mask");
  const [B, T] = shape;
  if (`${inputIds.shape}` !== `${shape}`) {
    throw new TypeError(
      `Cannot read ${path} as input_ids and attention_mask must have the same shape: current value is [${inputIds.shape}] and [${shape}]`,
    );
  }
  attentionMask.forEach((value, i) => {
    if (value !== 0 && value !== 1) {
      throw new RangeError(
        `Cannot read ${path} as attention_mask must be 0 or 1: current value is ${value} ${
          placeOf(i, T)
        }`,
      );
    }
  });
  for (let row = 0; row < B; row++) {
    if (!attentionMask.subarray(row * T, (row + 1) * T).includes(1)) {
      throw new RangeError(
        `Cannot read ${path} as every row must have a token: current value is none in row ${row}`,
      );
    }
  }
  const ids = inputIds.data.map((id, i) => id * attentionMask[i]);
  return { path, shape: [B, T], ids, attentionMask };
}

/** A tensor of integers with two dimensions, neither of them 0. */
function readMatrix(
  file: TensorReader,
  name: string,
): { shape: readonly number[]; data: Int32Array } {
  const info = file.tensors.get(name);
  if (info === undefined) {
    throw new TypeError(
      `Cannot read ${file.path} as it must hold tensor ${name}: current value is ${
        [...file.tensors.keys()].join(", ") || "no tensors"
      }`,
    );
  }
  const { shape, data } = file.read(name, { allowNonFinite: true });
  if (!(data instanceof Int32Array) || shape.length !== 2 || data.length < 1) {
    throw new TypeError(
      `Cannot read ${file.path} as ${name} must be int32 [B, T] with at least one token: current value is ${info.dtype} [${shape}]`,
    );
  }
  return { shape, data };
}

/** Refuses tokens and lengths that the model does not have. */
function requireFits(
  { path, shape: [B, T], ids, attentionMask }: Batch,
  { vocabSize, maxPositions }: DecoderConfig,
): void {
  ids.forEach((id, i) => {
    if (id < 0 || id >= vocabSize) {
      throw new RangeError(
        `Cannot run ${path} as input_ids must be from 0 to ${
          vocabSize - 1
        }: current value is ${id} ${placeOf(i, T)}`,
      );
    }
  });
  for (let row = 0; row < B; row++) {
    const length = attentionMask.subarray(row * T, (row + 1) * T)
      .reduce((sum, value) => sum + value);
    if (length > maxPositions) {
      throw new RangeError(
        `Cannot run ${path} as rows must have at most the model's ${maxPositions} tokens: current value is ${length} in row ${row}`,
      );
    }
  }
}

function placeOf(index: number, T: number): string {
  return `in row ${Math.floor(index / T)}, column ${index % T}`;
}

function forward(
  config: DecoderConfig,
  view: DecoderView,
  { shape: [B, T], ids, attentionMask }: Batch,
): Map<string, HostTensor> {
  const { hiddenSize: D, vocabSize: V } = config;
  const allHidden = new Float32Array(B * T * D);
  const allLogits = new Float32Array(B * T * V);
  const rowsPerPass = Math.max(1, Math.floor(TOKENS_PER_PASS / T));
  const tokensPerProduct = Math.max(1, Math.floor(LOGITS_AT_ONCE / V));
  const progress = new Progress("Forward", B);
  for (let row = 0; row < B; row += rowsPerPass) {
    const b = Math.min(rowsPerPass, B - row);
    const first = row * T;
    const hidden = tidy(() => {
      const take = (values: Int32Array): tf.Tensor2D =>
        tf.tensor2d(values.subarray(first, first + b * T), [b, T], "int32");
      const mask = take(attentionMask);
      return decodePadded(config, view, { ids: take(ids), attentionMask: mask })
        .mul(mask.toFloat().expandDims(-1))
        .reshape([b * T, D]) as tf.Tensor2D;
    });
    allHidden.set(hidden.dataSync(), first * D);
    for (let token = 0; token < b * T; token += tokensPerProduct) {
      const count = Math.min(tokensPerProduct, b * T - token);
      const part = tidy(() =>
        logits(config, view.weights, hidden.slice([token, 0], [count, D]))
      );
      allLogits.set(part.dataSync(), (first + token) * V);
      part.dispose();
    }
    hidden.dispose();
    progress.update(row + b);
  }
  progress.end();
  return new Map([
    ["logits", { shape: [B, T, V], data: allLogits }],
    ["last_hidden", { shape: [B, T, D], data: allHidden }],
  ]);
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const results = await forwardFile(args, () => startBackend(args));
    const names = Array.from(
      results,
      ([name, { shape }]) => `${name} [${shape.join(", ")}]`,
    );
    console.log(`${args.output}: ${names.join(", ")}`);
  });
}
