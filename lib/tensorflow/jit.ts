/**
 * `jit`: a function of tensors, traced once per shape into one TensorFlow
 * function and, where that pays, compiled by XLA.
 *
 * Gradients come from TensorFlow.js' own tape, so a whole training step,
 * optimiser included, can be one function. On other backends `jit` changes
 * nothing.
 */
import * as tf from "@tensorflow/tfjs";
import { TensorflowBackend } from "./backend.ts";
import type { TensorType, TracedFunction } from "./binding.ts";
import {
  flatten,
  type FlatTree,
  type Structure,
  tidy,
  unflatten,
} from "./tree.ts";

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
  /** @default {"auto"} */
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
  readonly #traced: TracedFunction;
  readonly #outputs: readonly TensorType[];
  readonly #structure: Structure;
  #calls = 0;
  #compiled = false;

  constructor(
    backend: TensorflowBackend,
    fn: (...args: Args) => Result,
    { name, args }: { readonly name: string; readonly args: FlatTree },
  ) {
    this.#backend = backend;
    let symbols: tf.Tensor[] = [];
    let result: FlatTree = { tensors: [], structure: [] };
    try {
      this.#traced = backend.tensorflow.traceFunction(
        `${name}_${counts.traces}`,
        args.tensors.map((tensor) => typeOf(backend, tensor)),
        (inputs) => {
          symbols = inputs.map((input) => backend.toTensor(input));
          result = flatten(
            tidy(() => fn(...unflatten(args.structure, symbols) as Args)),
          );
          return result.tensors.map((tensor) => backend.idOf(tensor));
        },
      );
    } catch (error) {
      const inputs = args.tensors
        .map(({ dtype, shape }) => `${dtype} ${JSON.stringify(shape)}`);
      throw new Error(
        `Cannot trace ${name}(${inputs.join(", ")}): ${
          error instanceof Error ? error.message : error
        }`,
        { cause: error },
      );
    } finally {
      this.#outputs = result.tensors.map((tensor) => typeOf(backend, tensor));
      tf.dispose([...symbols, ...result.tensors]);
    }
    this.#structure = result.structure;
    counts.traces++;
  }

  call(tensors: readonly tf.Tensor[], mode: XlaMode): Result {
    const xla = mode === "always" ||
      mode === "auto" && this.#calls++ >= AUTO_XLA_CALLS;
    if (xla && !this.#compiled) {
      this.#compiled = true;
      counts.xlaCompilations++;
    }
    const ids = tensors.map((tensor) => this.#backend.idOf(tensor));
    const results = this.#backend.tensorflow
      .runFunction(this.#traced, ids, this.#outputs, xla)
      .map((metadata) => this.#backend.toTensor(metadata));
    return unflatten(this.#structure, results) as Result;
  }

  dispose(): void {
    this.#backend.tensorflow.removeFunction(this.#traced);
  }
}

/**
 * Makes a function fast: traced once per combination of shapes.
 *
 * Arguments and result are trees of tensors; other leaves (numbers, strings)
 * are static: each new value is a new trace. The function must be pure and
 * must not read tensors on the host. Outside tensors that it uses keep the
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
    const backend = tf.backend();
    if (!(backend instanceof TensorflowBackend) || isInlined(backend)) {
      return tidy(() => fn(...args));
    }
    const flat = flatten(args);
    const key = keyOf(flat);
    let compiled = cache.get(key);
    if (compiled === undefined) {
      compiled = new Compiled(backend, fn, { name, args: flat });
      cache.set(key, compiled);
    }
    return compiled.call(flat.tensors, xla);
  }
  return Object.assign(call, {
    dispose(): void {
      for (const compiled of cache.values()) compiled.dispose();
      cache.clear();
    },
  });
}

/** Equal for calls that one traced function can serve. */
function keyOf({ structure, tensors }: FlatTree): string {
  const types = tensors.map(({ dtype, shape }) => [dtype, shape]);
  return JSON.stringify(
    [structure, types],
    // JSON has no NaN and no infinities.
    (_, value) =>
      Number.isNaN(value) || Math.abs(value) === Infinity ? `${value}` : value,
  );
}

function isInlined(backend: TensorflowBackend): boolean {
  return backend.tensorflow.tracing || tf.engine().state.gradientDepth > 0;
}

function typeOf(
  backend: TensorflowBackend,
  { dtype, shape }: tf.Tensor,
): TensorType {
  return { shape, dtype: backend.getDTypeInteger(dtype) };
}
