import "@/tests/backend.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import { normals, seededRandom } from "@/lib/random.ts";
import { jit, tidy } from "@/lib/tensorflow/mod.ts";
import {
  type Completion,
  grpoLoss,
  type GrpoOptions,
  LOSS_TYPES,
  lossAndGradients,
  type LossType,
  packTokens,
  policyStatistics,
  tokenShares,
} from "@/lib/training/mod.ts";
import { assertGradients } from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, tensorTest, tidyTest } from "@/tests/models/tiny.ts";

/** float32, summed in another order. */
const ROUNDING = 1e-6;

/** A completion with a log-probability now, of each of its tokens. */
interface Scored extends Completion {
  readonly logProbs: readonly number[];
}

const random = seededRandom("grpo");

/** Log-probabilities that differ enough for some ratios to be clipped. */
function scored(length: number, advantage: number): Scored {
  const logProbs = Array.from(normals(random, length), (x) => -2 + 0.5 * x);
  const near = (spread: number): number[] =>
    Array.from(normals(random, length), (x, t) => logProbs[t] + spread * x);
  const ids = Array<number>(length + 1).fill(0);
  return {
    ids,
    labels: ids.map((id, t) => t === 0 ? IGNORED_LABEL : id),
    points: [],
    advantage,
    isTruncated: false,
    logProbs,
    oldLogProbs: near(0.4),
    referenceLogProbs: near(0.5),
  };
}

const COMPLETIONS = [
  scored(4, 0.5),
  scored(6, -0.5),
  scored(2, 1.5),
  scored(5, -1.5),
];

interface Update extends GrpoOptions {
  readonly lossType: LossType;
  /** Default: all, at once. */
  readonly parts?: readonly (readonly Scored[])[];
  /** Tokens that fill a part up. @default {0} */
  readonly padding?: number;
  /** @default {false} */
  readonly maskTruncated?: boolean;
}

/** Loss and gradient, `[B][C]`, of an update: the sum over its parts. */
function update(
  completions: readonly Scored[],
  { lossType, parts = [completions], padding = 0, maskTruncated, ...options }:
    Update,
): { loss: number; gradient: number[] } {
  const shares = tokenShares(completions, {
    lossType,
    maxCompletionLength: 8,
    maskTruncated,
  });
  let loss = 0;
  const gradient: number[] = [];
  for (const part of parts) {
    tidy(() => {
      const logProbs = part.flatMap((row) => row.logProbs);
      const length = logProbs.length + padding;
      const tokens = packTokens(
        part,
        part.map((row) => shares[completions.indexOf(row)]),
        { targets: length },
      );
      // What stands in the padding must not matter, however unlikely.
      const now = tf.tensor1d(
        [...logProbs, ...Array<number>(padding).fill(-200)],
      );
      const result = lossAndGradients(
        ({ now }) => grpoLoss(now as tf.Tensor1D, tokens, options),
        { now },
        tokens,
      );
      loss += result.loss.dataSync()[0];
      // Adding 0 turns -0 into 0.
      const values = Array.from(result.gradients.now.dataSync(), (x) => x + 0);
      assertEquals(values.slice(logProbs.length), Array(padding).fill(0));
      gradient.push(...values.slice(0, logProbs.length));
    });
  }
  return { loss, gradient };
}

/** Loss and slope of one token with a ratio to the policy that sampled it. */
function lossOf(
  ratio: number,
  advantage: number,
  options: GrpoOptions = {},
): { loss: number; slope: number } {
  return tidy(() => {
    const tokens = {
      shares: tf.tensor1d([1]),
      advantages: tf.tensor1d([advantage]),
      oldLogProbs: tf.tensor1d([-1]),
    };
    const { loss, gradients } = lossAndGradients(
      ({ now }) => grpoLoss(now as tf.Tensor1D, tokens, options),
      { now: tf.tensor1d([Math.log(ratio) - 1]) },
      tokens,
    );
    return { loss: loss.dataSync()[0], slope: gradients.now.dataSync()[0] };
  });
}

tensorTest("grpoLoss() of one token, worked out by hand", () => {
  const check = (
    ratio: number,
    advantage: number,
    expected: { loss: number; slope: number },
    options?: GrpoOptions,
  ): void => {
    const found = lossOf(ratio, advantage, options);
    assertAlmostEquals(found.loss, expected.loss, 1e-5);
    assertAlmostEquals(found.slope, expected.slope, 1e-5);
  };
  // Within the bounds: the loss is -ratio A, and so is its slope.
  check(1.1, 2, { loss: -2.2, slope: -2.2 });
  check(0.9, -2, { loss: 1.8, slope: 1.8 });
  // A gain counts up to the bound, and then moves nothing.
  check(1.5, 2, { loss: -2.4, slope: 0 });
  check(0.5, -2, { loss: 1.6, slope: 0 });
  // A loss counts in full.
  check(0.5, 2, { loss: -1, slope: -1 });
  check(1.5, -2, { loss: 3, slope: 3 });
  // The two bounds are settings of their own.
  check(1.5, 2, { loss: -2.56, slope: 0 }, { epsilonHigh: 0.28 });
  check(0.5, -2, { loss: 1.4, slope: 0 }, { epsilonLow: 0.3 });
  check(1.25, 2, { loss: -2.5, slope: -2.5 }, { epsilonHigh: 0.28 });
});

tidyTest("grpoLoss() adds the divergence from the reference, by hand", () => {
  const tokens = {
    shares: tf.tensor1d([0.5, 0.5]),
    advantages: tf.tensor1d([0, 0]),
    referenceLogProbs: tf.tensor1d([-1 + Math.log(2), -3 - Math.log(2)]),
  };
  const { loss, gradients } = lossAndGradients(
    ({ now }) => grpoLoss(now as tf.Tensor1D, tokens, { beta: 0.1 }),
    { now: tf.tensor1d([-1, -3]) },
    tokens,
  );
  // 2 - ln 2 - 1 and 1/2 + ln 2 - 1; slopes 1 - 2 and 1 - 1/2.
  assertAlmostEquals(loss.dataSync()[0], 0.1 * 0.5 * 0.5, 1e-6);
  assertClose(gradients.now.dataSync(), [-0.05, 0.025], ROUNDING);
  const { divergence } = policyStatistics(tf.tensor1d([-1, -3]), tokens);
  assertAlmostEquals(divergence!.dataSync()[0], 0.25, 1e-6);
});

for (const lossType of LOSS_TYPES) {
  tidyTest(`grpoLoss() of ${lossType}: the gradient is its slope`, () => {
    for (const beta of [0, 0.3]) {
      const tokens = packTokens(
        COMPLETIONS,
        tokenShares(COMPLETIONS, { lossType, maxCompletionLength: 8 }),
        { targets: 20 },
      );
      const logProbs = COMPLETIONS.flatMap((row) => row.logProbs);
      const now = tf.tensor1d([...logProbs, -9, -9, -9]);
      assertGradients(
        ({ now }) => grpoLoss(now as tf.Tensor1D, tokens, { beta }),
        { now },
      );
      const { clippedLow, clippedHigh } = policyStatistics(now, tokens);
      // Else clipping would not have been tried.
      assert(clippedLow.dataSync()[0] > 0 && clippedHigh.dataSync()[0] > 0);
    }
  });

  const options = { lossType, beta: 0.04, epsilonHigh: 0.28 };

  tensorTest(`grpoLoss() of ${lossType}: padding changes nothing`, () => {
    const plain = update(COMPLETIONS, options);
    const padded = update(COMPLETIONS, { ...options, padding: 7 });
    assertAlmostEquals(padded.loss, plain.loss, ROUNDING);
    assertClose(padded.gradient, plain.gradient, ROUNDING);
  });

  tensorTest(
    `grpoLoss() of ${lossType}: an update is the sum of its parts`,
    () => {
      const whole = update(COMPLETIONS, options);
      const parts = [COMPLETIONS.slice(0, 1), COMPLETIONS.slice(1)];
      const split = update(COMPLETIONS, { ...options, parts });
      assertAlmostEquals(split.loss, whole.loss, ROUNDING);
      assertClose(split.gradient, whole.gradient, ROUNDING);
    },
  );

  tensorTest(`grpoLoss() of ${lossType}: the order of groups is none`, () => {
    const [first, second] = [COMPLETIONS.slice(0, 2), COMPLETIONS.slice(2)];
    const whole = update(COMPLETIONS, options);
    const swapped = update([...second, ...first], options);
    assertAlmostEquals(swapped.loss, whole.loss, ROUNDING);
    const { gradient } = whole;
    assertClose(
      swapped.gradient,
      [...gradient.slice(10), ...gradient.slice(0, 10)],
      ROUNDING,
    );
  });

  tensorTest(
    `grpoLoss() of ${lossType}: truncated completions teach nothing`,
    () => {
      const completions = COMPLETIONS.map((row, b) => ({
        ...row,
        isTruncated: b === 1,
      }));
      const masked = update(completions, { ...options, maskTruncated: true });
      assertEquals(masked.gradient.slice(4, 10), Array(6).fill(0));
      assert(masked.gradient.slice(0, 4).every((slope) => slope !== 0));
      const all = completions.map((row) => ({ ...row, isTruncated: true }));
      const none = update(all, { ...options, maskTruncated: true });
      assertEquals(none, { loss: 0, gradient: Array(17).fill(0) });
    },
  );

  tensorTest(
    `grpoLoss() of ${lossType}: without advantages nothing moves`,
    () => {
      const equal = COMPLETIONS.map((row) => ({ ...row, advantage: 0 }));
      const { loss, gradient } = update(equal, { lossType });
      assertAlmostEquals(loss, 0, 1e-12);
      for (const slope of gradient) assertAlmostEquals(slope, 0, 1e-12);
    },
  );
}

/** The first update after a rollout: what sampled is what learns. */
const FRESH = COMPLETIONS.map(({ oldLogProbs: _, ...row }) => row);

tensorTest("grpoLoss() at ratio 1 is minus the mean advantage", () => {
  const { loss, gradient } = update(FRESH, { lossType: "grpo" });
  assertAlmostEquals(loss, -(0.5 - 0.5 + 1.5 - 1.5) / 4, ROUNDING);
  const perToken = update(FRESH, { lossType: "bnpo" });
  assertAlmostEquals(
    perToken.loss,
    -(4 * 0.5 - 6 * 0.5 + 2 * 1.5 - 5 * 1.5) / 17,
    ROUNDING,
  );
  // And yet it teaches: -A times its share, the gradient of eq. 16.
  const expected = FRESH.flatMap(({ advantage, logProbs }) =>
    logProbs.map(() => -advantage / 4 / logProbs.length)
  );
  assertClose(gradient, expected, ROUNDING);
});

tensorTest(
  "grpoLoss(): to give the log-probabilities of now is to give none",
  () => {
    const same = FRESH.map((row) => ({ ...row, oldLogProbs: row.logProbs }));
    for (const lossType of LOSS_TYPES) {
      const options = { lossType, beta: 0.1 };
      assertEquals(update(FRESH, options), update(same, options));
    }
  },
);

tensorTest("grpoLoss() compiled by XLA is the same", () => {
  const options = { beta: 0.1, epsilonLow: 0.1 };
  const [tokens, now] = tidy(() =>
    [
      packTokens(
        COMPLETIONS,
        tokenShares(COMPLETIONS, { lossType: "grpo", maxCompletionLength: 8 }),
        { targets: 20 },
      ),
      tf.tensor1d([...COMPLETIONS.flatMap((row) => row.logProbs), -200, 0, 0]),
    ] as const
  );
  const run = (values: tf.Tensor1D, given: typeof tokens) =>
    lossAndGradients(
      ({ values }) => grpoLoss(values as tf.Tensor1D, given, options),
      { values },
      given,
    );
  const compiled = jit(run, { name: "grpo", xla: "always" });
  const [found, expected] = [
    compiled(now, tokens),
    tidy(() => run(now, tokens)),
  ];
  assertClose(found.loss.dataSync(), expected.loss.dataSync(), ROUNDING);
  assertClose(
    found.gradients.values.dataSync(),
    expected.gradients.values.dataSync(),
    ROUNDING,
  );
  tf.dispose([
    ...Object.values(tokens),
    now,
    found.loss,
    found.gradients.values,
    expected.loss,
    expected.gradients.values,
  ]);
  compiled.dispose();
});

tidyTest("policyStatistics() counts what is clipped, by hand", () => {
  const ratios = [1.5, 1.5, 0.5, 0.5, 1.1, 1.25, 9];
  const { clippedLow, clippedHigh, divergence } = policyStatistics(
    tf.tensor1d(ratios.map((ratio) => Math.log(ratio))),
    {
      // The last is padding.
      shares: tf.tensor1d([0.1, 0.1, 0.4, 0.1, 0.2, 0.1, 0]),
      advantages: tf.tensor1d([1, -1, 1, -1, 1, 1, 1]),
      oldLogProbs: tf.zeros([7]),
    },
    { epsilonHigh: 0.28 },
  );
  assertAlmostEquals(clippedLow.dataSync()[0], 1 / 6, 1e-6);
  assertAlmostEquals(clippedHigh.dataSync()[0], 1 / 6, 1e-6);
  assertEquals(divergence, undefined);
});

tidyTest("policyStatistics() of nothing is 0", () => {
  const { clippedLow, divergence } = policyStatistics(tf.tensor1d([-300]), {
    shares: tf.tensor1d([0]),
    advantages: tf.tensor1d([0]),
    referenceLogProbs: tf.tensor1d([0]),
  });
  assertEquals([clippedLow, divergence!].map((x) => x.arraySync()), [0, 0]);
});

tidyTest("grpoLoss() refuses settings that are none", () => {
  const [now, one] = [tf.tensor1d([-1]), tf.tensor1d([1])];
  const tokens = { shares: one, advantages: one };
  for (
    const [name, value, rule] of [
      ["epsilonLow", -0.1, "within 0 to 1"],
      ["epsilonLow", 1.1, "within 0 to 1"],
      ["epsilonHigh", NaN, "at least 0"],
      ["beta", -1, "at least 0"],
    ] as const
  ) {
    assertThrows(
      () => grpoLoss(now, tokens, { [name]: value }),
      RangeError,
      `Cannot compare policies as '${name}' must be ${rule}: current value is ${value}`,
    );
  }
  assertThrows(
    () => grpoLoss(now, tokens, { beta: 0.04 }),
    TypeError,
    "Cannot compute a policy loss as 'beta' above 0 must come with a reference policy: current value is 0.04",
  );
});
