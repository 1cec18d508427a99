/**
 * Kernels that tfjs-node lacks, or that read values on the host, which a
 * trace cannot.
 */
import "./node_util.ts";
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js";
import { ATTRIBUTE, typeAttribute } from "./attributes.ts";
import type { TensorflowBackend } from "./backend.ts";
import { TF_TYPE } from "./c_api.ts";
import { type Factors, matMul } from "./matmul.ts";

/** Name under which TensorFlow.js knows tfjs-node's kernels. */
const BACKEND_NAME = "tensorflow";

/** `tf.gather` without tfjs-node's check of every index on the host. */
const gather: tf.KernelConfig = {
  kernelName: tf.GatherV2,
  backendName: BACKEND_NAME,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { x, indices } = inputs as Record<string, tf.TensorInfo>;
    const { axis, batchDims } = attrs as unknown as tf.GatherV2Attrs;
    const tensorflow = backend as TensorflowBackend;
    const axisTensor = tf.scalar(axis, "int32");
    const result = tensorflow.executeSingleOutput(tf.GatherV2, [
      { name: "batch_dims", type: ATTRIBUTE.int, value: batchDims ?? 0 },
      typeAttribute("Tparams", tensorflow.getDTypeInteger(x.dtype)),
      typeAttribute("Tindices", tensorflow.getDTypeInteger(indices.dtype)),
      typeAttribute("Taxis", TF_TYPE.int32),
    ], [x, indices, axisTensor]);
    axisTensor.dispose();
    return result;
  },
};

/** `tf.matMul`, which tfjs-node knows in float32 only. */
const batchMatMul: tf.KernelConfig = {
  kernelName: tf.BatchMatMul,
  backendName: BACKEND_NAME,
  kernelFunc: ({ inputs, attrs, backend }) =>
    matMul(
      backend as TensorflowBackend,
      { ...inputs, ...attrs } as unknown as Factors,
    ),
};

/** Replaces tfjs-node's kernels where ours must differ. */
export function registerKernels(): void {
  for (const kernel of [gather, batchMatMul]) {
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    tf.registerKernel(kernel);
  }
}
