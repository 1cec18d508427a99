/**
 * The files of a model folder in Hugging Face's layout: weights in one
 * `model.safetensors` or in shards with `model.safetensors.index.json`, and
 * JSON.
 *
 * @file
 */

import { basename, join } from "node:path";
import { writeFileAtomically } from "./atomic_file.ts";
import { readExisting } from "./existing_file.ts";
import type {
  FiniteOptions,
  FloatStorageDtype,
  HostTensor,
  TensorInfo,
  TensorReader,
} from "./host_tensor.ts";
import { openSafetensors, writeSafetensors } from "./safetensors.ts";

const SINGLE_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";

/** Weight files of any earlier checkpoint in the same folder. */
const WEIGHT_FILE = /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/;

/** Hugging Face's default: 5 GB, decimal. */
const DEFAULT_MAX_SHARD_BYTES = 5e9;

/**
 * Opens the weights of a model folder, in one file or in shards, for reading
 * one tensor at a time.
 *
 * @throws {Deno.errors.NotFound} If there is neither a `model.safetensors` nor
 * an index, or a shard of the index is absent.
 * @throws {SyntaxError} If a file is malformed, or the index and the shards do
 * not name the same tensors, each once.
 */
export function openCheckpoint(folder: string): TensorReader {
  const single = exists(join(folder, SINGLE_FILE));
  const sharded = exists(join(folder, INDEX_FILE));
  if (single && sharded) {
    throw new Error(
      `Cannot open checkpoint ${folder} as it must hold ${SINGLE_FILE} or ` +
        `${INDEX_FILE}: current value is both`,
    );
  }
  if (!single && !sharded) {
    throw new Deno.errors.NotFound(
      `Cannot open checkpoint ${folder} as it must hold ${SINGLE_FILE} or ` +
        `${INDEX_FILE}: current value is neither`,
    );
  }
  return single
    ? openSafetensors(join(folder, SINGLE_FILE))
    : openShards(folder, readWeightMap(join(folder, INDEX_FILE)));
}

function openShards(
  folder: string,
  weightMap: ReadonlyMap<string, string>,
): TensorReader {
  using opened = new DisposableStack();
  const shards = new Map<string, TensorReader>();
  const tensors = new Map<string, TensorInfo>();
  for (const shard of [...new Set(weightMap.values())].sort()) {
    const path = join(folder, shard);
    if (!exists(path)) {
      throw new Deno.errors.NotFound(
        `Cannot open ${path} as every shard of ${INDEX_FILE} must exist: ` +
          `current value is absent`,
      );
    }
    const reader = opened.use(openSafetensors(path));
    for (const [name, info] of reader.tensors) {
      const expected = weightMap.get(name);
      if (expected !== shard) {
        throw new SyntaxError(
          `Cannot open tensor ${name} of ${path} as ${INDEX_FILE} must place ` +
            `it there: current value is ${expected ?? "no place"}`,
        );
      }
      tensors.set(name, info);
    }
    shards.set(shard, reader);
  }
  for (const [name, shard] of weightMap) {
    if (!tensors.has(name)) {
      throw new SyntaxError(
        `Cannot open tensor ${name} of ${join(folder, shard)} as the shard ` +
          `named by ${INDEX_FILE} must hold it: current value is none`,
      );
    }
  }

  function shardOf(name: string): TensorReader {
    const reader = shards.get(weightMap.get(name) ?? "");
    if (reader === undefined) {
      throw new Error(
        `Cannot read tensor ${name} of ${folder} as the checkpoint must ` +
          `hold it: current value is none`,
      );
    }
    return reader;
  }

  const files = opened.move();
  return {
    path: folder,
    tensors,
    read: (name, options) => shardOf(name).read(name, options),
    readInto: (name, target) => shardOf(name).readInto(name, target),
    [Symbol.dispose]: () => files.dispose(),
  };
}

/** The index's `weight_map`: the shard's file name by tensor name. */
function readWeightMap(path: string): ReadonlyMap<string, string> {
  const { weight_map: weightMap } = readJsonObject(path);
  if (
    typeof weightMap !== "object" || weightMap === null ||
    Object.keys(weightMap).length === 0
  ) {
    throw new SyntaxError(
      `Cannot read ${path} as it must have a weight_map: ` +
        `current value is ${JSON.stringify(weightMap)}`,
    );
  }
  const entries = Object.entries(weightMap);
  for (const [name, shard] of entries) {
    if (typeof shard !== "string" || shard !== basename(shard)) {
      throw new SyntaxError(
        `Cannot read ${path} as tensor ${name} must be placed in a file of ` +
          `its folder: current value is ${JSON.stringify(shard)}`,
      );
    }
  }
  return new Map(entries);
}

/** Options of {@link writeCheckpoint}. */
export interface WriteCheckpointOptions extends FiniteOptions {
  /** Element type in which floats are stored. @default "F32" */
  readonly dtype?: FloatStorageDtype;
  /**
   * Most bytes of tensor data in a shard; a larger tensor gets its own shard.
   * @default 5e9
   */
  readonly maxShardBytes?: number;
}

/**
 * Writes the weights of a model folder as Hugging Face does: one file if all
 * fit in a shard, else shards filled in the order of `tensors` and an index,
 * which is written last. The folder is made if it does not exist.
 *
 * @throws {Deno.errors.AlreadyExists} If the folder holds other weight files,
 * which would be mistaken for a part of this checkpoint; only a single file is
 * replaced by a single file.
 * @throws {TypeError} If a tensor's elements do not fill its shape.
 * @throws {RangeError} If a float does not fit in the element type, or is NaN
 * or infinite and that is not allowed.
 */
export function writeCheckpoint(
  folder: string,
  tensors: ReadonlyMap<string, HostTensor>,
  {
    dtype = "F32",
    maxShardBytes = DEFAULT_MAX_SHARD_BYTES,
    allowNonFinite,
  }: WriteCheckpointOptions = {},
): void {
  const options = { dtype, allowNonFinite };
  const shards = splitIntoShards(tensors, { dtype, maxShardBytes });
  Deno.mkdirSync(folder, { recursive: true });
  for (const { name } of Deno.readDirSync(folder)) {
    const replaced = shards.length <= 1 && name === SINGLE_FILE;
    if (WEIGHT_FILE.test(name) && !replaced) {
      throw new Deno.errors.AlreadyExists(
        `Cannot write checkpoint ${folder} as it must not hold other weights: ` +
          `current value is ${name}`,
      );
    }
  }
  if (shards.length <= 1) {
    writeSafetensors(join(folder, SINGLE_FILE), tensors, options);
    return;
  }

  const weightMap: [string, string][] = [];
  for (const [index, shard] of shards.entries()) {
    const number = (value: number) => String(value).padStart(5, "0");
    const file = `model-${number(index + 1)}-of-${number(shards.length)}` +
      ".safetensors";
    writeSafetensors(join(folder, file), shard, options);
    for (const name of shard.keys()) weightMap.push([name, file]);
  }
  const all = [...tensors.values()];
  writeJson(join(folder, INDEX_FILE), {
    metadata: {
      total_parameters: all.reduce((sum, { data }) => sum + data.length, 0),
      total_size: all.reduce((sum, tensor) => sum + bytesOf(tensor, dtype), 0),
    },
    weight_map: Object.fromEntries(
      weightMap.sort(([a], [b]) => a < b ? -1 : 1),
    ),
  });
}

/** As `split_state_dict_into_shards_factory` of huggingface_hub does. */
function splitIntoShards(
  tensors: ReadonlyMap<string, HostTensor>,
  { dtype, maxShardBytes }: {
    readonly dtype: FloatStorageDtype;
    readonly maxShardBytes: number;
  },
): ReadonlyMap<string, HostTensor>[] {
  const shards: ReadonlyMap<string, HostTensor>[] = [];
  let shard = new Map<string, HostTensor>();
  let shardBytes = 0;
  for (const [name, tensor] of tensors) {
    const bytes = bytesOf(tensor, dtype);
    if (bytes > maxShardBytes) {
      shards.push(new Map([[name, tensor]]));
      continue;
    }
    if (shardBytes + bytes > maxShardBytes) {
      shards.push(shard);
      shard = new Map();
      shardBytes = 0;
    }
    shard.set(name, tensor);
    shardBytes += bytes;
  }
  if (shard.size > 0) shards.push(shard);
  return shards;
}

function bytesOf({ data }: HostTensor, dtype: FloatStorageDtype): number {
  return data.length * (data instanceof Int32Array || dtype === "F32" ? 4 : 2);
}

/**
 * Reads a JSON file.
 *
 * @throws {Deno.errors.NotFound} If the file does not exist.
 * @throws {SyntaxError} If it is not JSON.
 */
export function readJsonValue(path: string): unknown {
  const text = readExisting(path, () => Deno.readTextFileSync(path));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(
      `Cannot read ${path} as it must be JSON: current value is ` +
        JSON.stringify(text.slice(0, 40)),
      { cause: error },
    );
  }
}

/**
 * Reads a JSON file that holds an object, such as a configuration.
 *
 * @throws {Deno.errors.NotFound} If the file does not exist.
 * @throws {SyntaxError} If it is not JSON, or not an object.
 */
export function readJsonObject(path: string): Record<string, unknown> {
  const value = readJsonValue(path);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError(
      `Cannot read ${path} as it must hold a JSON object: ` +
        `current value is ${JSON.stringify(value).slice(0, 40)}`,
    );
  }
  return value as Record<string, unknown>;
}

/**
 * Writes a value as JSON, indented by two spaces as Hugging Face's files are.
 * An existing file is replaced in one step.
 */
export function writeJson(path: string, value: unknown): void {
  const text = JSON.stringify(value, null, 2) + "\n";
  writeFileAtomically(path, (write) => write(new TextEncoder().encode(text)));
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
