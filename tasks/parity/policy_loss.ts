/** GRPO on random log-probabilities: each setting of grpo.json. */
import * as tf from "@tensorflow/tfjs";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import {
  type Completion,
  groupAdvantages,
  grpoLoss,
  LOSS_TYPES,
  lossAndGradients,
  type LossType,
  packTokens,
  tokenShares,
} from "@/lib/training/mod.ts";
import { type CaseResult, compareNumbers } from "@/tasks/parity/comparison.ts";
import {
  boolean,
  integer,
  listOf,
  number,
  objectOf,
  oneOf,
  type Reader,
} from "@/tasks/parity/json_reader.ts";

/** One setting of grpo.json; matrices are `[B, C]`, right-padded. */
export interface ExpectedPolicyLoss {
  readonly lossType: LossType;
  readonly beta: number;
  readonly epsilonLow: number;
  readonly epsilonHigh: number;
  readonly scaleRewards: boolean;
  readonly numGenerations: number;
  readonly maxCompletionLength: number;
  readonly rewards: readonly number[];
  readonly logps: readonly (readonly number[])[];
  readonly oldLogps: readonly (readonly number[])[];
  readonly refLogps: readonly (readonly number[])[];
  readonly mask: readonly (readonly number[])[];
  readonly advantages: readonly number[];
  readonly loss: number;
  readonly grad: readonly (readonly number[])[];
}

const matrix = listOf(listOf(number));

/** Form of a setting of grpo.json. */
export const EXPECTED_POLICY_LOSS: Reader<ExpectedPolicyLoss> = objectOf({
  lossType: oneOf(LOSS_TYPES),
  beta: number,
  epsilonLow: number,
  epsilonHigh: number,
  scaleRewards: boolean,
  numGenerations: integer,
  maxCompletionLength: integer,
  rewards: listOf(number),
  logps: matrix,
  oldLogps: matrix,
  refLogps: matrix,
  mask: matrix,
  advantages: listOf(number),
  loss: number,
  grad: matrix,
});

/** float32 on both sides. */
const BOUND = 1e-5;

/** Advantages, loss and gradient of one setting. */
export function checkPolicyLoss(expected: ExpectedPolicyLoss): CaseResult {
  const { mask, scaleRewards, beta, epsilonLow, epsilonHigh } = expected;
  const advantages = groupAdvantages(expected.rewards, {
    groupSize: expected.numGenerations,
    scaleRewards,
  });
  /** The values of a row where its mask is 1. */
  const kept = (values: readonly number[], b: number): number[] =>
    values.filter((_, t) => mask[b][t] === 1);
  const completions: Completion[] = mask.map((row, b) => ({
    // A token that stands for the prompt, then the completion.
    ids: [0, ...row.map(() => 0)],
    labels: [IGNORED_LABEL, ...row.map((on) => on === 1 ? 0 : IGNORED_LABEL)],
    points: [],
    advantage: advantages[b],
    isTruncated: false,
    oldLogProbs: kept(expected.oldLogps[b], b),
    referenceLogProbs: kept(expected.refLogps[b], b),
  }));
  const logProbs = tf.tensor1d(expected.logps.flatMap(kept));
  const tokens = packTokens(
    completions,
    tokenShares(completions, expected),
    { targets: logProbs.size },
  );
  const { loss, gradients } = tidy(() =>
    lossAndGradients(
      ({ logProbs }) =>
        grpoLoss(logProbs as tf.Tensor1D, tokens, {
          beta,
          epsilonLow,
          epsilonHigh,
        }),
      { logProbs },
      tokens,
    )
  );
  const [value] = loss.dataSync();
  const grad = spread(gradients.logProbs.dataSync<"float32">(), mask);
  disposeTree([logProbs, tokens, loss, gradients]);
  return {
    values: { advantages, loss: value, grad },
    comparisons: [
      compareNumbers("advantages", advantages, expected.advantages, BOUND),
      compareNumbers("loss", [value], [expected.loss], BOUND),
      compareNumbers("grad", grad.flat(), expected.grad.flat(), BOUND),
    ],
  };
}

/** Values back in the places where a mask is 1, 0 elsewhere. */
function spread(
  values: ArrayLike<number>,
  mask: readonly (readonly number[])[],
): number[][] {
  let next = 0;
  return mask.map((row) => row.map((on) => on === 1 ? values[next++] : 0));
}
