/**
 * Reads PyTorch's zip archives (`torch.save`), in which the released code keeps what
 * is not a LoRA adapter: projs.bin, weaver.bin and trigger.bin.
 *
 * An archive holds a pickle, `data.pkl`, and the raw numbers of each storage,
 * `data/0` and so on. Only pickles of tensors and plain values are read.
 *
 * Source: torch/serialization.py and torch/_utils.py of PyTorch 2.7.1.
 *
 * @file
 */

import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import {
  decodeElements,
  type HostTensor,
  isSizes,
  requireFinite,
  sizeOfShape,
  type StorageDtype,
} from "./host_tensor.ts";
import { Global, ONLY_TENSORS, type PickleHost, readPickle } from "./pickle.ts";

/** A value of an archive. Python's tuples and lists are arrays. */
export type TorchValue =
  | HostTensor
  | number
  | string
  | boolean
  | null
  | readonly TorchValue[]
  | TorchDictionary;

/** A Python dict or OrderedDict with text keys. */
export type TorchDictionary = ReadonlyMap<string, TorchValue>;

type Records = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Python's name of the class of state dictionaries. */
export const ORDERED_DICT = "collections.OrderedDict";
/** Python's name of the function that makes a tensor of a storage. */
export const REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";

/** Element type and bytes per element, by the class of a storage. */
const STORAGE_CLASSES: ReadonlyMap<string, readonly [StorageDtype, number]> =
  new Map([
    ["torch.FloatStorage", ["F32", 4]],
    ["torch.HalfStorage", ["F16", 2]],
    ["torch.BFloat16Storage", ["BF16", 2]],
    ["torch.IntStorage", ["I32", 4]],
    ["torch.LongStorage", ["I64", 8]],
  ]);

/** The numbers that tensors are views of. */
class Storage {
  constructor(
    readonly bytes: Uint8Array<ArrayBuffer>,
    readonly dtype: StorageDtype,
    readonly bytesPerElement: number,
  ) {}
}

/**
 * Reads an archive of nested dictionaries.
 *
 * @throws {Deno.errors.NotFound} If the file does not exist.
 * @throws {SyntaxError} If it is no archive of `torch.save`, is damaged, or its
 * pickle does anything but build tensors, numbers, text, booleans, None,
 * tuples, lists and dictionaries.
 * @throws {RangeError} If a tensor holds NaN, an infinity, or an int64 that
 * does not fit in int32.
 */
export async function readTorchArchive(path: string): Promise<TorchDictionary> {
  const records = await readZip(path);
  const byteOrder = new TextDecoder().decode(records.get("byteorder"));
  if (byteOrder !== "little") {
    throw malformed(path, "its byteorder must be little", byteOrder);
  }
  const value = readPickle(records.get("data.pkl")!, hostOf(records, path));
  if (!(value instanceof Map)) {
    throw malformed(path, "its pickle must be a dictionary", describe(value));
  }
  requirePlain(value, { path, name: "", seen: new Set() });
  return value;
}

/** The archive's records by name, without the archive's own name in front. */
async function readZip(path: string): Promise<Records> {
  const file = await Deno.readFile(path);
  const records = new Map<string, Uint8Array<ArrayBuffer>>();
  try {
    const zip = new ZipReader(new Uint8ArrayReader(file), {
      useWebWorkers: false,
      checkSignature: true,
    });
    for (const entry of await zip.getEntries()) {
      if (entry.directory) continue;
      if (entry.compressionMethod !== 0) {
        throw new Error(`compressed entry ${entry.filename}`);
      }
      const name = entry.filename.slice(entry.filename.indexOf("/") + 1);
      if (records.has(name)) throw new Error(`two entries ${name}`);
      records.set(name, await entry.getData(new Uint8ArrayWriter()));
    }
    for (const name of ["data.pkl", "byteorder"]) {
      if (!records.has(name)) throw new Error(`no entry ${name}`);
    }
  } catch (error) {
    const rule = "it must be an undamaged archive of torch.save";
    throw malformed(path, rule, (error as Error).message);
  }
  return records;
}

function hostOf(records: Records, path: string): PickleHost {
  return {
    findGlobal(name: string): Global {
      const known = [ORDERED_DICT, REBUILD_TENSOR, ...STORAGE_CLASSES.keys()];
      if (!known.includes(name)) {
        throw malformed(path, ONLY_TENSORS, `the global ${name}`);
      }
      return new Global(name);
    },

    /** `("storage", class, key, location, number of elements)`. */
    load(id: unknown): Storage {
      const [kind, type, key, , size] = Array.isArray(id) ? id : [];
      const name = type instanceof Global ? type.name : "";
      const [dtype, bytesPerElement = 0] = STORAGE_CLASSES.get(name) ?? [];
      if (kind !== "storage" || dtype === undefined) {
        throw malformed(path, ONLY_TENSORS, `the reference ${describe(id)}`);
      }
      const bytes = records.get(`data/${key}`);
      if (bytes?.length !== size * bytesPerElement) {
        const rule = `data/${key} must hold ${size} elements of ${dtype}`;
        throw malformed(path, rule, `${bytes?.length ?? "no"} bytes`);
      }
      return new Storage(bytes, dtype, bytesPerElement);
    },

    call(callee: unknown, args: readonly unknown[]): unknown {
      const name = callee instanceof Global ? callee.name : describe(callee);
      if (name === ORDERED_DICT && args.length === 0) return new Map();
      if (name === REBUILD_TENSOR) return rebuildTensor(args, path);
      const shown = `a call of ${name} with ${describe(args)}`;
      throw malformed(path, ONLY_TENSORS, shown);
    },

    /** A state dictionary's only attribute is its modules' versions. */
    build(target: unknown, state: unknown): void {
      const keys = state instanceof Map ? [...state.keys()] : [describe(state)];
      if (keys.join() !== "_metadata" || !(target instanceof Map)) {
        const shown = `${describe(target)} with the state ${keys.join(", ")}`;
        throw malformed(path, ONLY_TENSORS, shown);
      }
    },

    error: (rule: string, value: unknown) => malformed(path, rule, value),
  };
}

/** `(storage, offset, shape, strides, …)` of `_rebuild_tensor_v2`. */
function rebuildTensor(
  [storage, offset, shape, strides]: readonly unknown[],
  path: string,
): HostTensor {
  if (
    !(storage instanceof Storage) || !isSizes([offset]) ||
    !isSizes(shape) || !isSizes(strides)
  ) {
    const shown = `a call of ${REBUILD_TENSOR} with other arguments`;
    throw malformed(path, ONLY_TENSORS, shown);
  }
  if (!isContiguous(shape, strides)) {
    const shown = `strides [${strides}] of shape [${shape}]`;
    throw malformed(path, "its tensors must be contiguous", shown);
  }
  const { bytes, dtype, bytesPerElement } = storage;
  const begin = Number(offset) * bytesPerElement;
  const end = begin + sizeOfShape(shape) * bytesPerElement;
  if (end > bytes.length) {
    const rule = `its tensors must lie inside their ${bytes.length} bytes`;
    throw malformed(path, rule, end);
  }
  const label = `a tensor of ${path}`;
  return {
    shape,
    data: decodeElements(bytes.slice(begin, end), { dtype, label }),
  };
}

/** Refuses what means something only inside a pickle, and NaN weights. */
function requirePlain(
  value: unknown,
  { path, name, seen }: {
    readonly path: string;
    readonly name: string;
    readonly seen: Set<unknown>;
  },
): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Global || value instanceof Storage) {
    throw malformed(path, ONLY_TENSORS, `${describe(value)} as a value`);
  }
  if (value instanceof Map || Array.isArray(value)) {
    for (const [key, child] of value.entries()) {
      const childName = name === "" ? `${key}` : `${name}.${key}`;
      requirePlain(child, { path, name: childName, seen });
    }
  } else {
    requireFinite((value as HostTensor).data, `read tensor ${name} of ${path}`);
  }
}

/** Strides of dimensions of length 1, and of empty tensors, are free. */
function isContiguous(
  shape: readonly number[],
  strides: readonly number[],
): boolean {
  return shape.length === strides.length &&
    (shape.includes(0) ||
      stridesOf(shape).every((stride, i) =>
        shape[i] === 1 || strides[i] === stride
      ));
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, i) => sizeOfShape(shape.slice(i + 1)));
}

function describe(value: unknown): string {
  if (value instanceof Global) return `the global ${value.name}`;
  if (value instanceof Storage) return `a storage of ${value.dtype}`;
  if (value instanceof Map) return "a dictionary";
  if (Array.isArray(value)) return `a tuple of ${value.length}`;
  return typeof value === "object" && value ? "a tensor" : String(value);
}

function malformed(path: string, rule: string, value: unknown): SyntaxError {
  return new SyntaxError(
    `Cannot read ${path} as ${rule}: current value is ${value}`,
  );
}
