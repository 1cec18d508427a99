/** Where repeated measurements lie. */

/** Where measured values lie. */
export interface Spread {
  /** The middle one, or the mean of the two in the middle. */
  readonly median: number;
  /** The lowest. */
  readonly low: number;
  /** The highest. */
  readonly high: number;
}

/**
 * Where measured values lie.
 *
 * @throws {RangeError} If there is none.
 */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) {
    throw new RangeError(
      "Cannot take a median as there must be a value: current value is []",
    );
  }
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return {
    median: sorted.length % 2 === 1
      ? sorted[middle]
      : (sorted[middle - 1] + sorted[middle]) / 2,
    low: sorted[0],
    high: sorted.at(-1)!,
  };
}
