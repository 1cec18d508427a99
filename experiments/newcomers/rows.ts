/**
 * The reasoner of the newcomers' world: it knows what most people own, and has
 * learned to use what stands in memory for the rest.
 *
 * In pre-training memory holds words in place of latents: after a newcomer's
 * comma the newcomer and a thing, redrawn for each question; elsewhere people
 * and things that have nothing to do with the question. So it reads a block for
 * what it says, and is not disturbed by one that says nothing.
 *
 * Shapes: B rows, T tokens, M latents a row.
 */
import * as tf from "@tensorflow/tfjs";
import { ITEMS, NAMES } from "@/lib/benchmarks/twins/mod.ts";
import {
  type BatchShape,
  blockSizes,
  type CandidatePoints,
  crossEntropy,
  decodeWithMemory,
  type FrozenModel,
  generatedPoints,
  IGNORED_LABEL,
  type MemgenConfig,
  packPrepend,
  type PrependBatch,
  type SupervisedRow,
} from "@/lib/memgen/mod.ts";
import { embed, type Tokenizer } from "@/lib/models/mod.ts";
import { type Random, randomChoice, seededRandom } from "@/lib/random.ts";
import { tidy } from "@/lib/tensorflow/mod.ts";
import {
  answerText,
  drawPeople,
  NEWCOMERS,
  type Ownership,
  type Person,
  questionText,
  redrawNewcomers,
} from "@/experiments/newcomers/world.ts";

/** Share of the other candidates where pre-training has something irrelevant. */
const IRRELEVANT_SHARE = 0.5;
/** Share of the newcomers that pre-training is told about: others are not learned. */
const TOLD_SHARE = 0.8;

/** A row of pre-training. */
export interface NotedRow extends SupervisedRow {
  /** Two tokens for each point: what memory says there. */
  readonly notes: readonly (readonly [number, number])[];
}

/** A batch of pre-training. */
export interface NotedBatch extends PrependBatch {
  /** Tokens in place of latents, `[B, M]`. */
  readonly notes: tf.Tensor2D;
}

/** Question and answer as tokens; only the answer is learned. */
export function worldRow(
  tokenizer: Tokenizer,
  people: readonly Person[],
  ownership: Ownership,
): { ids: number[]; labels: number[]; promptLength: number } {
  const prompt = tokenizer.encode(questionText(people));
  const answer = tokenizer.encode(answerText(people, ownership));
  const learned = [...answer, tokenizer.eosTokenId];
  return {
    ids: [...prompt, ...learned],
    labels: [...prompt.map(() => IGNORED_LABEL), ...learned],
    promptLength: prompt.length,
  };
}

/** Candidate positions of a row: the prompt's end, and after delimiters. */
function candidates(
  points: CandidatePoints,
  { ids, promptLength }: { ids: readonly number[]; promptLength: number },
): number[] {
  const after = ids.map((_, t) => t)
    .filter((t) => t > promptLength && points.isCandidate(ids, t));
  return [promptLength, ...after];
}

/**
 * Row number `index` of the weaver's training: memory at every candidate, so
 * that a block need say no more than what comes next.
 */
export function weaverRow(
  tokenizer: Tokenizer,
  points: CandidatePoints,
  ownership: Ownership,
  key: readonly [seed: number, index: number],
): SupervisedRow {
  const random = seededRandom("newcomers", "weaver", ...key);
  const row = worldRow(tokenizer, drawPeople(random, "train"), ownership);
  return { ...row, points: candidates(points, row) };
}

/** Row number `index` of pre-training. */
export function reasonerRow(
  tokenizer: Tokenizer,
  points: CandidatePoints,
  index: number,
): NotedRow {
  const random = seededRandom("newcomers", "reasoner", index);
  const people = drawPeople(random, "train");
  const { ids, labels, ...row } = worldRow(
    tokenizer,
    people,
    redrawNewcomers(random),
  );
  const notes = new Map<number, [number, number]>();
  for (const at of candidates(points, { ids, ...row })) {
    const person = tokenizer.decode([ids[at - 2]]).trim() as Person;
    const isAsked = at > row.promptLength &&
      ids[at - 1] === tokenizer.encode(",")[0];
    if (isAsked && NEWCOMERS.includes(person)) {
      if (random() < TOLD_SHARE) notes.set(at, [ids[at - 2], ids[at]]);
      else labels[at] = IGNORED_LABEL;
    } else if (random() < IRRELEVANT_SHARE) {
      notes.set(at, irrelevantNote(random, tokenizer, people));
    }
  }
  const inserted = pointsOf(row, [...notes.keys()]);
  return {
    ids,
    labels,
    points: inserted,
    notes: inserted.map((at) => notes.get(at) ?? [0, 0]),
  };
}

/** Somebody else, and anything. */
function irrelevantNote(
  random: Random,
  tokenizer: Tokenizer,
  people: readonly Person[],
): [number, number] {
  const others = NAMES.filter((name) => !people.includes(name));
  return [randomChoice(random, others), randomChoice(random, ITEMS)]
    .map((word) => tokenizer.encode(` ${word}`)[0]) as [number, number];
}

function pointsOf(
  { promptLength }: { promptLength: number },
  inserted: readonly number[],
): number[] {
  const last = Math.max(promptLength, ...inserted);
  const augmentation = Array.from(
    { length: last - promptLength + 1 },
    (_, t) => Number(inserted.includes(promptLength + t)),
  );
  return generatedPoints(promptLength, augmentation);
}

/** Packs rows of pre-training; the caller owns the tensors. */
export function packNoted(
  rows: readonly NotedRow[],
  shape: BatchShape,
  config: MemgenConfig,
): NotedBatch {
  const M = blockSizes(config).reduce((sum, K) => sum + K);
  const notes = new Int32Array(shape.rows * M);
  rows.forEach((row, b) => notes.set(row.notes.flat(), b * M));
  return tidy(() => ({
    ...packPrepend(rows, shape, config),
    notes: tf.tensor2d(notes, [shape.rows, M], "int32"),
  }));
}

/** Cross-entropy of a batch; the reasoner's weights get the gradient. */
export function notedLoss(
  model: FrozenModel,
  config: MemgenConfig,
  batch: NotedBatch,
): tf.Scalar {
  const latents = embed(model.weights, batch.notes);
  const { places } = batch.targets;
  const hidden = decodeWithMemory(model, config, latents, { ...batch, places });
  return crossEntropy(model, hidden, batch.targets);
}
