import "@/tests/backend.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { normals, seededRandom } from "@/lib/random.ts";
import {
  grpoLoss,
  lossAndGradients,
  type MeasuredRollout,
  normalizedReturns,
  type PolicyTokens,
  reinforceLoss,
  reinforceObjective,
  reinforcePlusPlusObjective,
  rewardBaseline,
} from "@/lib/training/mod.ts";
import { assertGradients } from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, tidyTest } from "@/tests/models/tiny.ts";

function rollout(
  reward: number,
  length: number,
  measured: Partial<MeasuredRollout> = {},
): MeasuredRollout {
  return {
    prompt: 0,
    promptIds: [1],
    ids: Array<number>(length).fill(5),
    augmentation: Array<number>(length).fill(-100),
    isTruncated: false,
    reward,
    ...measured,
  };
}

Deno.test("rewardBaseline() weighs later steps more", () => {
  const steps = [1, 0, 4].map((reward) => ({ loss: 0, reward }));
  assertEquals(rewardBaseline([]), 0);
  assertEquals(rewardBaseline(steps.slice(0, 1)), 1);
  // Weights 1, 2 and 4 of halves.
  const options = { baselineRate: 0.5 };
  assertAlmostEquals(rewardBaseline(steps, options), (1 + 0 + 16) / 7, 1e-12);
  assertEquals(rewardBaseline(steps, { baselineRate: 1 }), 4);
  for (const baselineRate of [0, 1.1, NaN]) {
    assertThrows(
      () => rewardBaseline([], { baselineRate }),
      RangeError,
      `'baselineRate' must be above 0 and at most 1: current value is ${baselineRate}`,
    );
  }
});

Deno.test("reinforceObjective() compares with the steps before, not the group", () => {
  const { advantages } = reinforceObjective({ baselineRate: 1 });
  const rollouts = [rollout(1, 2), rollout(0, 3)];
  const before = [{ loss: 0, reward: 0.25 }];
  assertEquals(advantages(rollouts, { groupSize: 2, before }), [0.75, -0.25]);
  assertEquals(advantages(rollouts, { groupSize: 2, before: [] }), [1, 0]);
});

/** Six tokens, the last of which is padding. */
function randomTokens(): { logProbs: tf.Tensor1D; tokens: PolicyTokens } {
  const random = seededRandom("reinforce");
  return {
    logProbs: tf.tensor1d(normals(random, 6).map((x) => -Math.abs(x))),
    tokens: {
      shares: tf.tensor1d([0.1, 0.1, 0.1, 0.3, 0.3, 0]),
      advantages: tf.tensor1d([1, 1, 1, -0.5, -0.5, 0]),
    },
  };
}

tidyTest("reinforceLoss() is the sum of -A log pi by share", () => {
  const logProbs = tf.tensor1d([-1, -2, -3]);
  const tokens = {
    shares: tf.tensor1d([0.5, 0.25, 0]),
    advantages: tf.tensor1d([2, -1, 7]),
  };
  // 0.5 * 2 * 1 - 0.25 * 2
  assertEquals(reinforceLoss(logProbs, tokens).arraySync(), 0.5);
});

tidyTest("reinforceLoss(): gradients are its slopes", () => {
  const { logProbs, tokens } = randomTokens();
  assertGradients(
    ({ logProbs }) =>
      reinforceLoss((logProbs as tf.Tensor1D).square() as tf.Tensor1D, tokens),
    { logProbs },
  );
});

tidyTest("reinforceLoss() has GRPO's gradient where the policy sampled", () => {
  const { logProbs, tokens } = randomTokens();
  const gradient = (loss: typeof reinforceLoss) =>
    lossAndGradients(
      ({ logProbs }) => loss(logProbs as tf.Tensor1D, tokens),
      { logProbs },
      undefined,
    ).gradients.logProbs.dataSync<"float32">();
  assertClose(gradient(reinforceLoss), gradient(grpoLoss), 1e-6);
});

Deno.test("normalizedReturns() normalises over all tokens", () => {
  const returns = normalizedReturns([rollout(1, 1), rollout(0, 3)], 0);
  // Returns 1, 0, 0, 0: mean 1/4, variance 3/16.
  const std = Math.sqrt(3) / 4;
  const expected = [[0.75 / std], Array<number>(3).fill(-0.25 / std)];
  assertClose(returns.flat(), expected.flat(), 1e-12);
  assertEquals(returns.map(({ length }) => length), [1, 3]);
  assertEquals(normalizedReturns([rollout(1, 2), rollout(1, 1)], 0).flat(), [
    0,
    0,
    0,
  ]);
});

Deno.test("normalizedReturns() charges the divergence still to come", () => {
  const rollouts = [
    rollout(1, 2, { oldLogProbs: [-1, -2], referenceLogProbs: [-2, -4] }),
    rollout(0, 1, { oldLogProbs: [-1], referenceLogProbs: [-0.5] }),
  ];
  // Divergences 1 and 2, and -0.5: returns 1 - 0.3, 1 - 0.2, and 0.05.
  const returns = [0.7, 0.8, 0.05];
  const mean = 1.55 / 3;
  const std = Math.sqrt(
    returns.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 3,
  );
  assertClose(
    normalizedReturns(rollouts, 0.1).flat(),
    returns.map((x) => (x - mean) / std),
    1e-9,
  );
});

Deno.test("reinforcePlusPlusObjective() needs a reference policy for beta", () => {
  assert(!reinforcePlusPlusObjective().usesReference);
  const { usesReference, advantages } = reinforcePlusPlusObjective({
    beta: 0.1,
  });
  assert(usesReference);
  assertThrows(
    () => advantages([rollout(1, 2)], { groupSize: 1, before: [] }),
    TypeError,
    "'beta' above 0 must come with a reference policy: current value is 0.1",
  );
  assertThrows(
    () => reinforcePlusPlusObjective({ beta: -1 }),
    RangeError,
    "'beta' must be at least 0: current value is -1",
  );
});

tidyTest("reinforcePlusPlusObjective(): gradients are its slopes", () => {
  const { logProbs, tokens } = randomTokens();
  const { loss } = reinforcePlusPlusObjective({ epsilon: 1 });
  const old = tf.tensor1d([-1, -0.6, -0.4, -1, -0.2, 0]);
  assertGradients(
    ({ logProbs }) =>
      loss(logProbs as tf.Tensor1D, { ...tokens, oldLogProbs: old }),
    { logProbs },
  );
});
