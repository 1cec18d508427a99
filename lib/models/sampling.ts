/** Choice of the next token, inside compiled functions. */
import * as tf from "@tensorflow/tfjs";

/** What sampling needs besides the scores. */
export interface SamplingNoise {
  /** Divides the scores, scalar > 0. */
  readonly temperature: tf.Scalar;
  /** One number in [0, 1) a row, `[N]`. */
  readonly uniforms: tf.Tensor1D;
}

/**
 * The next token of each row.
 *
 * Greedy without noise. With it, the first token at which the cumulated
 * probabilities of softmax(logits / temperature) exceed the row's number:
 * a row's choice depends on its own number only.
 *
 * @param logits Shape `[N, V]`.
 * @returns Shape `[N]`, int32.
 */
export function chooseTokens(
  logits: tf.Tensor2D,
  noise: SamplingNoise | null,
): tf.Tensor1D {
  if (noise === null) return tf.argMax(logits, -1) as tf.Tensor1D;
  const N = logits.shape[0];
  const probabilities = tf.softmax(logits.div(noise.temperature));
  const cumulated = tf.cumsum(probabilities, 1);
  // The sum is 1 only up to rounding: compare with a share of the real one.
  const total = cumulated.max(1, true);
  const threshold = noise.uniforms.reshape([N, 1]).mul(total);
  return tf.argMax(cumulated.greater(threshold).toInt(), -1) as tf.Tensor1D;
}
