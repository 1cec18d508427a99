/**
 * Episodes of several turns as rows of a batch: a row for each turn where
 * turns do not see each other's memory, else a row for each episode.
 *
 * What the model did not write (the task, observations, headers) is read but
 * never learned. Source: `_conversational_forward` of the released code
 * (modeling_memgen.py:217-303).
 */
import { type Random, shuffled } from "../random.ts";
import { blocksPerTurn } from "./blocks.ts";
import type { MemgenConfig } from "./config.ts";
import {
  type CandidatePoints,
  IGNORED_LABEL,
  type InsertionLimits,
  PROMPT_SKIPPED,
  type RandomBoundaries,
} from "./points.ts";
import type { SupervisedRow } from "./supervised.ts";

/** What says how turns stand in rows. */
export type TurnLayout = Pick<
  MemgenConfig,
  "memoryScope" | "maxInferenceAugmentations"
>;

/**
 * The turns of a worked episode, each as a row: all tokens up to its end, of
 * which its own are learned, with memory at its start and at candidates.
 *
 * @param row Labels that are `IGNORED_LABEL` outside the turns.
 * @param boundaries See `supervisedPoints`.
 * @throws {RangeError} If nothing is learned, or the first token is.
 */
export function splitTurns(
  candidates: CandidatePoints,
  { ids, labels }: Pick<SupervisedRow, "ids" | "labels">,
  limits: InsertionLimits,
  boundaries?: RandomBoundaries,
): SupervisedRow[] {
  const isLearned = (t: number): boolean =>
    (labels[t] ?? IGNORED_LABEL) !== IGNORED_LABEL;
  const starts = labels.flatMap((_, t) =>
    isLearned(t) && !isLearned(t - 1) ? [t] : []
  );
  if (starts.length === 0 || starts[0] === 0) {
    throw new RangeError(
      `Cannot find the turns of an episode as each must follow a prompt: current value is turns from tokens [${starts}]`,
    );
  }
  return starts.map((start) => {
    let end = start;
    while (isLearned(end)) end++;
    const turn = {
      ids: ids.slice(0, end),
      labels: labels.slice(0, end).fill(IGNORED_LABEL, 0, start),
    };
    const points = candidates.supervisedPoints(
      turn.ids,
      turn.labels,
      limits,
      boundaries,
    );
    return { ...turn, points };
  });
}

/**
 * The turns that a step of supervised training learns: all of them, or, where
 * each is a row of its own, so many chosen at random as
 * `maxPromptAugmentations` says, if it is not 0.
 */
export function chooseTurns(
  turns: readonly SupervisedRow[],
  { memoryScope, maxPromptAugmentations: most }: MemgenConfig,
  random: Random,
): SupervisedRow[] {
  const isLimited = memoryScope === "turn" && most > 0 && turns.length > most;
  if (!isLimited) return [...turns];
  const chosen = new Set(shuffled(random, turns).slice(0, most));
  return turns.filter((turn) => chosen.has(turn));
}

/**
 * The rows of one episode: its turns as they are, or, where memory of earlier
 * turns stays in view, all of them in one.
 *
 * @param turns Turns of the episode, in their order; each is a row whose
 * tokens begin with those of the turns before.
 * @throws {RangeError} If a turn has more points than blocks.
 */
export function joinTurns(
  turns: readonly SupervisedRow[],
  layout: TurnLayout,
): SupervisedRow[] {
  if (layout.memoryScope === "turn" || turns.length === 0) return [...turns];
  const { ids } = turns.at(-1)!;
  const labels = ids.map((_, t) =>
    turns.map((turn) => turn.labels[t] ?? IGNORED_LABEL)
      .find((label) => label !== IGNORED_LABEL) ?? IGNORED_LABEL
  );
  const blocks = blocksPerTurn(layout);
  const perBlock = <T>(values: readonly T[], none: T): T[] => {
    if (values.length > blocks) {
      throw new RangeError(
        `Cannot join turns as each may hold at most ${blocks} insertion points: current value is ${values.length}`,
      );
    }
    return [...values, ...Array<T>(blocks - values.length).fill(none)];
  };
  const points = turns.flatMap((turn) => perBlock(turn.points, PROMPT_SKIPPED));
  if (turns.some(({ snippets }) => snippets === undefined)) {
    return [{ ids, labels, points }];
  }
  const snippets = turns.flatMap((turn) => perBlock(turn.snippets!, []));
  return [{ ids, labels, points, snippets }];
}
