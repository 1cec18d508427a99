/**
 * A function while it is traced: its graph, and the eager tensors from outside
 * that it uses. Such a tensor becomes a capture, an input that keeps its value.
 */
import { type CApi, typeOfHandle } from "./c_api.ts";
import { Graph, type GraphOutput } from "./graph.ts";

/** What a trace leaves behind. */
export interface TracedFunction {
  /** Name under which TensorFlow runs it, like an op. */
  readonly name: string;
  /** Values of the outside tensors, passed after the inputs at every call. */
  readonly captures: readonly Deno.PointerValue[];
}

/** A captured tensor, and the input that stands for it. */
interface Capture {
  readonly input: GraphOutput;
  readonly handle: Deno.PointerValue;
}

/** One trace; `dispose` frees its graph. */
export class Trace {
  /** Every op within goes into it. */
  readonly graph: Graph;
  /** Whether XLA compiles every call. */
  readonly xla: boolean;
  readonly #api: CApi;
  readonly #captures = new Map<number, Capture>();

  /** An empty trace. */
  constructor(api: CApi, xla: boolean) {
    this.#api = api;
    this.graph = new Graph(api);
    this.xla = xla;
  }

  /** The input that stands for the eager tensor with number `id`. */
  capture(id: number, handle: Deno.PointerValue): GraphOutput {
    const captured = this.#captures.get(id);
    if (captured !== undefined) return captured.input;
    const { symbols, status } = this.#api;
    const { dtype, shape } = typeOfHandle(this.#api, handle);
    const input = this.graph.placeholder(dtype, shape);
    const shared = symbols.TFE_TensorHandleCopySharingTensor(handle, status);
    this.#api.check("capture a tensor");
    this.#captures.set(id, { input, handle: shared });
    return input;
  }

  /**
   * Registers what was traced as a function.
   *
   * @param context A `TFE_Context`.
   * @throws {Error} If TensorFlow refuses it.
   */
  toFunction(
    context: Deno.PointerValue,
    name: string,
    inputs: readonly GraphOutput[],
    outputs: readonly GraphOutput[],
  ): TracedFunction {
    const { symbols, status } = this.#api;
    const captures = [...this.#captures.values()];
    const allInputs = [...inputs, ...captures.map(({ input }) => input)];
    const fn = this.graph.toFunction(name, allInputs, outputs);
    symbols.TFE_ContextAddFunction(context, fn, status);
    symbols.TF_DeleteFunction(fn);
    this.#api.check(`register ${name}`);
    return { name, captures: captures.map(({ handle }) => handle) };
  }

  /** Frees what was captured, if no function came of it. */
  releaseCaptures(): void {
    for (const { handle } of this.#captures.values()) {
      this.#api.symbols.TFE_DeleteTensorHandle(handle);
    }
  }

  /** Frees the graph. */
  dispose(): void {
    this.graph.dispose();
  }
}
