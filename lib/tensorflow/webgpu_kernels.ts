/**
 * The kernels of the backend `webgpu`: the worker's, but for those that need
 * no GPU or that TensorFlow.js computes wrongly.
 */
import * as tf from "@tensorflow/tfjs";
import type { WebgpuBackend } from "./webgpu_backend.ts";

const BACKEND_NAME = "webgpu";

type Inputs = Record<string, tf.TensorInfo>;

/** The same values in another shape. */
function view(
  backend: unknown,
  { dataId, dtype }: tf.TensorInfo,
  shape: number[],
): tf.TensorInfo {
  (backend as WebgpuBackend).incRef(dataId);
  return { dataId, shape, dtype };
}

const identity: tf.KernelConfig = {
  kernelName: tf.Identity,
  backendName: BACKEND_NAME,
  kernelFunc: ({ inputs, backend }) => {
    const { x } = inputs as Inputs;
    return view(backend, x, x.shape);
  },
};

const reshape: tf.KernelConfig = {
  kernelName: tf.Reshape,
  backendName: BACKEND_NAME,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { x } = inputs as Inputs;
    const { shape } = attrs as unknown as tf.ReshapeAttrs;
    const size = tf.util.sizeFromShape(x.shape);
    return view(backend, x, tf.util.inferFromImplicitShape(shape, size));
  },
};

/** `tf.fill`: TensorFlow.js' shader passes integers through float32. */
const fill: tf.KernelConfig = {
  kernelName: tf.Fill,
  backendName: BACKEND_NAME,
  kernelFunc: (params) => {
    const backend = params.backend as WebgpuBackend;
    const { shape, value, dtype } = params.attrs as unknown as tf.FillAttrs;
    if (dtype !== "int32") return backend.run(tf.Fill, {}, params.attrs);
    const values = new Int32Array(tf.util.sizeFromShape(shape));
    values.fill(value as number);
    return { dataId: backend.write(values, shape, dtype), shape, dtype };
  },
};

/** Tensors that a shader takes: WebGPU grants 8 buffers, one for the result. */
const MOST_INPUTS = 7;

/** `tf.addN` of any number of tensors, a few at a time. */
const addN: tf.KernelConfig = {
  kernelName: tf.AddN,
  backendName: BACKEND_NAME,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const tensors = inputs as unknown as tf.Tensor[];
    if (tensors.length <= MOST_INPUTS) {
      return (backend as WebgpuBackend).run(tf.AddN, inputs, attrs);
    }
    return tf.tidy(() => {
      const first = tf.addN(tensors.slice(0, MOST_INPUTS));
      return tf.addN([first, ...tensors.slice(MOST_INPUTS)]);
    });
  },
};

/**
 * A kernel of the worker that is zero where an input is empty: there
 * TensorFlow.js divides by a size of 0, or binds a buffer of 0 bytes.
 *
 * @param shapeOf The shape of the result.
 */
function zeroOfNothing<Attrs>(
  kernelName: string,
  shapeOf: (inputs: Inputs, attrs: Attrs) => number[],
): tf.KernelConfig {
  return {
    kernelName,
    backendName: BACKEND_NAME,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const tensors = inputs as Inputs;
      if (Object.values(tensors).every(({ shape }) => !shape.includes(0))) {
        return (backend as WebgpuBackend).run(kernelName, inputs, attrs);
      }
      const shape = shapeOf(tensors, attrs as Attrs);
      return tf.zeros(shape, Object.values(tensors)[0].dtype);
    },
  };
}

const sum = zeroOfNothing(
  tf.Sum,
  ({ x }, { axis, keepDims }: tf.SumAttrs) => {
    const axes = tf.util.parseAxisParam(axis, x.shape);
    return keepDims
      ? x.shape.map((size, i) => axes.includes(i) ? 1 : size)
      : x.shape.filter((_, i) => !axes.includes(i));
  },
);

const matMul = zeroOfNothing(
  tf.BatchMatMul,
  (
    { a, b },
    { transposeA, transposeB }: tf.BatchMatMulAttrs,
  ) => [
    ...tf.broadcast_util.assertAndGetBroadcastShape(
      a.shape.slice(0, -2),
      b.shape.slice(0, -2),
    ),
    a.shape.at(transposeA ? -1 : -2)!,
    b.shape.at(transposeB ? -2 : -1)!,
  ],
);

const unsortedSegmentSum = zeroOfNothing(
  tf.UnsortedSegmentSum,
  (
    { x, segmentIds },
    { numSegments }: tf.UnsortedSegmentSumAttrs,
  ) => [numSegments, ...x.shape.slice(segmentIds.shape.length)],
);

/** Registers our kernels and all others of the worker, once. */
export function registerWebgpuKernels(names: readonly string[]): void {
  if (tf.getKernel(tf.Identity, BACKEND_NAME) !== undefined) return;
  const own = [
    identity,
    reshape,
    fill,
    addN,
    sum,
    matMul,
    unsortedSegmentSum,
  ];
  own.forEach(tf.registerKernel);
  const ownNames = new Set(own.map(({ kernelName }) => kernelName));
  for (const kernelName of names.filter((name) => !ownNames.has(name))) {
    tf.registerKernel({
      kernelName,
      backendName: BACKEND_NAME,
      kernelFunc: ({ inputs, attrs, backend }) =>
        (backend as WebgpuBackend).run(kernelName, inputs, attrs),
    });
  }
}
