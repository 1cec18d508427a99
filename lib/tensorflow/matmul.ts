/** `tf.matMul` on TensorFlow, in the precision of the backend. */
import type * as tf from "@tensorflow/tfjs";
import { ATTRIBUTE, type OpAttribute, typeAttribute } from "./attributes.ts";
import type { TensorflowBackend } from "./backend.ts";
import type { TensorflowBinding, TensorMetadata } from "./binding.ts";
import { TF_TYPE } from "./c_api.ts";

/** Two stacks of matrices, and which of them to transpose. */
export interface Factors extends tf.BatchMatMulAttrs {
  /** Of a type that can be multiplied. */
  readonly a: tf.TensorInfo;
  /** Of the same type. */
  readonly b: tf.TensorInfo;
}

/**
 * The product of two stacks of matrices.
 *
 * @returns Of the factors' type; bf16 changes float32 only. The caller owns it.
 */
export function matMul(
  backend: TensorflowBackend,
  { a, b, transposeA, transposeB }: Factors,
): tf.TensorInfo {
  const factors = [backend.idOf(a), backend.idOf(b)];
  const transposes = [
    { name: "adj_x", type: ATTRIBUTE.bool, value: transposeA },
    { name: "adj_y", type: ATTRIBUTE.bool, value: transposeB },
  ];
  const { tensorflow, precision } = backend;
  if (precision === "bf16" && a.dtype === "float32") {
    return backend.toTensor(
      bfloat16Product(tensorflow, factors, transposes),
    );
  }
  const type = typeAttribute("T", backend.getDTypeInteger(a.dtype));
  return backend.toTensor(
    execute(tensorflow, "BatchMatMulV2", [type, ...transposes], factors),
  );
}

/**
 * A float32 product whose factors are rounded to bfloat16, with sums in
 * float32.
 *
 * Only XLA has an op for it; for x86-64 it calls YNNPACK, which has kernels for
 * AMX, AVX512-BF16 and, slower, for the rest. TensorFlow's own kernels round the
 * sums to bfloat16, some of them at every addition; elsewhere it is therefore a
 * float32 product of the rounded factors.
 */
function bfloat16Product(
  tensorflow: TensorflowBinding,
  factors: readonly number[],
  transposes: readonly OpAttribute[],
): TensorMetadata {
  const { float, bfloat16 } = TF_TYPE;
  const cast = (id: number, from: number, to: number): TensorMetadata => {
    const types = [typeAttribute("SrcT", from), typeAttribute("DstT", to)];
    return execute(tensorflow, "Cast", types, [id]);
  };
  const rounded = factors.map((id) => cast(id, float, bfloat16).id);
  const made = [...rounded];
  try {
    if (tensorflow.tracingForXla) {
      const types = [
        typeAttribute("Ta", bfloat16),
        typeAttribute("Tb", bfloat16),
        typeAttribute("Tout", float),
      ];
      const attributes = [...types, ...transposes];
      return execute(tensorflow, "BatchMatMulV3", attributes, rounded);
    }
    const widened = rounded.map((id) => cast(id, bfloat16, float).id);
    made.push(...widened);
    const attributes = [typeAttribute("T", float), ...transposes];
    return execute(tensorflow, "BatchMatMulV2", attributes, widened);
  } finally {
    for (const id of made) tensorflow.deleteTensor(id);
  }
}

function execute(
  tensorflow: TensorflowBinding,
  name: string,
  attributes: readonly OpAttribute[],
  inputs: readonly number[],
): TensorMetadata {
  return tensorflow.executeOp(name, attributes, inputs, 1)[0];
}
