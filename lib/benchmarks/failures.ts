/**
 * Why a run failed: the eight labels of the paper (appendix H.2, after Song,
 * Han and Goodman 2025), given here by programs that know the truth.
 *
 * Deviations: the paper's labels were given by hand, on TriviaQA alone. What
 * the benchmarks' specification (section 5.10) calls the multi-hot vector of a
 * run is the set of labels of its events; no file keeps it, nor labels of
 * models' runs. A search engine that missed the passage, and a model that
 * answered anyway, is a "tool response error" without a subtype of its own.
 */

/**
 * The labels. Where two events are of the same turn, the one that comes first
 * here counts.
 */
export const FAILURE_LABELS = [
  "tool parsing error",
  "answer formatting failure",
  "think-act inconsistency",
  "demand misunderstanding",
  "false belief",
  "tool response error",
  "planning failure",
  "compositional reasoning",
] as const;

/** One of `FAILURE_LABELS`. */
export type FailureLabel = typeof FAILURE_LABELS[number];

/** Something that went wrong, and in which of the model's turns, from 0. */
export interface FailureEvent {
  /** The model's turn. */
  readonly turn: number;
  /** What went wrong. */
  readonly label: FailureLabel;
}

/**
 * The label of a failed run: that of its earliest event; `other` if no rule
 * applies (the paper leaves such runs out, too).
 */
export function failureLabel(
  events: readonly FailureEvent[],
): FailureLabel | "other" {
  const turn = Math.min(...events.map((event) => event.turn));
  const labels = new Set(
    events.filter((event) => event.turn === turn).map(({ label }) => label),
  );
  return FAILURE_LABELS.find((label) => labels.has(label)) ?? "other";
}
