/**
 * A TensorFlow graph under construction: what a trace writes instead of
 * executing (design: `tf.function` for TensorFlow.js).
 */
import { type OpAttribute, setAttributes } from "./attributes.ts";
import { type CApi, cString } from "./c_api.ts";

/** One output of a node: the symbolic counterpart of a tensor. */
export interface GraphOutput {
  /** `TF_Output`, 16 bytes: the node's address and the output's index. */
  readonly struct: Uint8Array<ArrayBuffer>;
  /** `TF_DataType`. */
  readonly dtype: number;
  /** Its shape, always known. */
  readonly shape: number[];
}

/**
 * Ops whose first inputs form one list: how many inputs follow the list, and
 * the attribute that counts it, which a graph sets by itself.
 */
const LIST_INPUTS: Readonly<Record<string, { after: number; count: string }>> =
  {
    ConcatV2: { after: 1, count: "N" },
    Pack: { after: 0, count: "N" },
    AddN: { after: 0, count: "N" },
  };

/** A graph that grows node by node and becomes a TensorFlow function. */
export class Graph {
  readonly #api: CApi;
  readonly #graph: Deno.PointerValue;
  /** Nodes without outputs: a function must run them all the same. */
  readonly #effects: Deno.PointerValue[] = [];
  #nodes = 0;

  /** An empty graph. */
  constructor(api: CApi) {
    this.#api = api;
    this.#graph = api.symbols.TF_NewGraph();
  }

  /** An input of the function to be. */
  placeholder(dtype: number, shape: readonly number[]): GraphOutput {
    const { symbols } = this.#api;
    const node = this.#newNode("Placeholder");
    symbols.TF_SetAttrType(node, cString("dtype"), dtype);
    const dims = BigInt64Array.from(shape, BigInt);
    symbols.TF_SetAttrShape(node, cString("shape"), dims, dims.length);
    return this.#outputs(
      this.#finish(node, "Placeholder"),
      1,
      "Placeholder",
    )[0];
  }

  /** A constant; `tensor` is a `TF_Tensor`, which the caller still owns. */
  constant(dtype: number, tensor: Deno.PointerValue): GraphOutput {
    const { symbols, status } = this.#api;
    const node = this.#newNode("Const");
    symbols.TF_SetAttrType(node, cString("dtype"), dtype);
    symbols.TF_SetAttrTensor(node, cString("value"), tensor, status);
    this.#api.check("trace Const");
    return this.#outputs(this.#finish(node, "Const"), 1, "Const")[0];
  }

  /**
   * A node that computes `name` from `inputs`.
   *
   * @param shape Shape of its one output, where TensorFlow cannot know it.
   * @throws {Error} If TensorFlow refuses it, with its message.
   */
  operation(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly GraphOutput[],
    outputs: number,
    shape?: readonly number[],
  ): GraphOutput[] {
    const { symbols } = this.#api;
    const node = this.#newNode(name);
    const list = LIST_INPUTS[name];
    const listed = list === undefined ? 0 : inputs.length - list.after;
    if (list !== undefined) {
      symbols.TF_AddInputList(node, pack(inputs.slice(0, listed)), listed);
    }
    for (const input of inputs.slice(listed)) {
      symbols.TF_AddInput(node, input.struct);
    }
    setAttributes(
      symbols,
      { op: node, graph: true },
      attributes.filter((attribute) => attribute.name !== list?.count),
    );
    const finished = this.#finish(node, name);
    if (outputs === 0) this.#effects.push(finished);
    return this.#outputs(finished, outputs, name, shape);
  }

  /**
   * The graph as a `TF_Function` named `name`; the caller owns it.
   *
   * An output that is itself an input passes through an Identity node, as a
   * function may not return a placeholder.
   */
  toFunction(
    name: string,
    inputs: readonly GraphOutput[],
    outputs: readonly GraphOutput[],
  ): Deno.PointerValue {
    const { symbols, status } = this.#api;
    const direct = new Set(inputs);
    const results = outputs.map((output) =>
      direct.has(output)
        ? this.operation("Identity", [], [output], 1)[0]
        : output
    );
    const effectNames = this.#effects.map((_, i) => cString(`effect_${i}`));
    const result = symbols.TF_GraphToFunctionWithControlOutputs(
      this.#graph,
      cString(name),
      0,
      -1,
      new Uint8Array(8),
      inputs.length,
      pack(inputs),
      results.length,
      pack(results),
      null,
      this.#effects.length,
      addresses(this.#effects),
      addresses(effectNames.map((name) => Deno.UnsafePointer.of(name))),
      null,
      null,
      status,
    );
    this.#api.check(`make a function of ${name}`);
    return result;
  }

  /** Frees the graph; functions made of it stay. */
  dispose(): void {
    this.#api.symbols.TF_DeleteGraph(this.#graph);
  }

  #newNode(type: string): Deno.PointerValue {
    return this.#api.symbols.TF_NewOperation(
      this.#graph,
      cString(type),
      new TextEncoder().encode(`${type}_${this.#nodes++}\0`),
    );
  }

  #finish(node: Deno.PointerValue, type: string): Deno.PointerValue {
    const finished = this.#api.symbols.TF_FinishOperation(
      node,
      this.#api.status,
    );
    this.#api.check(`trace ${type}`);
    return finished;
  }

  #outputs(
    node: Deno.PointerValue,
    count: number,
    type: string,
    given?: readonly number[],
  ): GraphOutput[] {
    const { symbols, status } = this.#api;
    return Array.from({ length: count }, (_, index) => {
      const struct = new Uint8Array(16);
      const view = new DataView(struct.buffer);
      view.setBigUint64(0, BigInt(Deno.UnsafePointer.value(node)), true);
      view.setInt32(8, index, true);
      if (given !== undefined) {
        const dims = BigInt64Array.from(given, BigInt);
        symbols.TF_GraphSetTensorShape(
          this.#graph,
          struct,
          dims,
          dims.length,
          status,
        );
        this.#api.check(`trace ${type}`);
      }
      const rank = symbols.TF_GraphGetTensorNumDims(
        this.#graph,
        struct,
        status,
      );
      this.#api.check(`trace ${type}`);
      const dims = new BigInt64Array(Math.max(rank, 1));
      if (rank > 0) {
        symbols.TF_GraphGetTensorShape(this.#graph, struct, dims, rank, status);
        this.#api.check(`trace ${type}`);
      }
      const shape = [...dims.subarray(0, Math.max(rank, 0))].map(Number);
      if (rank < 0 || shape.some((size) => size < 0)) {
        throw new Error(
          `Cannot trace ${type} as the shapes of its outputs must not depend on values: current value is ${
            rank < 0 ? "unknown" : JSON.stringify(shape)
          }`,
        );
      }
      return { struct, dtype: symbols.TF_OperationOutputType(struct), shape };
    });
  }
}

function pack(outputs: readonly GraphOutput[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 * outputs.length);
  outputs.forEach((output, i) => bytes.set(output.struct, 16 * i));
  return bytes;
}

/** Pointers one after another. */
function addresses(
  pointers: readonly Deno.PointerValue[],
): BigUint64Array<ArrayBuffer> {
  return BigUint64Array.from(
    pointers,
    (pointer) => Deno.UnsafePointer.value(pointer),
  );
}
