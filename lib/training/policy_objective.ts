/**
 * What a policy learns from its rollouts: GRPO here, REINFORCE and REINFORCE++
 * in reinforce.ts. They differ in the advantages and in the loss.
 */
import type * as tf from "@tensorflow/tfjs";
import { type AdvantageOptions, groupAdvantages } from "./advantages.ts";
import {
  grpoLoss,
  type GrpoOptions,
  type PolicyStatistics,
  policyStatistics,
  type PolicyTokens,
} from "./grpo.ts";
import type { ShareOptions } from "./policy_batch.ts";
import type { Rollout } from "./rollouts.ts";
import type { StepMetrics } from "./run_checkpoint.ts";

/** A rollout with what policies think of its tokens, where that is needed. */
export interface MeasuredRollout extends Rollout {
  /** Log-probability of each token when it was sampled. */
  readonly oldLogProbs?: ArrayLike<number>;
  /** Log-probability of each token in the reference policy. */
  readonly referenceLogProbs?: ArrayLike<number>;
}

/** What advantages may depend on besides the rollouts. */
export interface AdvantageContext extends Pick<AdvantageOptions, "groupSize"> {
  /** Metrics of the steps before. */
  readonly before: readonly StepMetrics[];
}

/** How a policy learns. */
export interface PolicyObjective
  extends Pick<ShareOptions, "lossType" | "maskTruncated"> {
  /** Updates from one set of rollouts. */
  readonly iterations: number;
  /** Whether there is a reference policy: the one that the run began with. */
  readonly usesReference: boolean;
  /** Advantage of each completion, or of each of its tokens. */
  readonly advantages: (
    rollouts: readonly MeasuredRollout[],
    context: AdvantageContext,
  ) => readonly (number | readonly number[])[];
  /** The loss to minimise; a sum over tokens. */
  readonly loss: (logProbs: tf.Tensor1D, tokens: PolicyTokens) => tf.Scalar;
  /** What is logged, if several updates or a reference policy make it differ from 0. */
  readonly statistics: (
    logProbs: tf.Tensor1D,
    tokens: PolicyTokens,
  ) => PolicyStatistics;
}

/** Settings of GRPO. */
export interface GrpoObjectiveOptions
  extends
    GrpoOptions,
    Pick<ShareOptions, "lossType" | "maskTruncated">,
    Pick<AdvantageOptions, "scaleRewards"> {
  /** Updates from one set of rollouts. @default {1} */
  readonly iterations?: number;
}

/** GRPO (appendix C.2; Shao et al. 2024, arXiv 2402.03300). */
export function grpoObjective(options: GrpoObjectiveOptions): PolicyObjective {
  const { lossType, maskTruncated, scaleRewards, iterations = 1, beta = 0 } =
    options;
  return {
    lossType,
    maskTruncated,
    iterations,
    usesReference: beta > 0,
    advantages: (rollouts, { groupSize }) =>
      groupAdvantages(rollouts.map(({ reward }) => reward), {
        groupSize,
        scaleRewards,
      }),
    loss: (logProbs, tokens) => grpoLoss(logProbs, tokens, options),
    statistics: (logProbs, tokens) =>
      policyStatistics(logProbs, tokens, options),
  };
}
