/** The padded sizes of a training run's batches. */
import { type AppendShape, IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import type { LabelledTokens } from "@/lib/training/mod.ts";

/** Sizes are compiled: few distinct ones. */
const MULTIPLE = 16;

/**
 * Sizes that every batch of these rows fits into, for any method.
 *
 * @param rows Examples, at least one.
 * @param batchSize Rows of a batch.
 * @throws {RangeError} If there is no row.
 */
export function batchShape(
  rows: readonly LabelledTokens[],
  batchSize: number,
): AppendShape {
  if (rows.length === 0) {
    throw new RangeError(
      "Cannot size batches as there must be at least one row: current value is 0",
    );
  }
  const most = (count: (row: LabelledTokens) => number): number =>
    Math.max(...rows.map(count));
  const isLearned = (label: number): boolean => label !== IGNORED_LABEL;
  const learned = most(({ labels }) => labels.filter(isLearned).length);
  return {
    rows: batchSize,
    length: roundUp(most(({ ids }) => ids.length)),
    targets: roundUp(batchSize * learned),
    prompt: roundUp(most(({ labels }) => labels.findIndex(isLearned))),
    segment: roundUp(learned),
  };
}

/** A size of batches that holds `size`. */
export function roundUp(size: number): number {
  return Math.ceil(size / MULTIPLE) * MULTIPLE;
}
