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
  shape: 7,
  resource: 11,
} as const;

/** One attribute, as tfjs-node's kernels write it. */
export interface OpAttribute {
  /** Its name in TensorFlow's op definition. */
  readonly name: string;
  /** One of `ATTRIBUTE`. */
  readonly type: number;
  /** Its value; an array for a list of ints or types and for a shape. */
  readonly value: boolean | number | string | object | readonly number[];
}

const encoder = new TextEncoder();

/** What differs between an eager op and a graph node. */
export interface AttributeTarget {
  /** The op or node under construction. */
  readonly op: Deno.PointerValue;
  /** True for a node of a graph, false for an eager op. */
  readonly graph: boolean;
  /** The `TF_Status` for the one setter that reports. */
  readonly status: Deno.PointerValue;
}

/**
 * Sets every attribute on an op under construction.
 *
 * @throws {TypeError} If an attribute is of a kind that no kernel of ours
 * uses.
 */
export function setAttributes(
  symbols: Symbols,
  target: AttributeTarget,
  attributes: readonly OpAttribute[],
): void {
  const { op, graph, status } = target;
  for (const { name, type, value } of attributes) {
    const key = cString(name);
    if (type === ATTRIBUTE.type && Array.isArray(value)) {
      const types = Int32Array.from(value);
      graph
        ? symbols.TF_SetAttrTypeList(op, key, types, types.length)
        : symbols.TFE_OpSetAttrTypeList(op, key, types, types.length);
    } else if (type === ATTRIBUTE.type) {
      graph
        ? symbols.TF_SetAttrType(op, key, value as number)
        : symbols.TFE_OpSetAttrType(op, key, value as number);
    } else if (type === ATTRIBUTE.int && Array.isArray(value)) {
      const ints = BigInt64Array.from(value, BigInt);
      graph
        ? symbols.TF_SetAttrIntList(op, key, ints, ints.length)
        : symbols.TFE_OpSetAttrIntList(op, key, ints, ints.length);
    } else if (type === ATTRIBUTE.int) {
      graph
        ? symbols.TF_SetAttrInt(op, key, BigInt(value as number))
        : symbols.TFE_OpSetAttrInt(op, key, BigInt(value as number));
    } else if (type === ATTRIBUTE.float) {
      graph
        ? symbols.TF_SetAttrFloat(op, key, value as number)
        : symbols.TFE_OpSetAttrFloat(op, key, value as number);
    } else if (type === ATTRIBUTE.bool) {
      graph
        ? symbols.TF_SetAttrBool(op, key, value ? 1 : 0)
        : symbols.TFE_OpSetAttrBool(op, key, value ? 1 : 0);
    } else if (type === ATTRIBUTE.string) {
      const bytes = encoder.encode(value as string);
      const length = BigInt(bytes.length);
      graph
        ? symbols.TF_SetAttrString(op, key, bytes, length)
        : symbols.TFE_OpSetAttrString(op, key, bytes, length);
    } else if (type === ATTRIBUTE.shape) {
      const dims = BigInt64Array.from(value as number[], BigInt);
      graph
        ? symbols.TF_SetAttrShape(op, key, dims, dims.length)
        : symbols.TFE_OpSetAttrShape(op, key, dims, dims.length, status);
    } else {
      throw new TypeError(
        `Cannot set attribute '${name}' as its kind must be one of ${
          Object.values(ATTRIBUTE).join(", ")
        }: current value is ${type}`,
      );
    }
  }
}
