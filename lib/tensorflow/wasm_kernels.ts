/** Kernels that TensorFlow.js' WebAssembly backend lacks or computes wrongly. */
import * as tf from "@tensorflow/tfjs";

const BACKEND_NAME = "wasm";

/** The gradient of `tf.gather`: rows with the same index are added up. */
const unsortedSegmentSum: tf.KernelConfig = {
  kernelName: tf.UnsortedSegmentSum,
  backendName: BACKEND_NAME,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, segmentIds } = inputs as Record<string, tf.Tensor>;
    const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs;
    const shape = [numSegments, ...x.shape.slice(1)];
    return tf.tidy(() => tf.scatterND(segmentIds.expandDims(-1), x, shape));
  },
};

/** `tf.gather` row by row: tfjs 4.22 takes other rows' indices. */
function gatherRowByRow(kernel: tf.KernelConfig): tf.KernelConfig {
  return {
    ...kernel,
    kernelFunc: (params) => {
      const { x, indices } = params.inputs as Record<string, tf.Tensor>;
      const { axis, batchDims } = params
        .attrs as unknown as tf.GatherV2Attrs;
      if (batchDims === 0) return kernel.kernelFunc(params);
      const rowAxis = tf.util.parseAxisParam(axis, x.shape)[0] - 1;
      return tf.tidy(() => {
        const rowIndices = tf.unstack(indices) as tf.Tensor1D[];
        const rows = tf.unstack(x).map((row, i) =>
          tf.gather(row, rowIndices[i], rowAxis, batchDims - 1)
        );
        return tf.stack(rows);
      });
    },
  };
}

/** Adds and replaces kernels, once. */
export function registerWasmKernels(): void {
  if (tf.getKernel(tf.UnsortedSegmentSum, BACKEND_NAME) !== undefined) return;
  tf.registerKernel(unsortedSegmentSum);
  const gather = tf.getKernel(tf.GatherV2, BACKEND_NAME);
  tf.unregisterKernel(tf.GatherV2, BACKEND_NAME);
  tf.registerKernel(gatherRowByRow(gather));
}
