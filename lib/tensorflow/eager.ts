/** Ops that TensorFlow executes at once, on handles of tensors. */
import { type OpAttribute, setAttributes } from "./attributes.ts";
import { type CApi, cString } from "./c_api.ts";

/** One op to execute. */
export interface EagerOp {
  /** Its name, or that of a registered function. */
  readonly name: string;
  /** Its attributes. */
  readonly attributes: readonly OpAttribute[];
  /** Handles of its inputs. */
  readonly inputs: readonly Deno.PointerValue[];
  /** How many outputs it has. */
  readonly outputs: number;
  /** Its attribute `shape`, where it has one. */
  readonly shape?: readonly number[];
}

/**
 * Executes an op.
 *
 * @param context A `TFE_Context`.
 * @returns Handles of the outputs; the caller owns them.
 * @throws {Error} With TensorFlow's message and the op's name.
 */
export function executeEager(
  api: CApi,
  context: Deno.PointerValue,
  { name, attributes, inputs, outputs, shape }: EagerOp,
): Deno.PointerValue[] {
  const { symbols, status } = api;
  const op = symbols.TFE_NewOp(context, cString(name), status);
  api.check(`run ${name}`);
  try {
    for (const handle of inputs) symbols.TFE_OpAddInput(op, handle, status);
    api.check(`run ${name}`);
    setAttributes(symbols, { op, graph: false }, attributes);
    if (shape !== undefined) {
      const dims = BigInt64Array.from(shape, BigInt);
      const { length } = dims;
      symbols.TFE_OpSetAttrShape(op, cString("shape"), dims, length, status);
      api.check(`run ${name}`);
    }
    const results = new BigUint64Array(outputs);
    const count = Int32Array.of(outputs);
    symbols.TFE_Execute(op, results, count, status);
    api.check(`run ${name}`);
    return Array.from(
      results.subarray(0, count[0]),
      (address) => Deno.UnsafePointer.create(address),
    );
  } finally {
    symbols.TFE_DeleteOp(op);
  }
}
