/** Batches with junk, and the blocks that are in them. */
import "@/tests/backend.ts";
import { assertEquals } from "@std/assert";
import { CandidatePoints, IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import type { LabelledTokens } from "@/lib/training/mod.ts";
import {
  type JunkPlacement,
  packPretraining,
  type PretrainingBatch,
} from "@/experiments/pretraining/junk.ts";
import { tinyModel, VOCABULARY } from "@/tests/memgen/tiny_memgen.ts";

/** Up to 8 vectors at the prompt's end, 3 times up to 6 after delimiters. */
export const [PROMPT, BLOCK, BLOCKS] = [8, 6, 3];
/** Vectors of a row. */
export const M = PROMPT + BLOCK * BLOCKS;

/** What the rows are for. */
export const MODEL = tinyModel("qwen2", 1);
const POINTS = new CandidatePoints(MODEL.tokenizer, {
  delimitersAfterDigits: false,
});
const COMMA = VOCABULARY.indexOf(",");
const WORD = VOCABULARY.indexOf("a");

/** A row of words, learned from `start` on, with commas at some places. */
function row(
  length: number,
  start: number,
  commas: readonly number[],
): LabelledTokens {
  const ids = Array.from(
    { length },
    (_, t) => commas.includes(t) ? COMMA : WORD + t % 4,
  );
  return { ids, labels: ids.map((id, t) => t < start ? IGNORED_LABEL : id) };
}

/** Two rows, with commas in prompt and answer. */
export const ROWS = [row(14, 4, [1, 5, 6, 9, 11]), row(11, 2, [4, 8])];
/** Where junk goes in: at the answer's start. */
export const STARTS = [4, 2];
/** Where it may: after the answer's delimiters. */
export const AFTER = [[6, 7, 10, 12], [5, 9]];
/** With a third row of padding. */
export const SHAPE = { rows: 3, length: 16, targets: 24 };
/** Rows and tokens of a batch. */
export const [B, T] = [SHAPE.rows, SHAPE.length];

/** A batch of the rows with junk. */
export function pack(
  placement: JunkPlacement,
  seed = 1,
  hiddenSize = MODEL.config.hiddenSize,
): PretrainingBatch {
  return packPretraining(ROWS, SHAPE, {
    placement,
    points: POINTS,
    hiddenSize,
    vocabSize: MODEL.config.vocabSize,
    random: seededRandom("junk", seed),
  });
}

/** Vectors that went in together. */
export interface Block {
  /** Numbers of its vectors. */
  readonly slots: readonly number[];
  /** The token that it goes in before. */
  readonly point: number;
}

/** The blocks of a row, read back from its batch. */
export function blocksOf(batch: PretrainingBatch, b: number): Block[] {
  const pointOf = new Map<number, number>();
  if (batch.seenFrom !== undefined) {
    const seenFrom = (batch.seenFrom.arraySync() as number[][])[b];
    seenFrom.forEach((from, m) => {
      if (from < T) pointOf.set(m, from + 1);
    });
  } else {
    const latents = (batch.sequenceLatent!.arraySync() as number[][])[b];
    const text = (batch.sequenceText!.arraySync() as number[][])[b];
    latents.forEach((m, i) => {
      if (m < 0) return;
      const next = latents.findIndex((other, j) => j > i && other < 0);
      pointOf.set(m, text[next] - b * T);
    });
  }
  const slots = [...pointOf.keys()].sort((m, n) => m - n);
  const group = (m: number): number =>
    m < PROMPT ? 0 : 1 + Math.floor((m - PROMPT) / BLOCK);
  return [...Map.groupBy(slots, group).values()].map((slots) => {
    const points = new Set(slots.map((m) => pointOf.get(m)!));
    assertEquals(points.size, 1);
    return { slots, point: [...points][0] };
  });
}
