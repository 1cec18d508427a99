/**
 * Confidence intervals of the accuracies in the tables.
 *
 * An accuracy of `k` right answers in `n` tasks gets a Wilson score interval,
 * which stays inside [0, 1] and is honest at 0 and `n` where the normal
 * approximation collapses to a point. The difference of two methods on the
 * same tasks gets a paired bootstrap interval, because most of the variance of
 * either accuracy is the tasks' and cancels in the difference.
 */

/** The two ends of a 95 % confidence interval, in the unit of its estimate. */
export interface Interval {
  /** Lower end. */
  readonly low: number;
  /** Upper end, not less than `low`. */
  readonly high: number;
}

/** Settings of {@linkcode pairedBootstrapInterval}. */
export interface BootstrapOptions {
  /** Uniform random numbers in [0, 1). */
  readonly rng: () => number;
  /**
   * Number of resamples.
   *
   * @default {10_000}
   */
  readonly resamples?: number;
}

/** The 97.5 % quantile of the standard normal distribution. */
const NORMAL_QUANTILE = 1.959963984540054;

/**
 * Wilson score interval (95 %) of a proportion.
 *
 * Source: E. B. Wilson, Probable inference, the law of succession, and
 * statistical inference, JASA 22 (1927); without continuity correction.
 *
 * @param successes Number of successes, an integer from 0 to `n`.
 * @param n Number of trials, a positive integer.
 * @returns Interval of the proportion, both ends in [0, 1].
 * @throws {RangeError} If `n` is not a positive integer or `successes` not an
 * integer from 0 to `n`.
 */
export function wilsonInterval(successes: number, n: number): Interval {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new RangeError(
      `Cannot compute a Wilson interval as n must be a positive integer: current value is ${n}`,
    );
  }
  if (!Number.isSafeInteger(successes) || successes < 0 || successes > n) {
    throw new RangeError(
      `Cannot compute a Wilson interval as successes must be an integer from 0 to ${n}: current value is ${successes}`,
    );
  }
  const p = successes / n;
  const z2 = NORMAL_QUANTILE ** 2;
  const scale = 1 / (1 + z2 / n);
  const centre = (p + z2 / (2 * n)) * scale;
  const half = NORMAL_QUANTILE *
    Math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) * scale;
  // At the extremes the end is exact in theory; rounding must not move it.
  return {
    low: successes === 0 ? 0 : centre - half,
    high: successes === n ? 1 : centre + half,
  };
}

/**
 * Bootstrap interval (95 %, percentiles) of the difference `mean(first) -
 * mean(second)` of two methods scored on the same tasks.
 *
 * Tasks are resampled with replacement, both scores of a task together.
 * Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993),
 * section 13.3.
 *
 * @param first Scores (0 or 1) of the first method, one per task.
 * @param second Scores (0 or 1) of the second method, in the same task order.
 * @param options Random numbers and the number of resamples.
 * @returns Interval of the difference, both ends in [-1, 1].
 * @throws {RangeError} If the lengths differ or are 0, a score is neither 0
 * nor 1, or `resamples` is not a positive integer.
 */
export function pairedBootstrapInterval(
  first: readonly number[],
  second: readonly number[],
  options: BootstrapOptions,
): Interval {
  const { rng, resamples = 10_000 } = options;
  if (first.length === 0 || first.length !== second.length) {
    throw new RangeError(
      `Cannot compute a paired interval as both methods need scores of the same tasks: current value is ${first.length} and ${second.length} scores`,
    );
  }
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    throw new RangeError(
      `Cannot compute a paired interval as resamples must be a positive integer: current value is ${resamples}`,
    );
  }
  const n = first.length;
  const differences = Float64Array.from(
    first,
    (score, task) => checkScore(score, task) - checkScore(second[task], task),
  );
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let draw = 0; draw < n; draw++) {
      sum += differences[Math.floor(rng() * n)];
    }
    means[resample] = sum / n;
  }
  means.sort();
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

function checkScore(score: number, task: number): number {
  if (score !== 0 && score !== 1) {
    throw new RangeError(
      `Cannot compute a paired interval as every score must be 0 or 1: current value is ${score} at task ${task}`,
    );
  }
  return score;
}

/** Quantile of sorted values, linear between neighbours. */
function quantile(sorted: Float64Array, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}
