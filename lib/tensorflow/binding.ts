/**
 * The interface of tfjs-node's native addon, over TensorFlow's C API.
 *
 * TensorFlow.js numbers tensors; here a number stands for an eager tensor
 * handle or, while a function is traced, for an output of a graph node. An
 * eager tensor that a trace uses becomes a capture: an input of the function
 * that keeps its value.
 */
import { ATTRIBUTE, type OpAttribute, typeAttribute } from "./attributes.ts";
import {
  type CApi,
  cString,
  type TensorType,
  TF_TYPE,
  typeOfHandle,
} from "./c_api.ts";
import {
  type ContextOptions,
  type Device,
  homeOf,
  listDevices,
  moveTo,
  newContext,
} from "./context.ts";
import { type EagerOp, executeEager } from "./eager.ts";
import type { GraphOutput } from "./graph.ts";
import {
  createTensor,
  createText,
  type Fill,
  type HostValues,
  takeValues,
  type TensorValues,
} from "./tensors.ts";
import { Trace, type TracedFunction } from "./trace.ts";

/** What TensorFlow.js learns of a new tensor. */
export interface TensorMetadata extends TensorType {
  /** Number of the tensor in this binding. */
  readonly id: number;
}

type Entry =
  | { readonly handle: Deno.PointerValue; readonly trace?: undefined }
  | { readonly trace: Trace; readonly output: GraphOutput };

/** TensorFlow's name for a resource that ends with its last handle. */
const ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

/** The addon's interface (tfjs-node 4.22, `tfjs_binding.d.ts`). */
export class TensorflowBinding {
  /** Numbers of tensor types, by the addon's names. */
  readonly TF_FLOAT = TF_TYPE.float;
  readonly TF_INT32 = TF_TYPE.int32;
  readonly TF_INT64 = TF_TYPE.int64;
  readonly TF_BOOL = TF_TYPE.bool;
  readonly TF_COMPLEX64 = TF_TYPE.complex64;
  readonly TF_STRING = TF_TYPE.string;
  readonly TF_RESOURCE = TF_TYPE.resource;
  readonly TF_UINT8 = TF_TYPE.uint8;
  /** Numbers of attribute kinds, by the addon's names. */
  readonly TF_ATTR_STRING = ATTRIBUTE.string;
  readonly TF_ATTR_INT = ATTRIBUTE.int;
  readonly TF_ATTR_FLOAT = ATTRIBUTE.float;
  readonly TF_ATTR_BOOL = ATTRIBUTE.bool;
  readonly TF_ATTR_TYPE = ATTRIBUTE.type;
  /** TensorFlow's version. */
  readonly TF_Version: string;
  /** What TensorFlow can run on. */
  readonly devices: readonly Device[];

  readonly #api: CApi;
  readonly #context: Deno.PointerValue;
  readonly #entries = new Map<number, Entry>();
  #nextId = 1;
  #trace: Trace | undefined;

  /**
   * Starts TensorFlow's eager runtime.
   *
   * @throws {RangeError} If `threads` is not within 1 to 127.
   */
  constructor(api: CApi, options: ContextOptions = {}) {
    this.#api = api;
    this.TF_Version = api.version;
    this.#context = newContext(api, options);
    this.devices = listDevices(api, this.#context);
    if (this.isUsingGpuDevice()) api.multiplyExactly();
  }

  /** Makes a tensor of host values; while tracing, a constant of the graph. */
  createTensor(
    shape: number[],
    dtype: number,
    values: HostValues | Fill,
  ): number {
    const { symbols, status } = this.#api;
    const tensor = isText(shape, dtype, values)
      ? createText(this.#api, values[0])
      : createTensor(this.#api, shape, dtype, values);
    try {
      if (this.#trace !== undefined) {
        const output = this.#trace.graph.constant(dtype, tensor);
        return this.#add({ trace: this.#trace, output });
      }
      const handle = symbols.TFE_NewTensorHandle(tensor, status);
      this.#api.check("create a tensor");
      const home = homeOf(dtype, this.devices);
      return this.#add({
        handle: home === undefined
          ? handle
          : moveTo(this.#api, this.#context, handle, home),
      });
    } finally {
      symbols.TF_DeleteTensor(tensor);
    }
  }

  /** Forgets a tensor; its memory is freed once no capture holds it. */
  deleteTensor(id: number): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry !== undefined && entry.trace === undefined) {
      this.#api.symbols.TFE_DeleteTensorHandle(entry.handle);
    }
  }

  /**
   * The values of a tensor.
   *
   * @throws {Error} If it is part of a trace: it has no value yet.
   */
  tensorDataSync(id: number): TensorValues {
    const { symbols, status } = this.#api;
    const tensor = symbols.TFE_TensorHandleResolve(this.#eager(id), status);
    this.#api.check("read a tensor");
    return takeValues(this.#api, tensor);
  }

  /**
   * Executes an op, or adds it to the graph while tracing.
   *
   * @throws {Error} With TensorFlow's message and the op's name.
   */
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    outputs: number,
  ): TensorMetadata[] {
    if (this.#trace !== undefined) {
      const inputs = inputIds.map((id) => this.#symbolic(id));
      return this.#trace.graph.operation(name, attributes, inputs, outputs)
        .map((output) => this.#addSymbolic(output));
    }
    const handles = inputIds.map((id) => this.#eager(id));
    return this.#execute({ name, attributes, inputs: handles, outputs })
      .map((handle) => this.#addEager(handle));
  }

  /**
   * Makes a variable without a value: memory that compiled functions may
   * change in place. It lives as long as a handle of it.
   *
   * @returns Its handle.
   */
  createVariable({ shape, dtype }: TensorType): TensorMetadata {
    const [handle] = this.#execute({
      name: "VarHandleOp",
      attributes: [
        typeAttribute("dtype", dtype),
        { name: "container", type: ATTRIBUTE.string, value: "" },
        { name: "shared_name", type: ATTRIBUTE.string, value: ANONYMOUS },
      ],
      inputs: [],
      outputs: 1,
      shape,
    });
    return this.#addEager(handle);
  }

  /** The value of a variable. */
  readVariable(id: number, { shape, dtype }: TensorType): TensorMetadata {
    const attributes = [typeAttribute("dtype", dtype)];
    const name = "ReadVariableOp";
    if (this.#trace === undefined) {
      return this.executeOp(name, attributes, [id], 1)[0];
    }
    const inputs = [this.#symbolic(id)];
    const [output] = this.#trace.graph
      .operation(name, attributes, inputs, 1, shape);
    return this.#addSymbolic(output);
  }

  /** Replaces the value of a variable. */
  assignVariable(id: number, valueId: number, dtype: number): void {
    const attributes = [typeAttribute("dtype", dtype)];
    this.executeOp("AssignVariableOp", attributes, [id, valueId], 0);
  }

  /** True while a function is traced. */
  get tracing(): boolean {
    return this.#trace !== undefined;
  }

  /** True while a function is traced of which every call is compiled. */
  get tracingForXla(): boolean {
    return this.#trace?.xla ?? false;
  }

  /**
   * Makes a function of `body`: every op within goes into a graph.
   *
   * @param name The function's name, unique in the process.
   * @param inputs Shapes and types of its inputs.
   * @param body Gets the inputs; returns the ids of the outputs.
   * @param xla Whether it is always compiled with XLA, so that it may use what
   * only XLA has.
   * @throws {Error} If TensorFlow refuses an op, or `body` throws.
   */
  traceFunction(
    name: string,
    inputs: readonly TensorType[],
    body: (inputs: TensorMetadata[]) => number[],
    xla = false,
  ): TracedFunction {
    const trace = new Trace(this.#api, xla);
    this.#trace = trace;
    try {
      const placeholders = inputs.map(({ dtype, shape }) =>
        trace.graph.placeholder(dtype, shape)
      );
      const outputs = body(placeholders.map((p) => this.#addSymbolic(p)))
        .map((id) => this.#symbolic(id));
      return trace.toFunction(this.#context, name, placeholders, outputs);
    } catch (error) {
      trace.releaseCaptures();
      throw error;
    } finally {
      this.#trace = undefined;
      trace.dispose();
    }
  }

  /**
   * Runs a traced function.
   *
   * @param xla Compile it with XLA (once per function).
   * @param outputs Shapes and types of its outputs, known from the trace.
   * @throws {Error} With TensorFlow's message and the function's name.
   */
  runFunction(
    { name, captures }: TracedFunction,
    inputIds: readonly number[],
    outputs: readonly TensorType[],
    xla: boolean,
  ): TensorMetadata[] {
    const handles = inputIds.map((id) => this.#eager(id));
    const attributes = xla
      ? [{ name: "_XlaMustCompile", type: ATTRIBUTE.bool, value: true }]
      : [];
    const inputs = [...handles, ...captures];
    const op = { name, attributes, inputs, outputs: outputs.length };
    return this.#execute(op)
      .map((handle, i) => ({ ...outputs[i], id: this.#add({ handle }) }));
  }

  /** Forgets a function and the values that it captured. */
  removeFunction({ name, captures }: TracedFunction): void {
    const { symbols, status } = this.#api;
    symbols.TFE_ContextRemoveFunction(this.#context, cString(name), status);
    this.#api.check(`remove ${name}`);
    for (const handle of captures) symbols.TFE_DeleteTensorHandle(handle);
  }

  /** Tensors alive: eager handles and symbols. */
  getNumOfTensors(): number {
    return this.#entries.size;
  }

  /** True if TensorFlow found a GPU. */
  isUsingGpuDevice(): boolean {
    return this.devices.some((device) => device.type === "GPU");
  }

  #execute(op: EagerOp): Deno.PointerValue[] {
    return executeEager(this.#api, this.#context, op);
  }

  #add(entry: Entry): number {
    const id = this.#nextId++;
    this.#entries.set(id, entry);
    return id;
  }

  #addEager(handle: Deno.PointerValue): TensorMetadata {
    return { ...typeOfHandle(this.#api, handle), id: this.#add({ handle }) };
  }

  #addSymbolic(output: GraphOutput): TensorMetadata {
    const id = this.#add({ trace: this.#trace!, output });
    return { id, dtype: output.dtype, shape: [...output.shape] };
  }

  #eager(id: number): Deno.PointerValue {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      throw new Error(`Cannot use tensor ${id} as it was deleted`);
    }
    if (entry.trace !== undefined) {
      throw new Error(
        `Cannot use the value of a tensor as the function it belongs to is only being traced: current value is a symbol of shape ${
          JSON.stringify(entry.output.shape)
        }`,
      );
    }
    return entry.handle;
  }

  /** A tensor as the current trace sees it; an eager one is captured. */
  #symbolic(id: number): GraphOutput {
    const trace = this.#trace!;
    const entry = this.#entries.get(id);
    if (entry?.trace === trace) return entry.output;
    return trace.capture(id, this.#eager(id));
  }
}

/** Whether the values of a tensor are a single text. */
function isText(
  shape: readonly number[],
  dtype: number,
  values: HostValues | Fill,
): values is [Uint8Array<ArrayBuffer>] {
  return dtype === TF_TYPE.string && shape.length === 0 &&
    typeof values !== "function";
}
