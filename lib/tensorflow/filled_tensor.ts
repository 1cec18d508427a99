/** Tensors that are never in memory twice. */
import * as tf from "@tensorflow/tfjs";
import { TensorflowBackend } from "./backend.ts";
import { TF_TYPE } from "./c_api.ts";

/**
 * A float32 tensor whose values are written where they will stay; for those of
 * a large model, of which a copy on the host would be felt.
 *
 * @param fill Writes all of `values`, and keeps no reference to it. What it
 * throws is thrown, and there is no tensor.
 */
export function filledTensor(
  shape: readonly number[],
  fill: (values: Float32Array<ArrayBuffer>) => void,
): tf.Tensor {
  const backend = tf.backend();
  const own = [...shape];
  if (backend instanceof TensorflowBackend) {
    const dtype = TF_TYPE.float;
    const id = backend.tensorflow.createTensor(
      own,
      dtype,
      (bytes) => fill(new Float32Array(bytes)),
    );
    return backend.toTensor({ id, shape: own, dtype });
  }
  const size = shape.reduce((product, length) => product * length, 1);
  const values = new Float32Array(size);
  fill(values);
  return tf.tensor(values, own);
}
