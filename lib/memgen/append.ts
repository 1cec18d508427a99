/**
 * Memory at the current position, as in the released code: latents go in
 * before token c, and everything after them moves on by K.
 *
 * Shapes: B rows, T tokens, N blocks, K latents a block, M = all latents of a
 * row, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import { decode, embedInputs, requireNoDropout } from "../models/mod.ts";
import { type NamedTensors, tidy } from "../tensorflow/mod.ts";
import { blockSizes, requirePoints } from "./blocks.ts";
import type { MemgenConfig } from "./config.ts";
import { packSnippets, type SnippetBatch } from "./retrieval.ts";
import {
  crossEntropy,
  packIds,
  packTargets,
  type ReadingModel,
  type SupervisedRow,
  targetLogProbs,
  type Targets,
} from "./supervised.ts";
import {
  type AppendShape,
  ownSizes,
  packPasses,
  sum,
  weaveInTurn,
  type WeaverPass,
} from "./weave_in_turn.ts";
import type { MemgenBase } from "./weaver.ts";

/** A supervised batch with appended memory. */
export interface AppendBatch {
  /** Tokens, `[B, T]`. */
  readonly ids: tf.Tensor2D;
  /** One pass a block. */
  readonly passes: readonly WeaverPass[];
  /** Place in `[B T]` of each element of the sequence, `[B, T + M]`. */
  readonly sequenceText: tf.Tensor2D;
  /** Number of its latent, -1 where it is text, `[B, T + M]`. */
  readonly sequenceLatent: tf.Tensor2D;
  /** What was retrieved for each block, where the weaver reads that. */
  readonly snippets?: SnippetBatch;
  /** What is learned. */
  readonly targets: Targets;
}

/**
 * Packs rows; the caller owns the tensors.
 *
 * @throws {RangeError} If the rows do not fit the shape, which also bounds
 * prompts and segments, or the settings.
 */
export function packAppend(
  rows: readonly SupervisedRow[],
  shape: AppendShape,
  config: MemgenConfig,
): AppendBatch {
  const { rows: B, length: T } = shape;
  const sizes = blockSizes(config, requirePoints(rows, shape, config));
  const M = sum(sizes);
  const before = (b: number, t: number): number =>
    latentsBefore(rows[b]?.points ?? [], sizes, t);
  const sequenceText = new Int32Array(B * (T + M));
  const sequenceLatent = new Int32Array(B * (T + M)).fill(-1);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      sequenceText[b * (T + M) + t + before(b, t)] = b * T + t;
    }
    const points = rows[b]?.points ?? [];
    ownSizes(points, sizes).forEach((K, n, own) => {
      const place = b * (T + M) + points[n] + sum(own.slice(0, n));
      const first = sum(sizes.slice(0, n));
      for (let k = 0; k < K; k++) sequenceLatent[place + k] = first + k;
    });
  }
  return tidy(() => ({
    ids: packIds(rows, shape),
    passes: packPasses(rows, shape, config),
    sequenceText: tf.tensor2d(sequenceText, [B, T + M], "int32"),
    sequenceLatent: tf.tensor2d(sequenceLatent, [B, T + M], "int32"),
    snippets: packSnippets(rows, shape, config),
    // The element before a token predicts it: its last latent, if any.
    targets: packTargets(
      rows,
      shape,
      (b, t) => b * (T + M) + t + before(b, t) - 1,
    ),
  }));
}

/** Latents of a row before its token t. */
export function latentsBefore(
  points: readonly number[],
  sizes: readonly number[],
  t: number,
): number {
  return sum(ownSizes(points, sizes).filter((_, n) => points[n] <= t));
}

/** Cross-entropy of a batch; the weaver's parameters get the gradient. */
export function appendLoss(
  model: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: AppendBatch,
): tf.Scalar {
  requireNoDropout(config.weaverLora);
  const { places } = batch.targets;
  const hidden = decodeAppended(model, config, parameters, batch, places);
  return crossEntropy(model, hidden, batch.targets);
}

/** Log-probabilities of what a batch learns, `[P]`; see `targetLogProbs`. */
export function appendLogProbs(
  model: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: AppendBatch,
  temperature: number,
): tf.Tensor1D {
  requireNoDropout(config.weaverLora);
  const { places, ids } = batch.targets;
  const hidden = decodeAppended(model, config, parameters, batch, places);
  return targetLogProbs(model, hidden, ids, temperature);
}

/**
 * Hidden states of text and latents in their order, `[B, T + M, D]`.
 *
 * @param places See `DecoderInput`.
 */
export function decodeAppended(
  model: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: Omit<AppendBatch, "targets">,
  places?: tf.Tensor1D,
): tf.Tensor3D {
  const latents = weaveInTurn(model, config, parameters, batch);
  return decodeSequence(model, latents, batch, places);
}

/**
 * Hidden states of text with given latents, `[B, M, D]`, in its sequence.
 *
 * @param places See `DecoderInput`.
 */
export function decodeSequence(
  { config: model, weights, lora }: ReadingModel,
  latents: tf.Tensor3D,
  { ids, sequenceText, sequenceLatent }: Pick<
    AppendBatch,
    "ids" | "sequenceText" | "sequenceLatent"
  >,
  places?: tf.Tensor1D,
): tf.Tensor3D {
  const [B, length] = sequenceText.shape;
  const text = tf.gather<tf.Tensor>(ids.flatten(), sequenceText) as tf.Tensor2D;
  const embeddings = embedInputs({ weights }, {
    ids: text,
    vectors: latents,
    vectorIndex: sequenceLatent,
  });
  const positions = tf.range(0, length, 1, "int32").expandDims(0);
  return decode(model, { weights, lora }, {
    embeddings,
    positions: tf.tile(positions, [B, 1]) as tf.Tensor2D,
    places,
    mask: "causal",
  }).hidden;
}
