/** Curves of what a run logs at every step. */
import type { Series } from "./figure.ts";

/**
 * A curve of means over consecutive steps, each drawn at the end of its steps,
 * counted from 1; the last may be over fewer.
 *
 * @param values One a step.
 * @param size Steps of a mean.
 */
export function meanCurve(
  name: string,
  values: readonly number[],
  size: number,
): Series {
  const starts = Array.from(
    { length: Math.ceil(values.length / size) },
    (_, i) => i * size,
  );
  const mean = (part: readonly number[]): number =>
    part.reduce((sum, value) => sum + value, 0) / part.length;
  return {
    name,
    x: starts.map((start) => Math.min(start + size, values.length)),
    y: starts.map((start) => mean(values.slice(start, start + size))),
  };
}
