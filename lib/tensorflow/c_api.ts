/**
 * The part of TensorFlow's C API that we call, through Deno's FFI.
 *
 * Names and meaning are those of `tensorflow/c/c_api.h` and
 * `tensorflow/c/eager/c_api.h` (TensorFlow 2.21). Nothing here knows of
 * TensorFlow.js.
 */
import { neverUnload, withoutStderr } from "./libc.ts";

const P = "pointer";
const B = "buffer";
/** `TF_Output { TF_Operation* oper; int index; }`, passed by value. */
const OUTPUT = { struct: ["pointer", "i32"] } as const;

const SYMBOLS = {
  TF_Version: { parameters: [], result: P },
  TF_NewStatus: { parameters: [], result: P },
  TF_GetCode: { parameters: [P], result: "i32" },
  TF_Message: { parameters: [P], result: P },

  TF_AllocateTensor: { parameters: ["i32", B, "i32", "usize"], result: P },
  TF_TensorData: { parameters: [P], result: P },
  TF_TensorByteSize: { parameters: [P], result: "usize" },
  TF_TensorType: { parameters: [P], result: "i32" },
  TF_DeleteTensor: { parameters: [P], result: "void" },
  TF_StringInit: { parameters: [P], result: "void" },
  TF_StringCopy: { parameters: [P, B, "usize"], result: "void" },

  TFE_NewContextOptions: { parameters: [], result: P },
  TFE_ContextOptionsSetConfig: {
    parameters: [P, B, "usize", P],
    result: "void",
  },
  TFE_DeleteContextOptions: { parameters: [P], result: "void" },
  TFE_NewContext: { parameters: [P, P], result: P },
  TFE_ContextListDevices: { parameters: [P, P], result: P },
  TF_DeviceListCount: { parameters: [P], result: "i32" },
  TF_DeviceListType: { parameters: [P, "i32", P], result: P },
  TF_DeviceListName: { parameters: [P, "i32", P], result: P },
  TF_DeleteDeviceList: { parameters: [P], result: "void" },

  TFE_NewTensorHandle: { parameters: [P, P], result: P },
  TFE_DeleteTensorHandle: { parameters: [P], result: "void" },
  TFE_TensorHandleCopySharingTensor: { parameters: [P, P], result: P },
  TFE_TensorHandleDataType: { parameters: [P], result: "i32" },
  TFE_TensorHandleNumDims: { parameters: [P, P], result: "i32" },
  TFE_TensorHandleDim: { parameters: [P, "i32", P], result: "i64" },
  TFE_TensorHandleResolve: { parameters: [P, P], result: P },
  TFE_TensorHandleCopyToDevice: { parameters: [P, P, B, P], result: P },

  TFE_NewOp: { parameters: [P, B, P], result: P },
  TFE_DeleteOp: { parameters: [P], result: "void" },
  TFE_OpAddInput: { parameters: [P, P, P], result: "void" },
  TFE_OpSetAttrType: { parameters: [P, B, "i32"], result: "void" },
  TFE_OpSetAttrInt: { parameters: [P, B, "i64"], result: "void" },
  TFE_OpSetAttrIntList: { parameters: [P, B, B, "i32"], result: "void" },
  TFE_OpSetAttrFloat: { parameters: [P, B, "f32"], result: "void" },
  TFE_OpSetAttrBool: { parameters: [P, B, "u8"], result: "void" },
  TFE_OpSetAttrShape: { parameters: [P, B, B, "i32", P], result: "void" },
  TFE_OpSetAttrString: { parameters: [P, B, B, "usize"], result: "void" },
  TFE_Execute: { parameters: [P, B, B, P], result: "void" },
  TFE_ContextAddFunction: { parameters: [P, P, P], result: "void" },
  TFE_ContextRemoveFunction: { parameters: [P, B, P], result: "void" },

  TF_NewGraph: { parameters: [], result: P },
  TF_DeleteGraph: { parameters: [P], result: "void" },
  TF_NewOperation: { parameters: [P, B, B], result: P },
  TF_AddInput: { parameters: [P, OUTPUT], result: "void" },
  TF_AddInputList: { parameters: [P, B, "i32"], result: "void" },
  TF_SetAttrType: { parameters: [P, B, "i32"], result: "void" },
  TF_SetAttrInt: { parameters: [P, B, "i64"], result: "void" },
  TF_SetAttrIntList: { parameters: [P, B, B, "i32"], result: "void" },
  TF_SetAttrFloat: { parameters: [P, B, "f32"], result: "void" },
  TF_SetAttrBool: { parameters: [P, B, "u8"], result: "void" },
  TF_SetAttrString: { parameters: [P, B, B, "usize"], result: "void" },
  TF_SetAttrShape: { parameters: [P, B, B, "i32"], result: "void" },
  TF_SetAttrTensor: { parameters: [P, B, P, P], result: "void" },
  TF_FinishOperation: { parameters: [P, P], result: P },
  TF_OperationOutputType: { parameters: [OUTPUT], result: "i32" },
  TF_GraphGetTensorNumDims: { parameters: [P, OUTPUT, P], result: "i32" },
  TF_GraphGetTensorShape: {
    parameters: [P, OUTPUT, B, "i32", P],
    result: "void",
  },
  TF_GraphSetTensorShape: {
    parameters: [P, OUTPUT, B, "i32", P],
    result: "void",
  },
  TF_GraphToFunctionWithControlOutputs: {
    // graph, name, append hash, operations (-1: all of them), inputs,
    // outputs, output names, control outputs, their names, options,
    // description, status
    // deno-fmt-ignore
    parameters: [
      P, B, "u8", "i32", B, "i32", B, "i32", B, P, "i32", B, B, P, P, P,
    ],
    result: P,
  },
  TF_DeleteFunction: { parameters: [P], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** C++ functions that TensorFlow 2.21 exports under their mangled names. */
const FRAMEWORK_SYMBOLS = {
  /**
   * `absl::SetMinLogLevel`: messages go to the terminal otherwise, whatever
   * the environment says.
   */
  setMinLogLevel: {
    name: "_ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE",
    parameters: ["i32"],
    result: "void",
    optional: true,
  },
  /** `tsl::enable_tensor_float_32_execution`. */
  enableTensorFloat32: {
    name: "_ZN3tsl32enable_tensor_float_32_executionEb",
    parameters: ["u8"],
    result: "void",
    optional: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * The severity of absl from which messages are shown. Errors come back as
 * statuses too; what XLA logs as one (a tuning flag of cached code that no
 * processor knows) is not.
 */
const LOG_FATAL = 3;

/** TensorFlow's functions by name. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Values of `TF_DataType`: those of TensorFlow.js, and bfloat16. */
export const TF_TYPE = {
  float: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const;

const encoder = new TextEncoder();
const cStrings = new Map<string, Uint8Array<ArrayBuffer>>();

/** `text` as a zero-terminated string, made once: the same few names recur. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  let bytes = cStrings.get(text);
  if (bytes === undefined) {
    bytes = encoder.encode(`${text}\0`);
    cStrings.set(text, bytes);
  }
  return bytes;
}

/** The text at `pointer`, empty for a null pointer. */
export function readCString(pointer: Deno.PointerValue): string {
  return pointer === null
    ? ""
    : new Deno.UnsafePointerView(pointer).getCString();
}

/** TensorFlow's library, opened, with the status object of its calls. */
export class CApi {
  /** TensorFlow's functions. */
  readonly symbols: Symbols;
  /** The `TF_Status` that every call reports to; read by `check`. */
  readonly status: Deno.PointerValue;
  readonly #framework: Deno.DynamicLibrary<typeof FRAMEWORK_SYMBOLS>["symbols"];

  /**
   * Opens the library; it stays open until the process ends, as TensorFlow
   * cannot be unloaded.
   *
   * @param frameworkPath libtensorflow_framework, which the other one needs.
   * @param ccPath libtensorflow_cc.
   * @param preload Libraries that TensorFlow opens by their names later; the
   * loader then takes those that are open already. NVIDIA's must be: the folder
   * of cuSOLVER is not among those where TensorFlow 2.21 looks.
   * @throws {Error} If the system's loader refuses a file; names the file.
   */
  constructor(
    frameworkPath: string,
    ccPath: string,
    preload: readonly string[] = [],
  ) {
    [this.#framework, this.symbols] = withoutStderr(() => {
      for (const path of preload) open(path, {});
      const framework = open(frameworkPath, FRAMEWORK_SYMBOLS);
      framework.symbols.setMinLogLevel?.(LOG_FATAL);
      return [framework.symbols, open(ccPath, SYMBOLS).symbols];
    });
    this.status = this.symbols.TF_NewStatus();
  }

  /**
   * Has GPUs multiply float32 as float32: TensorFlow keeps 10 of its 23 bits
   * otherwise, where PyTorch keeps all.
   */
  multiplyExactly(): void {
    this.#framework.enableTensorFloat32?.(0);
  }

  /** TensorFlow's version, such as `2.21.0`. */
  get version(): string {
    return readCString(this.symbols.TF_Version());
  }

  /**
   * Throws if the call before it failed.
   *
   * @param action What was attempted, for the message.
   * @throws {Error} With TensorFlow's own message.
   */
  check(action: string): void {
    if (this.symbols.TF_GetCode(this.status) !== 0) {
      const message = readCString(this.symbols.TF_Message(this.status));
      throw new Error(`Cannot ${action} as TensorFlow refused it: ${message}`);
    }
  }
}

function open<S extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: S,
): Deno.DynamicLibrary<S> {
  try {
    // First, as Deno unloads a library that lacks a symbol.
    neverUnload(path);
    return Deno.dlopen(path, symbols);
  } catch (cause) {
    throw new Error(
      `Cannot open TensorFlow's library as the system refused ${path}: ${
        cause instanceof Error ? cause.message : cause
      }`,
      { cause },
    );
  }
}

/** Shape and type of a tensor. */
export interface TensorType {
  /** Its shape. */
  readonly shape: number[];
  /** `TF_DataType`. */
  readonly dtype: number;
}

/** Shape and type of the tensor that a `TFE_TensorHandle` stands for. */
export function typeOfHandle(
  { symbols, status }: CApi,
  handle: Deno.PointerValue,
): TensorType {
  const shape = Array.from(
    { length: symbols.TFE_TensorHandleNumDims(handle, status) },
    (_, i) => Number(symbols.TFE_TensorHandleDim(handle, i, status)),
  );
  return { shape, dtype: symbols.TFE_TensorHandleDataType(handle) };
}
