/**
 * `jit`: a function of tensors, traced once per shape into one TensorFlow
 * function and, where that pays, compiled by XLA.
 *
 * Gradients come from TensorFlow.js' own tape, so a whole training step,
 * optimiser included, can be one function. On other backends `jit` changes
 * nothing.
 */
import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs";
import { TensorflowBackend } from "./backend.ts";
import type { TensorType } from "./c_api.ts";
import {
  flatten,
  type FlatTree,
  type Structure,
  tidy,
  unflatten,
} from "./tree.ts";
import type { TracedFunction } from "./trace.ts";
import type { Variable } from "./variable.ts";

/**
 * When XLA compiles a traced function: at its first call, never, or once it
 * was called `AUTO_XLA_CALLS` times. Compiled and traced code round
 * differently in the last bits: whatever must repeat exactly fixes the mode.
 */
export type XlaMode = "always" | "never" | "auto";

/** Calls of one shape after which `auto` compiles: compiling costs seconds. */
export const AUTO_XLA_CALLS = 32;

/** Settings of `jit`. */
export interface JitOptions {
  /** Name in errors and profiles. */
  readonly name: string;
  /** When XLA compiles. @default {"auto"} */
  readonly xla?: XlaMode;
}

/** A function that `jit` returned. */
export interface Jitted<Args extends readonly unknown[], Result> {
  /** Runs it; the caller owns the tensors of the result. */
  (...args: Args): Result;
  /** Frees the traced functions and what they captured. */
  dispose(): void;
}

/** Counts since the process began. */
export interface JitStatistics {
  /** Functions traced: one for every new combination of shapes. */
  readonly traces: number;
  /** Functions that XLA compiled. */
  readonly xlaCompilations: number;
}

const counts = { traces: 0, xlaCompilations: 0 };

/** How often functions were traced and compiled. */
export function jitStatistics(): JitStatistics {
  return { ...counts };
}

/** A function traced for one combination of shapes. */
class Compiled<Args extends readonly unknown[], Result> {
  readonly #backend: TensorflowBackend;
  readonly #name: string;
  readonly #traced: TracedFunction;
  readonly #outputs: readonly TensorType[];
  readonly #structure: Structure;
  readonly #mode: XlaMode;
  #calls = 0;
  #compiled = false;

  constructor(
    backend: TensorflowBackend,
    fn: (...args: Args) => Result,
    { name, key, args, xla }: {
      readonly name: string;
      readonly key: string;
      readonly args: FlatTree;
      readonly xla: XlaMode;
    },
  ) {
    this.#backend = backend;
    this.#name = name;
    let structure: Structure = [];
    let outputs: TensorType[] = [];
    try {
      // Frees every symbol, and no tensor from outside that is a result.
      this.#traced = tidy(() =>
        backend.tensorflow.traceFunction(
          uniqueName(name, key),
          args.tensors.map((tensor) => backend.typeOf(tensor)),
          (inputs) => {
            const symbols = inputs.map((input) => backend.toTensor(input));
            const variables: Variable[] = [];
            const traced = unflatten(args.structure, symbols, variables);
            const result = flatten(fn(...traced as Args));
            for (const variable of variables) variable.commit();
            structure = result.structure;
            outputs = result.tensors.map((tensor) => backend.typeOf(tensor));
            return result.tensors.map((tensor) => backend.idOf(tensor));
          },
          xla === "always",
        )
      );
    } catch (error) {
      throw failure("trace", name, args.tensors, error);
    }
    this.#outputs = outputs;
    this.#structure = structure;
    this.#mode = xla;
    counts.traces++;
  }

  call(tensors: readonly tf.Tensor[]): Result {
    const xla = this.#mode === "always" ||
      this.#mode === "auto" && this.#calls++ >= AUTO_XLA_CALLS;
    if (xla && !this.#compiled) {
      this.#compiled = true;
      counts.xlaCompilations++;
    }
    const ids = tensors.map((tensor) => this.#backend.idOf(tensor));
    try {
      const results = this.#backend.tensorflow
        .runFunction(this.#traced, ids, this.#outputs, xla)
        .map((metadata) => this.#backend.toTensor(metadata));
      return unflatten(this.#structure, results) as Result;
    } catch (error) {
      throw failure("call", this.#name, tensors, error);
    }
  }

  dispose(): void {
    this.#backend.tensorflow.removeFunction(this.#traced);
  }
}

/**
 * Makes a function fast: traced once per combination of shapes, for each
 * precision that it is called with.
 *
 * Arguments and result are trees of tensors; other leaves (numbers, strings)
 * are static: each new value is a new trace. The function must be pure but
 * for variables among its arguments, which it may read and assign; it must
 * not read tensors on the host. Outside tensors that it uses keep the
 * value that they had at the trace: pass as arguments what changes.
 * Within a gradient or another jitted function, it is simply called.
 *
 * @example Doubling
 * const double = jit((x: tf.Tensor) => x.mul(2), { name: "double" });
 */
export function jit<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  options: JitOptions,
): Jitted<Args, Result> {
  const { name, xla = "auto" } = options;
  const cache = new Map<string, Compiled<Args, Result>>();
  function call(...args: Args): Result {
    const flat = flatten(args);
    requireAlive(name, flat.tensors);
    const backend = tf.backend();
    if (!(backend instanceof TensorflowBackend)) {
      return tidy(() => cloned(fn(...args)));
    }
    if (isInlined(backend)) return tidy(() => fn(...args));
    const key = `${backend.precision} ${keyOf(flat)}`;
    let compiled = cache.get(key);
    if (compiled === undefined) {
      compiled = new Compiled(backend, fn, { name, key, args: flat, xla });
      cache.set(key, compiled);
    }
    return compiled.call(flat.tensors);
  }
  return Object.assign(call, {
    dispose(): void {
      for (const compiled of cache.values()) compiled.dispose();
      cache.clear();
    },
  });
}

/** How often each name was given. */
const names = new Map<string, number>();

/**
 * A name that no other function of the process has, but the same function of
 * another process: XLA keeps compiled code on disk under it.
 */
function uniqueName(name: string, key: string): string {
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 12);
  const base = `${name}_${hash}`;
  const count = names.get(base) ?? 0;
  names.set(base, count + 1);
  return `${base}_${count}`;
}

/** Equal for calls that one traced function can serve. */
function keyOf({ structure, tensors }: FlatTree): string {
  let key = "";
  function visit(node: Structure): void {
    if ("tensor" in node || "variable" in node) {
      const isTensor = "tensor" in node;
      const { dtype, shape } = isTensor ? tensors[node.tensor] : node;
      key += `${isTensor ? "" : "&"}${dtype}(`;
      for (const size of shape) key += `${size},`;
      key += ")";
    } else if ("leaf" in node) {
      key += typeof node.leaf === "string" ? quote(node.leaf) : `${node.leaf},`;
    } else if ("record" in node) {
      key += "{";
      for (const [name, child] of Object.entries(node.record)) {
        key += quote(name);
        visit(child);
      }
      key += "}";
    } else {
      key += "[";
      node.forEach(visit);
      key += "]";
    }
  }
  visit(structure);
  return key;
}

/** With its length in front, no text passes for what follows it. */
function quote(text: string): string {
  return `${text.length}"${text}`;
}

/** The tree with tensors of its own, as a traced function returns. */
function cloned<T>(tree: T): T {
  const { structure, tensors } = flatten(tree);
  return unflatten(structure, tensors.map((tensor) => tensor.clone())) as T;
}

/** What went wrong with which function of which shapes. */
function failure(
  action: "trace" | "call",
  name: string,
  tensors: readonly tf.Tensor[],
  cause: unknown,
): Error {
  const types = tensors
    .map(({ dtype, shape }) => `${dtype} ${JSON.stringify(shape)}`);
  const message = cause instanceof Error ? cause.message : cause;
  return new Error(
    `Cannot ${action} ${name}(${types.join(", ")}): ${message}`,
    { cause },
  );
}

function requireAlive(name: string, tensors: readonly tf.Tensor[]): void {
  const disposed = tensors.findIndex((tensor) => tensor.isDisposed);
  if (disposed >= 0) {
    throw new Error(
      `Cannot call ${name} as no tensor of its arguments may be disposed: current value is number ${disposed} of shape ${
        JSON.stringify(tensors[disposed].shape)
      }`,
    );
  }
}

function isInlined(backend: TensorflowBackend): boolean {
  return backend.tensorflow.tracing || tf.engine().state.gradientDepth > 0;
}
