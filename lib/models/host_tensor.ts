/**
 * Tensors in host memory, between a file and TensorFlow, and the element types
 * in which files store them.
 *
 * All stored numbers are little-endian, as is every platform that Deno
 * supports, so typed arrays read them as they are.
 *
 * @file
 */

/** A dense row-major tensor in host memory. A scalar has shape `[]`. */
export interface HostTensor {
  /** Length of each dimension. */
  readonly shape: readonly number[];
  /** As many elements as the shape holds. */
  readonly data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

/** Element types that can be read, by their safetensors names. */
export const STORAGE_DTYPES = [
  "F32",
  "F16",
  "BF16",
  "I32",
  "I64",
  "U8",
  "BOOL",
] as const;

/** One of {@link STORAGE_DTYPES}. */
export type StorageDtype = typeof STORAGE_DTYPES[number];

/** Element types in which floats can be written. */
export type FloatStorageDtype = "F32" | "F16" | "BF16";

/** What a file says of one of its tensors. */
export interface TensorInfo {
  /** Element type by its safetensors name, such as `BF16`. */
  readonly dtype: string;
  /** Length of each dimension. */
  readonly shape: readonly number[];
}

/** Options of reading and writing tensors. */
export interface FiniteOptions {
  /** Whether NaN and infinities may pass. @default false */
  readonly allowNonFinite?: boolean;
}

/**
 * Tensors of one file, or of the shards of one model, read one at a time.
 * Dispose of it (`using`) to close the files.
 */
export interface TensorReader extends Disposable {
  /** File or folder, for messages. */
  readonly path: string;
  /** What there is to read, by name. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Reads one tensor: floats as float32, integers and booleans as int32.
   *
   * @throws {Error} If there is no tensor of this name, or the file changed
   * since it was opened.
   * @throws {TypeError} If its element type is not a {@link StorageDtype}.
   * @throws {RangeError} If a float is NaN or infinite and that is not allowed,
   * or an `I64` does not fit in int32.
   */
  read(name: string, options?: FiniteOptions): HostTensor;
  /**
   * Reads a tensor of floats into the caller's memory, a part at a time, so
   * that a large one is not in memory twice.
   *
   * @param target As many elements as the shape holds.
   * @throws As `read` does.
   * @throws {TypeError} If its elements are no floats.
   * @throws {RangeError} If `target` has more or fewer.
   */
  readInto(name: string, target: Float32Array<ArrayBuffer>): void;
}

/** Number of elements of a tensor of this shape; 1 for a scalar. */
export function sizeOfShape(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Whether a parsed value is a list of lengths or offsets. */
export function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/**
 * Elements of a stored tensor: floats exactly as float32, integers and booleans
 * as int32.
 *
 * @param bytes The stored elements. The result for `F32` and `I32` is a view of
 * them, so they must be aligned and belong to the caller alone.
 * @param options Their type, and what is read, for messages: `tensor NAME of
 * FILE`.
 * @throws {RangeError} If an `I64` value does not fit in int32.
 */
export function decodeElements(
  bytes: Uint8Array<ArrayBuffer>,
  { dtype, label }: { readonly dtype: StorageDtype; readonly label: string },
): HostTensor["data"] {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case "F16":
    case "BF16": {
      const values = new Float32Array(byteLength / 2);
      decodeFloats(bytes, dtype, values);
      return values;
    }
    case "I32":
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case "I64":
      return narrowToInt32(
        new Int32Array(buffer, byteOffset, byteLength / 4),
        label,
      );
    case "U8":
    case "BOOL":
      return new Int32Array(bytes);
  }
}

/**
 * Stored floats, exactly as float32.
 *
 * @param bytes The stored elements, aligned.
 * @param target Where they go: as many elements.
 */
export function decodeFloats(
  { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>,
  dtype: FloatStorageDtype,
  target: Float32Array<ArrayBuffer>,
): void {
  switch (dtype) {
    case "F32":
      target.set(new Float32Array(buffer, byteOffset, byteLength / 4));
      break;
    case "F16":
      target.set(new Float16Array(buffer, byteOffset, byteLength / 2));
      break;
    case "BF16": {
      const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
      const { buffer: memory, byteOffset: start, length } = target;
      const bits = new Uint32Array(memory, start, length);
      for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
    }
  }
}

/** Low and high words of int64 values in turn, `[2N]`, to int32 `[N]`. */
function narrowToInt32(
  words: Int32Array<ArrayBuffer>,
  label: string,
): Int32Array<ArrayBuffer> {
  const values = new Int32Array(words.length / 2);
  for (let i = 0; i < values.length; i++) {
    const low = words[2 * i];
    const high = words[2 * i + 1];
    if (high !== low >> 31) {
      const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
      throw new RangeError(
        `Cannot read ${label} as its int64 values must fit in int32: ` +
          `current value is ${value} at element ${i}`,
      );
    }
    values[i] = low;
  }
  return values;
}

/**
 * Elements as they are stored: floats rounded to the nearest value of the
 * element type, ties to even; int32 as it is.
 *
 * @param data Elements; the result for `F32` and `I32` is a view of them.
 * @param options Their type in the file, and what is written, for messages:
 * `tensor NAME of FILE`.
 * @throws {RangeError} If a finite value is too large for the element type.
 */
export function encodeElements(
  data: HostTensor["data"],
  { dtype, label }: {
    readonly dtype: FloatStorageDtype | "I32";
    readonly label: string;
  },
): Uint8Array<ArrayBuffer> {
  if (data instanceof Int32Array || dtype === "F32" || dtype === "I32") {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  const halves = dtype === "F16"
    ? new Uint16Array(new Float16Array(data).buffer)
    : roundToBfloat16(data);
  const exponent = dtype === "F16" ? 0x7c00 : 0x7f80;
  for (let i = 0; i < halves.length; i++) {
    if ((halves[i] & exponent) === exponent && Number.isFinite(data[i])) {
      throw new RangeError(
        `Cannot write ${label} as its values must fit in ${dtype}: ` +
          `current value is ${data[i]} at element ${i}`,
      );
    }
  }
  return new Uint8Array(halves.buffer);
}

function roundToBfloat16(
  data: Float32Array<ArrayBuffer>,
): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const halves = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i];
    // Rounding could carry a NaN into another number; a set top mantissa bit
    // keeps it a NaN.
    halves[i] = (x & 0x7fffffff) > 0x7f800000
      ? (x >>> 16) | 0x40
      : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return halves;
}

/**
 * Refuses NaN and infinities; integers always pass.
 *
 * @param action What is done to which tensor, for the message: `read tensor
 * NAME of FILE`.
 * @throws {RangeError} If an element is NaN or infinite.
 */
export function requireFinite(data: HostTensor["data"], action: string): void {
  if (data instanceof Int32Array) return;
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & 0x7f800000) === 0x7f800000) {
      throw new RangeError(
        `Cannot ${action} as its values must be finite: ` +
          `current value is ${data[i]} at element ${i}`,
      );
    }
  }
}
