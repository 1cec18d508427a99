/** Comparisons of our numbers with expected ones, and their table. */
import type { HostTensor } from "@/lib/models/mod.ts";

/** How far a result is from what is expected. */
export interface Comparison {
  /** What was compared. */
  readonly name: string;
  /**
   * Largest difference as a share of the largest expected value; for token
   * ids and texts, how many items differ.
   */
  readonly difference: number;
  /** Largest difference that is allowed. */
  readonly bound: number;
}

/** What one case of the parity folder gave. */
export interface CaseResult {
  /** Our numbers, by the names of the expected files. */
  readonly values: Readonly<Record<string, unknown>>;
  /** How far they are from the expected ones. */
  readonly comparisons: readonly Comparison[];
}

/** Whether a comparison holds; a NaN never does. */
export function isWithinBound({ difference, bound }: Comparison): boolean {
  return difference <= bound;
}

/**
 * Compares numbers in order.
 *
 * @throws {RangeError} If there are not as many of both.
 */
export function compareNumbers(
  name: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number,
): Comparison {
  requireSame(name, [found.length], [expected.length]);
  let largest = 0;
  let distance = 0;
  for (let i = 0; i < found.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    distance = Math.max(distance, Math.abs(found[i] - expected[i]));
  }
  const difference = distance === 0 ? 0 : distance / largest;
  return { name, difference, bound };
}

/**
 * Compares tensors.
 *
 * @throws {RangeError} If their shapes differ.
 */
export function compareTensors(
  name: string,
  found: HostTensor,
  expected: HostTensor,
  bound: number,
): Comparison {
  requireSame(name, found.shape, expected.shape);
  return compareNumbers(name, found.data, expected.data, bound);
}

/** Compares token ids, texts or settings, each with its counterpart. */
export function compareItems(
  name: string,
  found: readonly unknown[],
  expected: readonly unknown[],
): Comparison {
  const length = Math.max(found.length, expected.length);
  const pairs = Array.from({ length }, (_, i) => [found[i], expected[i]]);
  const difference = pairs.filter(([a, b]) => a !== b).length;
  return { name, difference, bound: 0 };
}

/**
 * The comparison that is furthest out, under a common name.
 *
 * @throws {RangeError} If there is none.
 */
export function worstOf(
  name: string,
  comparisons: readonly Comparison[],
): Comparison {
  if (comparisons.length === 0) {
    throw new RangeError(
      `Cannot compare ${name} as one must be expected: current value is none`,
    );
  }
  // Math.max keeps a NaN.
  const difference = Math.max(0, ...comparisons.map((each) => each.difference));
  return { name, difference, bound: comparisons[0].bound };
}

/** Nested lists of a tensor, with the nine digits that float32 has. */
export function toLists({ shape, data }: HostTensor): unknown {
  const [length, ...rest] = shape;
  if (length === undefined) return Number(data[0].toPrecision(9));
  const size = data.length / length;
  return Array.from(
    { length },
    (_, i) =>
      toLists({ shape: rest, data: data.slice(i * size, (i + 1) * size) }),
  );
}

/** A row of the table: a comparison and where it belongs. */
export interface ComparisonRow extends Comparison {
  /** Folder of the model. */
  readonly model: string;
  /** Case of the parity folder. */
  readonly case: string;
}

/** A table with one line a comparison. */
export function formatComparisons(rows: readonly ComparisonRow[]): string {
  const cells = rows.map((row) => [
    row.model,
    row.case,
    row.name,
    formatDifference(row.difference),
    formatDifference(row.bound),
    isWithinBound(row) ? "pass" : "FAIL",
  ]);
  const head = ["model", "case", "comparison", "max |Δ|", "bound", ""];
  const lines = [head, ...cells];
  const widths = head.map((_, i) =>
    Math.max(...lines.map((line) => line[i].length))
  );
  return lines
    .map((line) => line.map((cell, i) => cell.padEnd(widths[i])).join("  "))
    .map((line) => line.trimEnd()).join("\n");
}

function formatDifference(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toExponential(1);
}

function requireSame(
  name: string,
  found: readonly number[],
  expected: readonly number[],
): void {
  if (`${found}` !== `${expected}`) {
    throw new RangeError(
      `Cannot compare ${name} as the expected shape must be ${
        JSON.stringify(found)
      }: current value is ${JSON.stringify(expected)}`,
    );
  }
}
