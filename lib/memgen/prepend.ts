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
import {
  causalMask,
  decode,
  type DecoderView,
  embed,
  MASKED,
  maskWhere,
  requireNoDropout,
} from "../models/mod.ts";
import { type NamedTensors, tidy } from "../tensorflow/mod.ts";
import type { MemgenConfig } from "./config.ts";
import {
  type BatchShape,
  blockSizes,
  crossEntropy,
  type FrozenModel,
  packIds,
  packTargets,
  requirePoints,
  type SupervisedRow,
  targetLogProbs,
  type Targets,
} from "./supervised.ts";
import { toReasoner, toWeaver, weaverLora, weaverQueries } from "./weaver.ts";

/** A supervised batch with prepended memory. */
export interface PrependBatch {
  /** Tokens, `[B, T]`. */
  readonly ids: tf.Tensor2D;
  /** Those of them that the weaver may read, `[B, L]`, L at most T. */
  readonly read: tf.Tensor2D;
  /**
   * Insertion point of each block, `[B, N]`; T + 1 where there is none after
   * the text, `PROMPT_SKIPPED` where there is none at the prompt's end.
   */
  readonly points: tf.Tensor2D;
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
  requirePoints(rows, config);
  const N = 1 + config.maxInferenceAugmentations;
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
      targets: packTargets(rows, shape, (b, t) => b * shape.length + t - 1),
    };
  });
}

/** Cross-entropy of a batch; the weaver's parameters get the gradient. */
export function prependLoss(
  model: FrozenModel,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: PrependBatch,
): tf.Scalar {
  const hidden = decodePrepended(model, config, parameters, batch);
  return crossEntropy(model, hidden, batch.targets);
}

/** Log-probabilities of what a batch learns, `[P]`; see `targetLogProbs`. */
export function prependLogProbs(
  model: FrozenModel,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: PrependBatch,
  temperature: number,
): tf.Tensor1D {
  const hidden = decodePrepended(model, config, parameters, batch);
  return targetLogProbs(model, hidden, batch.targets, temperature);
}

function decodePrepended(
  model: FrozenModel,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: PrependBatch,
): tf.Tensor3D {
  requireNoDropout(config.weaverLora);
  const latents = weaveBlocks(model, config, parameters, batch);
  return decodeWithMemory(model, config, latents, batch);
}

/**
 * The latents of every block, `[B, M, D]`: the weaver's hidden states at the
 * queries, which stand after token c - 1, see the text up to there and their
 * own block.
 */
export function weaveBlocks(
  { config: model, weights }: FrozenModel,
  config: MemgenConfig,
  parameters: NamedTensors,
  { read, points }: Pick<PrependBatch, "read" | "points">,
): tf.Tensor3D {
  const [B, L] = read.shape;
  const sizes = blockSizes(config);
  const weaver: DecoderView = {
    weights,
    lora: weaverLora(parameters, config),
  };
  const text = decode(model, weaver, {
    embeddings: toWeaver(parameters, embed(weights, read)),
    positions: textPositions(B, L),
    mask: "causal",
  }).keyValues;
  const queries = tf.concat(
    sizes.map((_, n) =>
      weaverQueries(parameters, n === 0 ? "prompt" : "inference")
    ),
  ); // [M, D]
  const M = queries.shape[0];
  const point = perLatent(points, sizes); // [B, M]
  const before = tf.range(0, L, 1, "int32").reshape([1, 1, 1, L])
    .less(point.reshape([B, 1, M, 1]));
  const { hidden } = decode(model, weaver, {
    embeddings: tf.tile(queries.expandDims(0), [B, 1, 1]) as tf.Tensor3D,
    positions: point.add(placeInBlock(sizes)) as tf.Tensor2D,
    mask: ownBlockMask(sizes),
    past: [{ layers: text, mask: maskWhere(before) as tf.Tensor4D }],
  });
  return toReasoner(parameters, hidden);
}

/** Hidden states of the text, `[B, T, D]`, with the blocks in view. */
export function decodeWithMemory(
  model: FrozenModel,
  config: MemgenConfig,
  latents: tf.Tensor3D,
  { ids, points }: Pick<PrependBatch, "ids" | "points">,
): tf.Tensor3D {
  const sizes = blockSizes(config);
  return decodeWithBank(model, {
    ids,
    latents,
    // Position -K + k; the sizes of the blocks may differ.
    positions: sizes.flatMap((K) => Array.from({ length: K }, (_, k) => k - K)),
    // `PROMPT_SKIPPED` becomes -1.
    seenFrom: perLatent(points, sizes).sub(1),
  });
}

/** Memory slots beside the text. */
export interface MemoryBank {
  /** Tokens, `[B, T]`. */
  readonly ids: tf.Tensor2D;
  /** Latents, `[B, M, D]`. */
  readonly latents: tf.Tensor3D;
  /** Position of each latent, M numbers. */
  readonly positions: readonly number[];
  /**
   * The first token that sees each latent, `[B, M]`; T or more: none. Below 0
   * there is no latent: later ones do not see it either.
   */
  readonly seenFrom: tf.Tensor2D;
}

/** Hidden states of the text, `[B, T, D]`, with a bank of memory beside it. */
export function decodeWithBank(
  { config: model, weights }: FrozenModel,
  { ids, latents, positions, seenFrom }: MemoryBank,
): tf.Tensor3D {
  const [B, T] = ids.shape;
  const M = latents.shape[1];
  const exists = seenFrom.greaterEqual(0).reshape([B, 1, 1, M]);
  const bank = decode(model, { weights }, {
    embeddings: latents,
    positions: tf.tile(tf.tensor2d([...positions], [1, M], "int32"), [B, 1]),
    mask: causalMask(M).add(maskWhere(exists)),
  }).keyValues;
  const seen = tf.range(0, T, 1, "int32").reshape([1, 1, T, 1])
    .greaterEqual(seenFrom.reshape([B, 1, 1, M])).logicalAnd(exists);
  return decode(model, { weights }, {
    embeddings: embed(weights, ids),
    positions: textPositions(B, T),
    mask: "causal",
    past: [{ layers: bank, mask: maskWhere(seen) as tf.Tensor4D }],
  }).hidden;
}

function textPositions(B: number, T: number): tf.Tensor2D {
  return tf.tile(tf.range(0, T, 1, "int32").expandDims(0), [B, 1]);
}

/** From one value a block, `[B, N]`, to one a latent, `[B, M]`. */
function perLatent(points: tf.Tensor2D, sizes: readonly number[]): tf.Tensor2D {
  const block = sizes.flatMap((K, n) => Array<number>(K).fill(n));
  return tf.gather(points, tf.tensor1d(block, "int32"), 1);
}

/** k of each latent in its block, `[1, M]`. */
function placeInBlock(sizes: readonly number[]): tf.Tensor2D {
  const places = sizes.flatMap((K) => Array.from({ length: K }, (_, k) => k));
  return tf.tensor2d(places, [1, places.length], "int32");
}

/** Queries see their own block, causally; `[1, 1, M, M]`. */
function ownBlockMask(sizes: readonly number[]): tf.Tensor4D {
  const block = sizes.flatMap((K, n) => Array<number>(K).fill(n));
  const M = block.length;
  const mask = Float32Array.from({ length: M * M }, (_, i) => {
    const [query, key] = [Math.floor(i / M), i % M];
    return block[query] === block[key] && key <= query ? 0 : MASKED;
  });
  return tf.tensor4d(mask, [1, 1, M, M]);
}
