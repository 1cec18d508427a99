/**
 * GRPO: the loss of a policy that learns from groups of its own completions
 * (appendix C.2, eq. 16).
 *
 * Deviation: eq. 16 has no ratio to the policy that sampled; the released
 * code, a subclass of TRL's trainer, clips it. In the paper's setting, one
 * update for each rollout, the ratio is 1 and the gradient that of eq. 16.
 *
 * A token counts by its share in the loss, which `tokenShares` derives from
 * the loss type. The loss of a batch is a sum over its tokens, so that it is
 * also the sum of the losses of its parts.
 *
 * Shapes: P learned tokens of all rows (padded).
 */
import * as tf from "@tensorflow/tfjs";

/** What the learned tokens of a batch bring along. */
export interface PolicyTokens {
  /** Share of each token in the loss, `[P]`; 0: padding, or left out. */
  readonly shares: tf.Tensor1D;
  /** Advantage of its completion, `[P]`. */
  readonly advantages: tf.Tensor1D;
  /**
   * Its log-probability when it was sampled, `[P]`. None: now, as in the first
   * update after a rollout.
   */
  readonly oldLogProbs?: tf.Tensor1D;
  /** Its log-probability in the reference policy, `[P]`. */
  readonly referenceLogProbs?: tf.Tensor1D;
}

/** Settings of the loss. */
export interface GrpoOptions {
  /** The ratio counts from 1 minus this. @default {0.2} */
  readonly epsilonLow?: number;
  /** The ratio counts up to 1 plus this. @default {0.2} */
  readonly epsilonHigh?: number;
  /** Weight of the divergence from the reference policy. @default {0} */
  readonly beta?: number;
}

/** What a run logs of a batch: means over its tokens, scalars. */
export interface PolicyStatistics {
  /** Tokens with a ratio too low that their advantage would lower. */
  readonly clippedLow: tf.Scalar;
  /** Tokens with a ratio too high that their advantage would raise. */
  readonly clippedHigh: tf.Scalar;
  /** Divergence from the reference policy in nats, if there is one. */
  readonly divergence?: tf.Scalar;
}

/**
 * The loss to minimise.
 *
 * @param logProbs Log-probability of each token now, `[P]`, in nats.
 * @throws {RangeError} If an option is out of range.
 * @throws {TypeError} If `beta` asks for a reference policy and there is none.
 * Source: TRL 0.21, grpo_trainer.py:1841-1895.
 */
export function grpoLoss(
  logProbs: tf.Tensor1D,
  tokens: PolicyTokens,
  options: GrpoOptions = {},
): tf.Scalar {
  const { epsilonLow, epsilonHigh, beta } = requireOptions(options);
  const { shares, advantages } = tokens;
  const { ratio, divergence } = comparePolicies(logProbs, tokens);
  const clipped = ratio.clipByValue(1 - epsilonLow, 1 + epsilonHigh);
  const gain = tf.minimum(ratio.mul(advantages), clipped.mul(advantages));
  if (beta === 0) return gain.neg().mul(shares).sum() as tf.Scalar;
  if (divergence === undefined) {
    throw new TypeError(
      `Cannot compute a policy loss as 'beta' above 0 must come with a reference policy: current value is ${beta}`,
    );
  }
  return divergence.mul(beta).sub(gain).mul(shares).sum() as tf.Scalar;
}

/**
 * How far the policy has moved.
 *
 * @param logProbs Log-probability of each token now, `[P]`, in nats.
 * @throws {RangeError} If an option is out of range.
 * Source: TRL 0.21, grpo_trainer.py:1900-1931.
 */
export function policyStatistics(
  logProbs: tf.Tensor1D,
  tokens: PolicyTokens,
  options: GrpoOptions = {},
): PolicyStatistics {
  const { epsilonLow, epsilonHigh } = requireOptions(options);
  const { ratio, divergence } = comparePolicies(logProbs, tokens);
  const counts = tokens.shares.greater(0);
  const count = tf.maximum(counts.toFloat().sum(), 1);
  const mean = (values: tf.Tensor): tf.Scalar =>
    tf.where(counts, values, 0).sum().div(count) as tf.Scalar;
  const isLow = ratio.less(1 - epsilonLow).logicalAnd(
    tokens.advantages.less(0),
  );
  const isHigh = ratio.greater(1 + epsilonHigh).logicalAnd(
    tokens.advantages.greater(0),
  );
  return {
    clippedLow: mean(isLow.toFloat()),
    clippedHigh: mean(isHigh.toFloat()),
    ...divergence && { divergence: mean(divergence) },
  };
}

/** Ratio to the policy that sampled, and divergence from the reference. */
function comparePolicies(
  logProbs: tf.Tensor1D,
  { shares, oldLogProbs, referenceLogProbs }: PolicyTokens,
): { ratio: tf.Tensor; divergence?: tf.Tensor } {
  // What does not count has a difference of 0: its exponent may overflow.
  const difference = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
    tf.where(shares.greater(0), a.sub(b), 0);
  const old = oldLogProbs ?? withoutGradient(logProbs);
  const ratio = difference(logProbs, old).exp();
  if (referenceLogProbs === undefined) return { ratio };
  // The estimator k3 of Schulman 2020: unbiased, and never below 0.
  const toReference = difference(referenceLogProbs, logProbs);
  return { ratio, divergence: toReference.expm1().sub(toReference) };
}

/** The same numbers as a constant (`tf.stop_gradient`). */
function withoutGradient(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((value) => ({
    value: (value as tf.Tensor).clone(),
    gradFunc: (dy) => tf.zerosLike(dy),
  }))(x);
}

function requireOptions(
  { epsilonLow = 0.2, epsilonHigh = 0.2, beta = 0 }: GrpoOptions,
): Required<GrpoOptions> {
  for (
    const [name, value, isValid, rule] of [
      [
        "epsilonLow",
        epsilonLow,
        epsilonLow >= 0 && epsilonLow <= 1,
        "within 0 to 1",
      ],
      ["epsilonHigh", epsilonHigh, epsilonHigh >= 0, "at least 0"],
      ["beta", beta, beta >= 0, "at least 0"],
    ] as const
  ) {
    if (!isValid) {
      throw new RangeError(
        `Cannot compare policies as '${name}' must be ${rule}: current value is ${value}`,
      );
    }
  }
  return { epsilonLow, epsilonHigh, beta };
}
