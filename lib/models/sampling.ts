/** Choice of the next token, inside compiled functions. */
import * as tf from "@tensorflow/tfjs";

/** What sampling needs besides the scores. */
export interface SamplingNoise<Uniforms extends tf.Tensor = tf.Tensor1D> {
  /** Divides the scores, scalar > 0. */
  readonly temperature: tf.Scalar;
  /** One number in [0, 1) for each token: `[N]`, or `[N, steps]`. */
  readonly uniforms: Uniforms;
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
  // The largest score becomes 0, so that no temperature makes scores overflow.
  const scores = logits.sub(logits.max(1, true)).div(noise.temperature);
  const cumulated = tf.cumsum(tf.softmax(scores), 1);
  // The sum is 1 only up to rounding: compare with a share of the real one.
  const total = cumulated.max(1, true);
  // A number next to 1 is 1 in float32, a share that no sum exceeds.
  const uniforms = noise.uniforms.minimum(1 - 2 ** -24).reshape([N, 1]);
  const exceeds = cumulated.greater(uniforms.mul(total));
  return tf.argMax(exceeds.toInt(), -1) as tf.Tensor1D;
}
