/**
 * Attributes of TensorFlow ops: the same list, written to an eager op or to
 * a node of a graph.
 */
import { cString, type Symbols } from "./c_api.ts";

/** Kinds of attribute, with the numbers that tfjs-node's addon gives them. */
export const ATTRIBUTE = {
  string: 0,
  int: 1,
  float: 2,
  bool: 3,
  type: 6,
} as const;

/** One attribute, as tfjs-node's kernels write it. */
export interface OpAttribute {
  /** Its name in TensorFlow's op definition. */
  readonly name: string;
  /** One of `ATTRIBUTE`. */
  readonly type: number;
  /** Its value; an array for a list of ints. */
  readonly value: boolean | number | string | readonly number[];
}

/** An attribute that is a type, a `TF_DataType`. */
export function typeAttribute(name: string, value: number): OpAttribute {
  return { name, type: ATTRIBUTE.type, value };
}

const encoder = new TextEncoder();

/** What differs between an eager op and a graph node. */
export interface AttributeTarget {
  /** The op or node under construction. */
  readonly op: Deno.PointerValue;
  /** True for a node of a graph, false for an eager op. */
  readonly graph: boolean;
}

/**
 * Sets every attribute on an op under construction.
 *
 * @throws {TypeError} If an attribute is of a kind that no kernel of ours
 * uses.
 */
export function setAttributes(
  symbols: Symbols,
  { op, graph }: AttributeTarget,
  attributes: readonly OpAttribute[],
): void {
  for (const { name, type, value } of attributes) {
    const key = cString(name);
    if (type === ATTRIBUTE.int && typeof value === "object") {
      const ints = BigInt64Array.from(value, BigInt);
      graph
        ? symbols.TF_SetAttrIntList(op, key, ints, ints.length)
        : symbols.TFE_OpSetAttrIntList(op, key, ints, ints.length);
    } else if (type === ATTRIBUTE.int && typeof value === "number") {
      graph
        ? symbols.TF_SetAttrInt(op, key, BigInt(value))
        : symbols.TFE_OpSetAttrInt(op, key, BigInt(value));
    } else if (type === ATTRIBUTE.type && typeof value === "number") {
      graph
        ? symbols.TF_SetAttrType(op, key, value)
        : symbols.TFE_OpSetAttrType(op, key, value);
    } else if (type === ATTRIBUTE.float && typeof value === "number") {
      graph
        ? symbols.TF_SetAttrFloat(op, key, value)
        : symbols.TFE_OpSetAttrFloat(op, key, value);
    } else if (type === ATTRIBUTE.bool && typeof value === "boolean") {
      graph
        ? symbols.TF_SetAttrBool(op, key, value ? 1 : 0)
        : symbols.TFE_OpSetAttrBool(op, key, value ? 1 : 0);
    } else if (type === ATTRIBUTE.string && typeof value === "string") {
      const bytes = encoder.encode(value);
      const length = BigInt(bytes.length);
      graph
        ? symbols.TF_SetAttrString(op, key, bytes, length)
        : symbols.TFE_OpSetAttrString(op, key, bytes, length);
    } else {
      throw new TypeError(
        `Cannot set attribute '${name}' as it must be a string (0), int or ints (1), float (2), bool (3) or type (6): current value is ${
          JSON.stringify(value)
        } (${type})`,
      );
    }
  }
}
