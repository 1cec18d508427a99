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
  PROMPT_SKIPPED,
} from "./points.ts";
import type { SupervisedRow } from "./supervised.ts";

/** One turn of the model within the tokens of its episode. */
export interface Turn {
  /** Its first token. */
  readonly start: number;
  /** The token after its last. */
  readonly end: number;
  /** Where memory went in; the first is `start` or `PROMPT_SKIPPED`. */
  readonly points: readonly number[];
}

/**
 * The turns of a worked episode: each run of learned tokens, with memory at
 * its start and at its first candidates.
 *
 * @param labels Target of each token, `IGNORED_LABEL` outside the turns.
 * @throws {RangeError} If nothing is learned, or the first token is.
 */
export function supervisedTurns(
  candidates: CandidatePoints,
  { ids, labels }: Pick<SupervisedRow, "ids" | "labels">,
  { maxInferenceAugmentations }: MemgenConfig,
): Turn[] {
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
    const points = candidates.supervisedPoints(
      ids.slice(0, end),
      labels.slice(0, end).fill(IGNORED_LABEL, 0, start),
      maxInferenceAugmentations,
    );
    return { start, end, points };
  });
}

/**
 * The turns that a step of supervised training learns: all of them, or, where
 * each is a row of its own, so many chosen at random as
 * `maxPromptAugmentations` says, if it is not 0.
 */
export function chooseTurns(
  turns: readonly Turn[],
  { memoryScope, maxPromptAugmentations: most }: MemgenConfig,
  random: Random,
): Turn[] {
  const isLimited = memoryScope === "turn" && most > 0 && turns.length > most;
  if (!isLimited) return [...turns];
  const chosen = new Set(shuffled(random, turns).slice(0, most));
  return turns.filter((turn) => chosen.has(turn));
}

/**
 * The rows of an episode in which the given turns are learned.
 *
 * @param ids Tokens of the episode.
 * @param turns Some of its turns, in their order.
 */
export function turnRows(
  ids: readonly number[],
  turns: readonly Turn[],
  config: MemgenConfig,
): SupervisedRow[] {
  if (config.memoryScope === "turn") {
    return turns.map((turn) => ({
      ids: ids.slice(0, turn.end),
      labels: labelsOf(ids, [turn]),
      points: turn.points,
    }));
  }
  if (turns.length === 0) return [];
  const blocks = blocksPerTurn(config);
  return [{
    ids: ids.slice(0, turns.at(-1)!.end),
    labels: labelsOf(ids, turns),
    points: turns.flatMap(({ points }) => [
      ...points,
      ...Array<number>(blocks - points.length).fill(PROMPT_SKIPPED),
    ]),
  }];
}

/** Targets up to the last of the turns. */
function labelsOf(ids: readonly number[], turns: readonly Turn[]): number[] {
  const labels = Array<number>(turns.at(-1)!.end).fill(IGNORED_LABEL);
  for (const { start, end } of turns) {
    for (let t = start; t < end; t++) labels[t] = ids[t];
  }
  return labels;
}
