/** The padded sizes of a training run's batches. */
import {
  type AppendShape,
  IGNORED_LABEL,
  type SupervisedRow,
} from "@/lib/memgen/mod.ts";
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
  const learned = ({ labels }: LabelledTokens): number =>
    labels.filter(isLearned).length;
  const turns = most((row) => turnStarts(row).length);
  return {
    rows: batchSize,
    length: roundUp(most(({ ids }) => ids.length)),
    targets: roundUp(batchSize * most(learned)),
    prompt: roundUp(most((row) => turnStarts(row)[0])),
    segment: roundUp(most(longestTurn)),
    ...turns > 1 && { turns },
  };
}

function isLearned(label: number): boolean {
  return label !== IGNORED_LABEL;
}

/** Where the model's turns begin. */
function turnStarts({ labels }: LabelledTokens): number[] {
  return labels.flatMap((label, t) =>
    isLearned(label) && (t === 0 || !isLearned(labels[t - 1])) ? [t] : []
  );
}

/** Tokens from the beginning of a turn to that of the next, at most. */
function longestTurn(row: LabelledTokens): number {
  const starts = [...turnStarts(row), row.ids.length];
  return Math.max(...starts.slice(1).map((end, i) => end - starts[i]));
}

/**
 * Size that holds the tokens between any two insertions of these rows; an
 * answer has several times as many.
 */
export function longestSegment(
  rows: readonly Pick<SupervisedRow, "points">[],
): number {
  const gaps = rows.flatMap(({ points }) =>
    points.slice(1).map((point, n) => point - points[n])
  );
  return roundUp(gaps.reduce((most, gap) => Math.max(most, gap), 1));
}

/** A size of batches that holds `size`. */
export function roundUp(size: number): number {
  return Math.ceil(size / MULTIPLE) * MULTIPLE;
}
