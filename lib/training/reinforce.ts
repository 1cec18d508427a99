/**
 * REINFORCE and REINFORCE++, on the rollouts that GRPO learns from.
 *
 * REINFORCE (Williams 1992, Machine Learning 8, episodic form): the gradient of
 * the expected reward is that of (r - b) log pi(completion); its baseline b is
 * the reward that earlier steps let expect (reinforcement comparison, which
 * the source takes over from Sutton 1984).
 *
 * REINFORCE++ (Hu 2025, arXiv 2501.03262): no critic and no groups; a token's
 * return is the reward less the divergence from the reference policy from this
 * token on, normalised over all tokens of the rollouts; PPO's clipped loss.
 */
import type * as tf from "@tensorflow/tfjs";
import { grpoLoss, policyStatistics, type PolicyTokens } from "./grpo.ts";
import type { MeasuredRollout, PolicyObjective } from "./policy_objective.ts";
import type { StepMetrics } from "./run_checkpoint.ts";

/** Least variance of returns (OpenRLHF 0.11.2, experience_maker.py:333). */
const LEAST_VARIANCE = 1e-8;

/** Settings of REINFORCE. */
export interface ReinforceOptions {
  /**
   * Weight of the last step in the baseline; that of each step before is
   * smaller by 1 minus this.
   *
   * @default {0.1}
   */
  readonly baselineRate?: number;
}

/**
 * The reward that earlier steps let expect: a mean of theirs, later ones
 * counting more; 0 before the first step.
 *
 * Deviation: the weights are divided by their sum, so that the first steps are
 * not pulled towards 0.
 *
 * @param before Metrics of the steps before, with their mean `reward`.
 * @throws {RangeError} If `baselineRate` is not in (0, 1].
 */
export function rewardBaseline(
  before: readonly StepMetrics[],
  { baselineRate = 0.1 }: ReinforceOptions = {},
): number {
  if (!(baselineRate > 0 && baselineRate <= 1)) {
    throw new RangeError(
      `Cannot take a baseline as 'baselineRate' must be above 0 and at most 1: current value is ${baselineRate}`,
    );
  }
  let [sum, weight] = [0, 0];
  for (const { reward } of before) {
    sum = (1 - baselineRate) * sum + baselineRate * reward;
    weight = (1 - baselineRate) * weight + baselineRate;
  }
  return weight === 0 ? 0 : sum / weight;
}

/**
 * The loss whose gradient is REINFORCE's: -A log pi, summed by share.
 *
 * @param logProbs Log-probability of each token now, `[P]`, in nats.
 */
export function reinforceLoss(
  logProbs: tf.Tensor1D,
  { shares, advantages }: Pick<PolicyTokens, "shares" | "advantages">,
): tf.Scalar {
  return logProbs.mul(advantages).mul(shares).sum().neg() as tf.Scalar;
}

/**
 * REINFORCE. One update for each set of rollouts: its gradient is only right
 * for the policy that sampled them. Tokens count as in `dr_grpo`: sums over a
 * completion, as in the source, up to a constant factor.
 */
export function reinforceObjective(
  options: ReinforceOptions = {},
): PolicyObjective {
  return {
    lossType: "dr_grpo",
    iterations: 1,
    usesReference: false,
    advantages: (rollouts, { before }) => {
      const baseline = rewardBaseline(before, options);
      return rollouts.map(({ reward }) => reward - baseline);
    },
    loss: reinforceLoss,
    statistics: policyStatistics,
  };
}

/** Settings of REINFORCE++. */
export interface ReinforcePlusPlusOptions {
  /** Weight of the divergence in the returns. @default {0} */
  readonly beta?: number;
  /** The ratio counts from 1 minus this to 1 plus this. @default {0.2} */
  readonly epsilon?: number;
  /** Updates from one set of rollouts. @default {1} */
  readonly iterations?: number;
}

/**
 * Normalised return of each token, by completion.
 *
 * The return of token t is r - beta * sum over i >= t of
 * (log pi_old(i) - log pi_ref(i)). All tokens of all completions share one mean
 * and one standard deviation (of all, not of n - 1).
 *
 * @param beta Weight of the divergence.
 * @throws {TypeError} If `beta` asks for log-probabilities that are not there.
 * Source: Hu 2025; OpenRLHF 0.11.2, models/utils.py:131-159 and
 * experience_maker.py:324-339, 390-421.
 */
export function normalizedReturns(
  rollouts: readonly MeasuredRollout[],
  beta: number,
): number[][] {
  const returns = rollouts.map((rollout) => tokenReturns(rollout, beta));
  const all = returns.flat();
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) /
    all.length;
  const scale = 1 / Math.sqrt(Math.max(variance, LEAST_VARIANCE));
  return returns.map((values) => values.map((value) => (value - mean) * scale));
}

function tokenReturns(
  { ids, reward, oldLogProbs, referenceLogProbs }: MeasuredRollout,
  beta: number,
): number[] {
  if (beta === 0) return ids.map(() => reward);
  if (oldLogProbs === undefined || referenceLogProbs === undefined) {
    throw new TypeError(
      `Cannot compute returns as 'beta' above 0 must come with a reference policy: current value is ${beta}`,
    );
  }
  const returns = new Array<number>(ids.length);
  let rest = reward;
  for (let t = ids.length - 1; t >= 0; t--) {
    rest -= beta * (oldLogProbs[t] - referenceLogProbs[t]);
    returns[t] = rest;
  }
  return returns;
}

/** REINFORCE++; tokens count alike, as in `bnpo`. */
export function reinforcePlusPlusObjective(
  { beta = 0, epsilon = 0.2, iterations = 1 }: ReinforcePlusPlusOptions = {},
): PolicyObjective {
  if (!(beta >= 0)) {
    throw new RangeError(
      `Cannot compute returns as 'beta' must be at least 0: current value is ${beta}`,
    );
  }
  const clipping = { epsilonLow: epsilon, epsilonHigh: epsilon };
  return {
    lossType: "bnpo",
    iterations,
    usesReference: beta > 0,
    advantages: (rollouts) => normalizedReturns(rollouts, beta),
    loss: (logProbs, tokens) => grpoLoss(logProbs, tokens, clipping),
    statistics: (logProbs, tokens) =>
      policyStatistics(logProbs, tokens, clipping),
  };
}
