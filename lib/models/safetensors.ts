/**
 * The safetensors format: an 8-byte header length, a JSON header, then the
 * tensors' bytes without gaps.
 *
 * Only the header is read when a file is opened, then one tensor at a time, so
 * that a shard of many gigabytes never needs to be in memory whole. Reading is
 * synchronous: a loader has nothing else to do until its tensor is there.
 *
 * Source: https://github.com/huggingface/safetensors, README (format) and
 * tensor.rs (order of tensors, checks).
 *
 * @file
 */

import { writeFileAtomically } from "./atomic_file.ts";
import { readExisting } from "./existing_file.ts";
import {
  decodeElements,
  decodeFloats,
  encodeElements,
  type FiniteOptions,
  type FloatStorageDtype,
  type HostTensor,
  isSizes,
  requireFinite,
  sizeOfShape,
  STORAGE_DTYPES,
  type StorageDtype,
  type TensorInfo,
  type TensorReader,
} from "./host_tensor.ts";

/** One open safetensors file. */
export interface SafetensorsReader extends TensorReader {
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface TensorEntry extends TensorInfo {
  /** Where the tensor's bytes begin and end, from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

interface Header {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the header ends and the tensors' bytes begin. */
  readonly dataStart: number;
}

const METADATA_KEY = "__metadata__";

/** Every element type of the format, so that a header is checked in full. */
const BYTES_PER_ELEMENT: ReadonlyMap<unknown, number> = new Map([
  ...["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"].map(withBytes(1)),
  ...["I16", "U16", "F16", "BF16"].map(withBytes(2)),
  ...["I32", "U32", "F32"].map(withBytes(4)),
  ...["I64", "U64", "F64"].map(withBytes(8)),
]);

/** The reference sorts by element type, largest and floats first, then name. */
const WRITTEN_ORDER = ["F32", "I32", "BF16", "F16"];

/** What `readInto` reads at once: a multiple of every element. */
const PART_BYTES = 2 ** 20;

/**
 * Opens a safetensors file and checks its whole header.
 *
 * @throws {Deno.errors.NotFound} If the file does not exist.
 * @throws {SyntaxError} If the header or the length of the file breaks a rule
 * of the format: a truncated file, overlaps and holes among them.
 */
export function openSafetensors(path: string): SafetensorsReader {
  const file = readExisting(path, () => Deno.openSync(path));
  let header: Header;
  try {
    header = readHeader(file, path);
  } catch (error) {
    file.close();
    throw error;
  }
  const { tensors, metadata, dataStart } = header;
  const part = new Uint8Array(PART_BYTES);

  function find(
    name: string,
  ): TensorEntry & { readonly dtype: StorageDtype; readonly label: string } {
    const label = `tensor ${name} of ${path}`;
    const entry = tensors.get(name);
    if (entry === undefined) {
      throw new Error(
        `Cannot read ${label} as the file must hold it: current value is none`,
      );
    }
    const { dtype } = entry;
    if (!isReadable(dtype)) {
      throw new TypeError(
        `Cannot read ${label} as its dtype must be one of ` +
          `${STORAGE_DTYPES.join(", ")}: current value is ${dtype}`,
      );
    }
    return { ...entry, dtype, label };
  }

  function read(
    name: string,
    { allowNonFinite = false }: FiniteOptions = {},
  ): HostTensor {
    const { dtype, shape, begin, end, label } = find(name);
    const bytes = new Uint8Array(end - begin);
    readExactly(file, { path, position: dataStart + begin, bytes });
    const data = decodeElements(bytes, { dtype, label });
    if (!allowNonFinite) requireFinite(data, `read ${label}`);
    return { shape, data };
  }

  function readInto(name: string, target: Float32Array<ArrayBuffer>): void {
    const { dtype, begin, end, label } = find(name);
    if (!isFloat(dtype)) {
      throw new TypeError(
        `Cannot read ${label} into floats as it must hold some: ` +
          `current value is ${dtype}`,
      );
    }
    const width = BYTES_PER_ELEMENT.get(dtype)!;
    const size = (end - begin) / width;
    if (target.length !== size) {
      throw new RangeError(
        `Cannot read ${label} as there must be room for ${size} elements: ` +
          `current value is ${target.length}`,
      );
    }
    for (let start = begin; start < end; start += part.length) {
      const bytes = part.subarray(0, end - start);
      readExactly(file, { path, position: dataStart + start, bytes });
      const first = (start - begin) / width;
      const count = bytes.length / width;
      decodeFloats(bytes, dtype, target.subarray(first, first + count));
    }
    requireFinite(target, `read ${label}`);
  }

  return {
    path,
    tensors,
    metadata,
    read,
    readInto,
    [Symbol.dispose]: () => file.close(),
  };
}

/** Options of {@link writeSafetensors}. */
export interface WriteSafetensorsOptions extends FiniteOptions {
  /** Element type in which floats are stored. @default "F32" */
  readonly dtype?: FloatStorageDtype;
  /**
   * The header's `__metadata__`; left out if it is empty.
   * @default { format: "pt" }, by which Hugging Face knows PyTorch's layout
   */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes tensors to a safetensors file, byte for byte as the reference library
 * does: sorted by element type, then by name, the header padded with spaces to
 * a multiple of 8. An existing file is replaced in one step.
 *
 * @throws {TypeError} If a tensor's elements do not fill its shape, or its name
 * is reserved.
 * @throws {RangeError} If a float does not fit in the element type, or is NaN
 * or infinite and that is not allowed.
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, HostTensor>,
  {
    dtype: floatDtype = "F32",
    metadata = { format: "pt" },
    allowNonFinite = false,
  }: WriteSafetensorsOptions = {},
): void {
  for (const [name, { shape, data }] of tensors) {
    const label = `tensor ${name} of ${path}`;
    if (name === METADATA_KEY) {
      throw new TypeError(
        `Cannot write ${label} as this name is reserved: current value is ${name}`,
      );
    }
    if (sizeOfShape(shape) !== data.length) {
      throw new TypeError(
        `Cannot write ${label} as its ${data.length} elements must fill its ` +
          `shape: current value is [${shape}]`,
      );
    }
    if (!allowNonFinite) requireFinite(data, `write ${label}`);
  }

  const sorted = Array.from(tensors, ([name, { shape, data }]) => {
    const dtype = data instanceof Int32Array ? "I32" as const : floatDtype;
    return { name, shape, data, dtype, order: WRITTEN_ORDER.indexOf(dtype) };
  }).sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
  const header: [string, unknown][] = Object.keys(metadata).length > 0
    ? [[METADATA_KEY, metadata]]
    : [];
  let begin = 0;
  for (const { name, shape, data, dtype } of sorted) {
    const end = begin + data.length * BYTES_PER_ELEMENT.get(dtype)!;
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = new TextEncoder().encode(
    JSON.stringify(Object.fromEntries(header)),
  );
  const prefix = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  const headerSize = BigInt(prefix.length - 8);
  new DataView(prefix.buffer).setBigUint64(0, headerSize, true);
  prefix.set(json, 8);

  writeFileAtomically(path, (write) => {
    write(prefix);
    for (const { name, data, dtype } of sorted) {
      write(
        encodeElements(data, { dtype, label: `tensor ${name} of ${path}` }),
      );
    }
  });
}

function withBytes(bytes: number): (dtype: string) => [string, number] {
  return (dtype) => [dtype, bytes];
}

function readHeader(file: Deno.FsFile, path: string): Header {
  const fileSize = file.statSync().size;
  if (fileSize < 8) {
    throw malformed(path, "it must hold an 8-byte header length", fileSize);
  }
  const length = new Uint8Array(8);
  readExactly(file, { path, position: 0, bytes: length });
  const headerSize = new DataView(length.buffer).getBigUint64(0, true);
  if (headerSize > fileSize - 8) {
    const rule = `its header must end inside the file of ${fileSize} bytes`;
    throw malformed(path, rule, headerSize);
  }
  const bytes = new Uint8Array(Number(headerSize));
  readExactly(file, { path, position: 8, bytes });
  const json = parseJson(new TextDecoder().decode(bytes));
  if (!isRecord(json)) {
    throw malformed(path, "its header must be a JSON object", json);
  }

  const { [METADATA_KEY]: metadata = {}, ...rest } = json;
  if (!isStringRecord(metadata)) {
    const rule = `${METADATA_KEY} must map names to strings`;
    throw malformed(path, rule, metadata);
  }
  const entries = Object.entries(rest).map(([name, value]) =>
    [name, parseEntry(value, `tensor ${name} of ${path}`)] as const
  );
  const dataStart = 8 + bytes.length;
  requireNoGaps(entries, { path, dataSize: fileSize - dataStart });
  return { tensors: new Map(entries), metadata, dataStart };
}

function parseEntry(value: unknown, label: string): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw malformed(label, "it must have a shape and two data_offsets", value);
  }
  const bytesPerElement = BYTES_PER_ELEMENT.get(dtype);
  if (typeof dtype !== "string" || bytesPerElement === undefined) {
    throw malformed(label, "its dtype must be one of the format", dtype);
  }
  const [begin, end] = offsets;
  const size = sizeOfShape(shape) * bytesPerElement;
  if (end - begin !== size) {
    const rule = `${dtype} of shape [${shape}] must take ${size} bytes`;
    throw malformed(label, rule, end - begin);
  }
  return { dtype, shape, begin, end };
}

/** Sorted by offset, each tensor must begin where the one before it ends. */
function requireNoGaps(
  entries: readonly (readonly [string, TensorEntry])[],
  { path, dataSize }: { readonly path: string; readonly dataSize: number },
): void {
  let position = 0;
  const sorted = entries.toSorted(([, a], [, b]) =>
    a.begin - b.begin || a.end - b.end
  );
  for (const [name, { begin, end }] of sorted) {
    const label = `tensor ${name} of ${path}`;
    if (begin !== position) {
      const rule = `its data must begin where that before ends, at ${position}`;
      throw malformed(label, rule, begin);
    }
    if (end > dataSize) {
      const rule = `its data must end inside the file's ${dataSize} data bytes`;
      throw malformed(label, rule, end);
    }
    position = end;
  }
  if (position !== dataSize) {
    const rule = `its data must end with its last tensor, at ${position}`;
    throw malformed(path, rule, dataSize);
  }
}

function malformed(label: string, rule: string, value: unknown): SyntaxError {
  const shown = typeof value === "bigint" ? value : JSON.stringify(value);
  return new SyntaxError(
    `Cannot open ${label} as ${rule}: current value is ${shown}`,
  );
}

function readExactly(
  file: Deno.FsFile,
  { path, position, bytes }: {
    readonly path: string;
    readonly position: number;
    readonly bytes: Uint8Array;
  },
): void {
  file.seekSync(position, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) {
    const count = file.readSync(bytes.subarray(done));
    if (count === null) {
      throw new Error(
        `Cannot read ${path} as it must not shrink while it is open: ` +
          `current value is ${position + done} bytes`,
      );
    }
    done += count;
  }
}

function isReadable(dtype: string): dtype is StorageDtype {
  return (STORAGE_DTYPES as readonly string[]).includes(dtype);
}

function isFloat(dtype: StorageDtype): dtype is FloatStorageDtype {
  return dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** The parsed value, or the start of a text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 40);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) &&
    Object.values(value).every((entry) => typeof entry === "string");
}
