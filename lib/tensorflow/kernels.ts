/**
 * Kernels that tfjs-node lacks, or that read values on the host, which a
 * trace cannot.
 */
import "./node_util.ts";
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js";
import { ATTRIBUTE, type OpAttribute } from "./attributes.ts";
import type { TensorflowBackend } from "./backend.ts";
import { TF_TYPE } from "./c_api.ts";

/** Name under which TensorFlow.js knows tfjs-node's kernels. */
const BACKEND_NAME = "tensorflow";

function typeAttribute(
  backend: TensorflowBackend,
  name: string,
  tensor: tf.TensorInfo,
): OpAttribute {
  const value = backend.getDTypeInteger(tensor.dtype);
  return { name, type: ATTRIBUTE.type, value };
}

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
      typeAttribute(tensorflow, "Tparams", x),
      typeAttribute(tensorflow, "Tindices", indices),
      { name: "Taxis", type: ATTRIBUTE.type, value: TF_TYPE.int32 },
    ], [x, indices, axisTensor]);
    axisTensor.dispose();
    return result;
  },
};

/** Replaces tfjs-node's kernels where ours must differ. */
export function registerKernels(): void {
  for (const kernel of [gather]) {
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    tf.registerKernel(kernel);
  }
}
