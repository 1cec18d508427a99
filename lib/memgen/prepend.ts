/**
 * Memory before the text (eq. 6): "prepended to H".
 *
 * A block inserted before token c is K vectors at positions -K..-1. They see
 * each other, causally, and earlier blocks, but no text; text token t sees
 * the block if t >= c - 1. Text positions never move, so the reasoner needs
 * one parallel pass over the text, and so does the weaver: the queries of
 * every block read the text before their point side by side.
 *
 * Shapes: B rows, T tokens, L of them read by the weaver, N blocks, K latents
 * a block, M = all latents of a row, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import { requireNoDropout } from "../models/mod.ts";
import { type NamedTensors, tidy } from "../tensorflow/mod.ts";
import { type BlockText, decodeWithBlocks } from "./bank.ts";
import { blockSizes, requirePoints } from "./blocks.ts";
import type { MemgenConfig } from "./config.ts";
import { packSnippets, type SnippetBatch } from "./retrieval.ts";
import {
  type BatchShape,
  crossEntropy,
  packIds,
  packTargets,
  type ReadingModel,
  type SupervisedRow,
  targetLogProbs,
  type Targets,
} from "./supervised.ts";
import { weaveBlocks } from "./weave_blocks.ts";
import type { MemgenBase } from "./weaver.ts";

/** A supervised batch with prepended memory. */
export interface PrependBatch {
  /** Tokens, `[B, T]`. */
  readonly ids: tf.Tensor2D;
  /** Those of them that the weaver may read, `[B, L]`, L at most T. */
  readonly read: tf.Tensor2D;
  /**
   * Insertion point of each block, `[B, N]`; T + 1 where there is none after
   * the text, `PROMPT_SKIPPED` where there is none before others.
   */
  readonly points: tf.Tensor2D;
  /** What was retrieved for each block, where the weaver reads that. */
  readonly snippets?: SnippetBatch;
  /** What is learned. */
  readonly targets: Targets;
}

/** Sizes of a prepend batch. */
export interface PrependShape extends BatchShape {
  /**
   * Tokens of the longest prompt; the weaver reads no more where memory goes
   * in nowhere else. Default: `length`.
   */
  readonly prompt?: number;
}

/**
 * Packs rows; the caller owns the tensors.
 *
 * @throws {RangeError} If the rows do not fit the shape or the settings.
 */
export function packPrepend(
  rows: readonly SupervisedRow[],
  shape: PrependShape,
  config: MemgenConfig,
): PrependBatch {
  const N = requirePoints(rows, shape, config);
  const { length: T, prompt = T } = shape;
  const L = N === 1 ? Math.min(prompt, T) : T;
  rows.forEach((row, b) => {
    if (row.points.some((point) => point > L)) {
      throw new RangeError(
        `Cannot pack a batch as row ${b} may have a prompt of at most ${L} tokens: current value is ${
          row.points[0]
        }`,
      );
    }
  });
  return tidy(() => {
    const ids = packIds(rows, shape);
    const points = new Int32Array(shape.rows * N).fill(shape.length + 1);
    rows.forEach((row, b) => points.set(row.points, b * N));
    return {
      ids,
      read: ids.slice([0, 0], [shape.rows, L]),
      points: tf.tensor2d(points, [shape.rows, N], "int32"),
      snippets: packSnippets(rows, shape, config),
      targets: packTargets(rows, shape, (b, t) => b * shape.length + t - 1),
    };
  });
}

/** Cross-entropy of a batch; the weaver's parameters get the gradient. */
export function prependLoss(
  model: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: PrependBatch,
): tf.Scalar {
  const hidden = decodePrepended(model, config, parameters, batch);
  return crossEntropy(model, hidden, batch.targets);
}

/** Log-probabilities of what a batch learns, `[P]`; see `targetLogProbs`. */
export function prependLogProbs(
  model: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: PrependBatch,
  temperature: number,
): tf.Tensor1D {
  const hidden = decodePrepended(model, config, parameters, batch);
  return targetLogProbs(model, hidden, batch.targets.ids, temperature);
}

/** Hidden states at the targets' places, `[1, P, D]`. */
function decodePrepended(
  model: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: PrependBatch,
): tf.Tensor3D {
  requireNoDropout(config.weaverLora);
  const latents = weaveBlocks(model, config, parameters, batch);
  const { places } = batch.targets;
  return decodeWithMemory(model, config, latents, { ...batch, places });
}

/**
 * Hidden states of the text, `[B, T, D]`, with the blocks in view; `places` as
 * in `DecoderInput`.
 */
export function decodeWithMemory(
  model: ReadingModel,
  config: MemgenConfig,
  latents: tf.Tensor3D,
  { ids, points, places }:
    & Pick<PrependBatch, "ids" | "points">
    & Pick<BlockText, "places">,
): tf.Tensor3D {
  const sizes = blockSizes(config, points.shape[1]);
  return decodeWithBlocks(model, sizes, latents, { ids, points, places });
}
