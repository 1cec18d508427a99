/**
 * Junk tolerance (mini-reasoners' recipe, part 2): from the first step, half
 * of the batches carry meaningless vectors where memory will be placed, so
 * that a weaver which is still untrained does not break the reasoner.
 *
 * Shapes: B rows, T tokens, M vectors a row, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type BatchShape,
  type CandidatePoints,
  crossEntropy,
  decodeSequence,
  decodeWithBank,
  type FrozenModel,
  IGNORED_LABEL,
  packIds,
  packTargets,
  type Targets,
} from "@/lib/memgen/mod.ts";
import { embed } from "@/lib/models/mod.ts";
import { tidy } from "@/lib/tensorflow/mod.ts";
import { normals, type Random, randomInt } from "@/lib/random.ts";
import {
  causalLoss,
  type LabelledTokens,
  packCausal,
} from "@/lib/training/mod.ts";

/** Vectors at the prompt's end, at most. */
const PROMPT_JUNK = 8;
/** Delimiters after which there may be junk. */
const INFERENCE_POINTS = 3;
/** Vectors after a delimiter, at most. */
const INFERENCE_JUNK = 6;
/** M. */
const MOST_JUNK = PROMPT_JUNK + INFERENCE_POINTS * INFERENCE_JUNK;
/** Share of the vectors that are words; the others are Gaussian. */
const WORD_SHARE = 0.3;
/** Norm of a Gaussian vector, in norms of an embedding. */
const LEAST_NORM = 0.4;
const LARGEST_NORM = 3.3;

/** Where junk goes in a batch. */
export type JunkPlacement = "none" | "prepend" | "append";

/** Vectors before they are scaled to the embeddings. */
interface Junk {
  /** Normal numbers times LEAST_NORM to LARGEST_NORM, `[B, M, D]`. */
  readonly noise: tf.Tensor3D;
  /** Tokens, `[B, M]`. */
  readonly words: tf.Tensor2D;
  /** 1 where the vector is a token's, 0 where it is noise, `[B, M]`. */
  readonly isWord: tf.Tensor2D;
}

/** A batch of the corpus. */
export interface PretrainingBatch {
  readonly ids: tf.Tensor2D;
  readonly targets: Targets;
  readonly junk?: Junk;
  /** For `prepend`: see `MemoryBank`. */
  readonly seenFrom?: tf.Tensor2D;
  /** For `append`: see `AppendBatch`. */
  readonly sequenceText?: tf.Tensor2D;
  readonly sequenceLatent?: tf.Tensor2D;
}

/** Positions of prepended junk: a full block ends at -1, as memory does. */
const BANK_POSITIONS = [
  PROMPT_JUNK,
  ...Array(INFERENCE_POINTS).fill(INFERENCE_JUNK),
]
  .flatMap((K: number) => Array.from({ length: K }, (_, k) => k - K));

/** How `packPretraining` disturbs a batch. */
export interface JunkOptions {
  /** Where junk goes. */
  readonly placement: JunkPlacement;
  /** After which tokens it may go. */
  readonly points: CandidatePoints;
  /** D. */
  readonly hiddenSize: number;
  /** V. */
  readonly vocabSize: number;
  /** Equal streams give equal junk. */
  readonly random: Random;
}

/**
 * Packs rows with junk at random points; the caller owns the tensors.
 *
 * @throws {RangeError} If the rows do not fit the shape.
 */
export function packPretraining(
  rows: readonly LabelledTokens[],
  shape: BatchShape,
  options: JunkOptions,
): PretrainingBatch {
  return tidy(() => pack(rows, shape, options));
}

function pack(
  rows: readonly LabelledTokens[],
  shape: BatchShape,
  options: JunkOptions,
): PretrainingBatch {
  const { placement, random } = options;
  const { rows: B, length: T } = shape;
  const supervised = rows.map((row) => ({
    ...row,
    points: answerPoints(row, options.points),
  }));
  if (placement === "none") return packCausal(rows, shape);
  const ids = packIds(supervised, shape);
  const junk = drawJunk(B, options);
  const chosen = supervised.map(({ points }) => choosePoints(random, points));
  if (placement === "prepend") {
    const seenFrom = new Int32Array(B * MOST_JUNK).fill(T);
    chosen.forEach((blocks, b) => {
      for (const { first, count, point } of blocks) {
        const start = b * MOST_JUNK + first;
        seenFrom.fill(point - 1, start, start + count);
      }
    });
    return {
      ids,
      junk,
      targets: packTargets(supervised, shape, (b, t) => b * T + t - 1),
      seenFrom: tf.tensor2d(seenFrom, [B, MOST_JUNK], "int32"),
    };
  }
  const length = T + MOST_JUNK;
  const sequenceText = new Int32Array(B * length);
  const sequenceLatent = new Int32Array(B * length).fill(-1);
  const junkBefore = (b: number, t: number): number =>
    (chosen[b] ?? []).reduce(
      (sum, { point, count }) => point <= t ? sum + count : sum,
      0,
    );
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      sequenceText[b * length + t + junkBefore(b, t)] = b * T + t;
    }
    for (const { first, count, point } of chosen[b] ?? []) {
      const start = b * length + point + junkBefore(b, point) - count;
      for (let k = 0; k < count; k++) sequenceLatent[start + k] = first + k;
    }
  }
  return {
    ids,
    junk,
    targets: packTargets(
      supervised,
      shape,
      (b, t) => b * length + t + junkBefore(b, t) - 1,
    ),
    sequenceText: tf.tensor2d(sequenceText, [B, length], "int32"),
    sequenceLatent: tf.tensor2d(sequenceLatent, [B, length], "int32"),
  };
}

/** Cross-entropy of a batch; the model's weights get the gradient. */
export function pretrainingLoss(
  model: FrozenModel,
  batch: PretrainingBatch,
): tf.Scalar {
  return batch.junk === undefined
    ? causalLoss(model.config, model, batch)
    : crossEntropy(
      model,
      decodeWithJunk(model, batch.junk, batch),
      batch.targets,
    );
}

/** Hidden states at the targets' places, `[1, P, D]`. */
function decodeWithJunk(
  model: FrozenModel,
  junk: Junk,
  { ids, targets, seenFrom, sequenceText, sequenceLatent }: PretrainingBatch,
): tf.Tensor3D {
  const latents = junkVectors(model, junk);
  if (seenFrom !== undefined) {
    return decodeWithBank(model, {
      ids,
      places: targets.places,
      latents,
      positions: BANK_POSITIONS,
      seenFrom,
    });
  }
  return decodeSequence(model, latents, {
    ids,
    sequenceText: sequenceText!,
    sequenceLatent: sequenceLatent!,
  }, targets.places);
}

/** Words and noise at the scale of the embeddings as they are now. */
function junkVectors(
  { weights }: FrozenModel,
  { noise, words, isWord }: Junk,
): tf.Tensor3D {
  const table = weights["model.embed_tokens.weight"];
  const meanSquare = table.square().mean();
  const choice = isWord.expandDims(-1);
  return embed(weights, words).mul(choice)
    .add(noise.mul(meanSquare.sqrt()).mul(tf.sub(1, choice)));
}

function drawJunk(
  B: number,
  { hiddenSize: D, vocabSize, random }: JunkOptions,
): Junk {
  const M = MOST_JUNK;
  const noise = normals(random, B * M * D);
  for (let i = 0; i < B * M; i++) {
    const scale = LEAST_NORM + random() * (LARGEST_NORM - LEAST_NORM);
    for (let d = 0; d < D; d++) noise[i * D + d] *= scale;
  }
  const words = Int32Array.from(
    { length: B * M },
    () => randomInt(random, vocabSize),
  );
  const isWord = Float32Array.from(
    { length: B * M },
    () => Number(random() < WORD_SHARE),
  );
  return {
    noise: tf.tensor3d(noise, [B, M, D]),
    words: tf.tensor2d(words, [B, M], "int32"),
    isWord: tf.tensor2d(isWord, [B, M]),
  };
}

/** The answer's start, and delimiters after it. */
function answerPoints(
  { ids, labels }: LabelledTokens,
  points: CandidatePoints,
): number[] {
  const start = labels.findIndex((label) => label !== IGNORED_LABEL);
  const after = ids.map((_, i) => i)
    .filter((i) => i > start && points.isCandidate(ids, i));
  return [start, ...after];
}

interface JunkBlock {
  /** First of its vectors among the row's M. */
  readonly first: number;
  readonly count: number;
  /** Junk goes in before this token. */
  readonly point: number;
}

/** The prompt's end and some delimiters, with a number of vectors each. */
function choosePoints(
  random: Random,
  [prompt, ...inference]: readonly number[],
): JunkBlock[] {
  const blocks: JunkBlock[] = [
    { first: 0, count: 1 + randomInt(random, PROMPT_JUNK), point: prompt },
  ];
  let first = PROMPT_JUNK;
  for (const point of inference) {
    if (first === MOST_JUNK) break;
    if (random() < 0.5) continue;
    const count = randomInt(random, INFERENCE_JUNK + 1);
    if (count > 0) blocks.push({ first, count, point });
    first += INFERENCE_JUNK;
  }
  return blocks;
}
