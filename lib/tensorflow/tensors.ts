/** Host values to and from a `TF_Tensor`. */
import { type CApi, TF_TYPE } from "./c_api.ts";

/** Values as TensorFlow.js hands them over. */
export type HostValues = ArrayLike<number | boolean | Uint8Array<ArrayBuffer>>;

/** Values as TensorFlow.js reads them. */
export type TensorValues =
  | Float32Array
  | Int32Array
  | Uint8Array
  | BigInt64Array;

const BYTES_PER_ELEMENT: Readonly<Record<number, number>> = {
  [TF_TYPE.float]: 4,
  [TF_TYPE.int32]: 4,
  [TF_TYPE.bool]: 1,
  [TF_TYPE.int64]: 8,
};

/** `values` in the memory layout of `dtype`; no copy where it is that already. */
function toArray(dtype: number, values: HostValues): ArrayBufferView {
  const numbers = values as ArrayLike<number>;
  switch (dtype) {
    case TF_TYPE.float:
      return values instanceof Float32Array
        ? values
        : Float32Array.from(numbers);
    case TF_TYPE.int32:
      return values instanceof Int32Array ? values : Int32Array.from(numbers);
    case TF_TYPE.bool:
      return values instanceof Uint8Array ? values : Uint8Array.from(numbers);
    case TF_TYPE.int64:
      // tfjs-node writes a 64-bit integer as two 32-bit halves, low first.
      if (values instanceof Int32Array) return values;
  }
  throw new TypeError(
    `Cannot create a tensor as its type must be float32, int32, bool or, in halves, int64: current value is TF_DataType ${dtype}`,
  );
}

/** Writes a tensor's values where they will stay; must not keep `bytes`. */
export type Fill = (bytes: ArrayBuffer) => void;

/**
 * A new `TF_Tensor` with a copy of the values, or with those that a function
 * writes; the caller deletes it.
 *
 * @throws {TypeError} If the type is not one that we use.
 * @throws {RangeError} If the values do not fill the shape.
 */
export function createTensor(
  { symbols }: CApi,
  shape: readonly number[],
  dtype: number,
  values: HostValues | Fill,
): Deno.PointerValue {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const length = size * BYTES_PER_ELEMENT[dtype];
  const fill = typeof values === "function"
    ? values
    : copyOf(toArray(dtype, values), shape, length);
  const tensor = symbols.TF_AllocateTensor(
    dtype,
    BigInt64Array.from(shape, BigInt),
    shape.length,
    BigInt(length),
  );
  if (length === 0) return tensor;
  try {
    const data = symbols.TF_TensorData(tensor);
    if (data === null) {
      throw new RangeError(
        `Cannot create a tensor of shape ${
          JSON.stringify(shape)
        } as memory must be left for it: current value is ${length} bytes`,
      );
    }
    fill(Deno.UnsafePointerView.getArrayBuffer(data, length));
  } catch (error) {
    symbols.TF_DeleteTensor(tensor);
    throw error;
  }
  return tensor;
}

/** Bytes of a `TF_TString`: a text of up to 22 bytes, or where a longer one is. */
const TEXT_BYTES = 24n;

/**
 * A new `TF_Tensor` of shape `[]` that holds a text; the caller deletes it.
 *
 * @param text In UTF-8.
 */
export function createText(
  { symbols }: CApi,
  text: Uint8Array<ArrayBuffer>,
): Deno.PointerValue {
  const noDims = new BigInt64Array(0);
  const tensor = symbols
    .TF_AllocateTensor(TF_TYPE.string, noDims, 0, TEXT_BYTES);
  const data = symbols.TF_TensorData(tensor);
  symbols.TF_StringInit(data);
  symbols.TF_StringCopy(data, text, BigInt(text.length));
  return tensor;
}

/** @throws {RangeError} If the values do not fill the shape. */
function copyOf(
  { buffer, byteOffset, byteLength }: ArrayBufferView,
  shape: readonly number[],
  length: number,
): Fill {
  if (byteLength !== length) {
    throw new RangeError(
      `Cannot create a tensor of shape ${
        JSON.stringify(shape)
      } as it needs ${length} bytes: current value is ${byteLength}`,
    );
  }
  return (bytes) =>
    new Uint8Array(bytes).set(new Uint8Array(buffer, byteOffset, length));
}

/**
 * A copy of the values of a `TF_Tensor`, which is deleted.
 *
 * @throws {TypeError} If the type is not one that we use.
 */
export function takeValues(
  { symbols }: CApi,
  tensor: Deno.PointerValue,
): TensorValues {
  const length = Number(symbols.TF_TensorByteSize(tensor));
  const data = symbols.TF_TensorData(tensor);
  const buffer = length === 0 || data === null
    ? new ArrayBuffer(0)
    : Deno.UnsafePointerView.getArrayBuffer(data, length).slice(0);
  const dtype = symbols.TF_TensorType(tensor);
  symbols.TF_DeleteTensor(tensor);
  switch (dtype) {
    case TF_TYPE.float:
      return new Float32Array(buffer);
    case TF_TYPE.int32:
      return new Int32Array(buffer);
    case TF_TYPE.int64:
      return new BigInt64Array(buffer);
    case TF_TYPE.bool:
    case TF_TYPE.uint8:
      return new Uint8Array(buffer);
    default:
      throw new TypeError(
        `Cannot read a tensor as its type must be float32, int32, int64, bool or uint8: current value is TF_DataType ${dtype}`,
      );
  }
}
