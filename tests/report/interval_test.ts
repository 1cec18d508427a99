import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import {
  pairedBootstrapInterval,
  wilsonInterval,
} from "@/lib/report/interval.ts";

/** Linear congruential generator of Numerical Recipes. */
function seededRng(seed: number): () => number {
  let state = seed >>> 0;
  return () =>
    (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

Deno.test("wilsonInterval() equals values worked out by hand", () => {
  // p = 1/2, z² = 3.841459: half width 1.959964 √(0.025 + z²/400) / (1 + z²/10).
  const half = wilsonInterval(5, 10);
  assertAlmostEquals(half.low, 0.236593, 1e-6);
  assertAlmostEquals(half.high, 0.763407, 1e-6);
});

Deno.test("wilsonInterval() equals the published values of Newcombe (1998), table I", () => {
  for (
    const [successes, n, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ]
  ) {
    const interval = wilsonInterval(successes, n);
    assertAlmostEquals(interval.low, low, 5e-5);
    assertAlmostEquals(interval.high, high, 5e-5);
  }
});

Deno.test("wilsonInterval() ends exactly at 0 and 1 when none or all succeed", () => {
  for (const n of [1, 3, 7, 1319]) {
    // z² / (n + z²), worked out from the formula at p = 0.
    const width = 3.841458820694124 / (n + 3.841458820694124);
    const none = wilsonInterval(0, n);
    const all = wilsonInterval(n, n);
    assertEquals([none.low, all.high], [0, 1]);
    assertAlmostEquals(none.high, width, 1e-12);
    assertAlmostEquals(all.low, 1 - width, 1e-12);
  }
});

Deno.test("wilsonInterval() refuses counts that cannot be", () => {
  for (const n of [0, -1, 2.5, NaN]) {
    assertThrows(
      () => wilsonInterval(0, n),
      RangeError,
      `Cannot compute a Wilson interval as n must be a positive integer: current value is ${n}`,
    );
  }
  for (const successes of [-1, 11, 0.5, NaN]) {
    assertThrows(
      () => wilsonInterval(successes, 10),
      RangeError,
      `Cannot compute a Wilson interval as successes must be an integer from 0 to 10: current value is ${successes}`,
    );
  }
});

Deno.test("pairedBootstrapInterval() equals a case worked out by hand", () => {
  // Task differences are 1 and 0. Two resamples: task 0 twice (mean 1), task 1
  // twice (mean 0); their 2.5 % and 97.5 % quantiles are 0.025 and 0.975.
  const draws = [0, 0.49, 0.5, 0.99];
  const rng = () => draws.shift()!;
  const interval = pairedBootstrapInterval([1, 1], [0, 1], {
    rng,
    resamples: 2,
  });
  assertAlmostEquals(interval.low, 0.025, 1e-12);
  assertAlmostEquals(interval.high, 0.975, 1e-12);
});

Deno.test("pairedBootstrapInterval() is near the normal interval for many tasks", () => {
  // 40 tasks only the first solves, 20 only the second, 140 both: mean 0.1,
  // standard error √((60/200 - 0.01) / 200) = 0.0381.
  const first = Array.from({ length: 200 }, (_, task) => task < 20 ? 0 : 1);
  const second = Array.from({ length: 200 }, (_, task) => task >= 160 ? 0 : 1);
  const { low, high } = pairedBootstrapInterval(first, second, {
    rng: seededRng(1),
  });
  assertAlmostEquals(low, 0.1 - 1.96 * 0.0381, 0.01);
  assertAlmostEquals(high, 0.1 + 1.96 * 0.0381, 0.01);
});

Deno.test("pairedBootstrapInterval() is a point where both methods agree and repeats by seed", () => {
  const scores = [0, 1, 1, 0, 1];
  assertEquals(
    pairedBootstrapInterval(scores, scores, {
      rng: seededRng(2),
      resamples: 50,
    }),
    { low: 0, high: 0 },
  );
  const run = () =>
    pairedBootstrapInterval(scores, [1, 0, 1, 0, 0], {
      rng: seededRng(3),
      resamples: 50,
    });
  assertEquals(run(), run());
  assert(run().low < run().high);
});

Deno.test("pairedBootstrapInterval() refuses scores that are not pairs of 0 and 1", () => {
  const rng = seededRng(4);
  for (const [first, second] of [[[1], [1, 0]], [[], []]]) {
    assertThrows(
      () => pairedBootstrapInterval(first, second, { rng }),
      RangeError,
      `both methods need scores of the same tasks: current value is ${first.length} and ${second.length} scores`,
    );
  }
  for (const [first, second] of [[[0, 0.5], [0, 0]], [[0, 0], [0, 0.5]]]) {
    assertThrows(
      () => pairedBootstrapInterval(first, second, { rng }),
      RangeError,
      "every score must be 0 or 1: current value is 0.5 at task 1",
    );
  }
  assertThrows(
    () => pairedBootstrapInterval([1], [0], { rng, resamples: 0 }),
    RangeError,
    "resamples must be a positive integer: current value is 0",
  );
});
