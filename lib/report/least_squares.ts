/** Straight lines through measured points, by ordinary least squares. */

/** A line `intercept + slope * x`, and how well it fits. */
export interface FittedLine {
  /** Value at 0. */
  readonly intercept: number;
  /** Rise of the value when x rises by one. */
  readonly slope: number;
  /** Standard error of the slope, with n - 2 degrees of freedom. */
  readonly slopeError: number;
  /** R²: share of the variance that the line explains; 1 if there is none. */
  readonly r2: number;
  /** Points. */
  readonly n: number;
}

/**
 * The line with the least sum of squared distances along y.
 *
 * @throws {RangeError} If `x` and `y` differ in length, there are less than
 * three points, a number is not finite, or all x are equal.
 */
export function fitLine(
  x: readonly number[],
  y: readonly number[],
): FittedLine {
  const n = x.length;
  if (n !== y.length) fail("x and y must be as many", `${n} and ${y.length}`);
  if (n < 3) fail("there must be at least 3 points", n);
  const odd = [...x, ...y].find((value) => !Number.isFinite(value));
  if (odd !== undefined) fail("all numbers must be finite", odd);
  const [meanX, meanY] = [mean(x), mean(y)];
  const sxx = sum(x, (value) => (value - meanX) ** 2);
  if (sxx === 0) fail("x must differ", `${n} times ${x[0]}`);
  const sxy = x.reduce(
    (s, value, i) => s + (value - meanX) * (y[i] - meanY),
    0,
  );
  const slope = sxy / sxx;
  const intercept = meanY - slope * meanX;
  const residual = x.reduce(
    (s, value, i) => s + (y[i] - intercept - slope * value) ** 2,
    0,
  );
  const variance = sum(y, (value) => (value - meanY) ** 2);
  return {
    intercept,
    slope,
    slopeError: Math.sqrt(residual / (n - 2) / sxx),
    r2: variance === 0 ? 1 : 1 - residual / variance,
    n,
  };
}

/**
 * The power p of `y = c * x ** p`: the line through the logarithms.
 *
 * @returns The line in natural logarithms: its slope is p.
 * @throws {RangeError} As `fitLine`, or if a number is not positive.
 */
export function fitPower(
  x: readonly number[],
  y: readonly number[],
): FittedLine {
  const odd = [...x, ...y].find((value) => value <= 0);
  if (odd !== undefined) fail("all numbers must be positive", odd);
  return fitLine(x.map(Math.log), y.map(Math.log));
}

function sum(
  values: readonly number[],
  term: (value: number) => number,
): number {
  return values.reduce((total, value) => total + term(value), 0);
}

function mean(values: readonly number[]): number {
  return sum(values, (value) => value) / values.length;
}

function fail(rule: string, value: unknown): never {
  throw new RangeError(
    `Cannot fit a line as ${rule}: current value is ${value}`,
  );
}
