/**
 * Trees: tensors and variables in nested arrays and records (JAX's pytrees),
 * as arguments of compiled functions; results are trees of tensors. Other
 * leaves (numbers, strings, booleans, null, undefined) are static.
 */
import * as tf from "@tensorflow/tfjs";
import { Variable } from "./variable.ts";

/** Tensors by name: weights, parameters, gradients. */
export interface NamedTensors {
  /** A tensor by its name. */
  readonly [name: string]: tf.Tensor;
}

/** A tree whose tensors were taken out. */
export interface FlatTree {
  /** The tensors, in the tree's order. */
  readonly tensors: tf.Tensor[];
  /** The rest, with numbers in place of tensors. */
  readonly structure: Structure;
}

/** A tree with places instead of tensors. */
export type Structure =
  | readonly Structure[]
  | { readonly tensor: number }
  | {
    readonly variable: number;
    readonly shape: readonly number[];
    readonly dtype: tf.DataType;
  }
  | { readonly record: { readonly [key: string]: Structure } }
  | { readonly leaf: unknown };

/**
 * Takes the tensors out of a tree, records in the order of their keys.
 *
 * @throws {TypeError} If a leaf is neither a tensor nor static.
 */
export function flatten(tree: unknown): FlatTree {
  const tensors: tf.Tensor[] = [];
  function visit(node: unknown): Structure {
    if (node instanceof tf.Tensor) return { tensor: tensors.push(node) - 1 };
    if (node instanceof Variable) {
      const { handle, shape, dtype } = node;
      return { variable: tensors.push(handle) - 1, shape, dtype };
    }
    if (Array.isArray(node)) return node.map(visit);
    if (node === null || node === undefined) return { leaf: node };
    if (["number", "string", "boolean"].includes(typeof node)) {
      return { leaf: node };
    }
    const prototype = Object.getPrototypeOf(node);
    if (prototype === Object.prototype || prototype === null) {
      const record = node as Readonly<Record<string, unknown>>;
      const children = Object.keys(record).sort()
        .map((key) => [key, visit(record[key])] as const);
      return { record: Object.fromEntries(children) };
    }
    throw new TypeError(
      `Cannot flatten a tree as its leaves must be tensors, variables, numbers, strings, booleans, null or undefined: current value is a ${
        prototype.constructor?.name ?? typeof node
      }`,
    );
  }
  const structure = visit(tree);
  return { tensors, structure };
}

/**
 * Puts tensors back into a structure that `flatten` made.
 *
 * @param variables Gets those within a trace.
 */
export function unflatten(
  structure: Structure,
  tensors: readonly tf.Tensor[],
  variables: Variable[] = [],
): unknown {
  if ("tensor" in structure) return tensors[structure.tensor];
  if ("variable" in structure) {
    const variable = Variable.traced(tensors[structure.variable], structure);
    variables.push(variable);
    return variable;
  }
  if ("leaf" in structure) return structure.leaf;
  if ("record" in structure) {
    const children = Object.entries(structure.record)
      .map(([key, child]) =>
        [key, unflatten(child, tensors, variables)] as const
      );
    return Object.fromEntries(children);
  }
  return structure.map((child) => unflatten(child, tensors, variables));
}

/** Each tensor changed, under its own name. */
export function mapTensors(
  tensors: NamedTensors,
  change: (tensor: tf.Tensor, name: string) => tf.Tensor,
): NamedTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      change(tensor, name),
    ]),
  );
}

/** `tf.tidy` for any tree: frees all tensors made within but the result's. */
export function tidy<T>(fn: () => T): T {
  return tf.tidy(fn as () => tf.TensorContainer) as T;
}

/** Frees every tensor of a tree. */
export function disposeTree(tree: unknown): void {
  tf.dispose(flatten(tree).tensors);
}
