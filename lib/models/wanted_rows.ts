/** Some rows of a matrix, where not all are wanted. */
import * as tf from "@tensorflow/tfjs";

/**
 * Rows of `x [N, D]` at distinct places `[P]`; shape `[P, D]`.
 *
 * The gradient gathers too: what TensorFlow.js would derive scatters, which XLA
 * does number by number on a CPU.
 */
export function wantedRows(x: tf.Tensor2D, places: tf.Tensor1D): tf.Tensor2D {
  const [N] = x.shape;
  const [P] = places.shape;
  type Arguments = [x: tf.Tensor2D, save: tf.GradSaveFunc];
  return tf.customGrad((...args) => {
    const [x, save] = args as unknown as Arguments;
    save([places]);
    return {
      value: tf.gather(x, places),
      gradFunc: (d: tf.Tensor2D, [places]: tf.Tensor[]) => {
        /** Number of each row among the wanted ones, from 1; 0: not wanted. */
        const numbers = tf.tensorScatterUpdate(
          tf.zeros([N], "int32"),
          places.expandDims(1),
          tf.range(1, P + 1, 1, "int32"),
        );
        const one = tf.scalar(1, "int32");
        const rows = tf.gather(d, numbers.maximum(one).sub(one));
        return rows.mul(numbers.toFloat().minimum(1).expandDims(1));
      },
    };
  })(x) as tf.Tensor2D;
}
