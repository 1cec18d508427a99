/**
 * Supervised rows, padded and packed: what both insertions share.
 *
 * Shapes: B rows, T tokens a row, N insertion points a row, P supervised
 * tokens of the batch (padded).
 */
import * as tf from "@tensorflow/tfjs";
import { type DecoderConfig, logits } from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import type { MemgenConfig } from "./config.ts";
import { IGNORED_LABEL } from "./points.ts";

/** The reasoner: it is never trained. */
export interface FrozenModel {
  /** Its shape. */
  readonly config: DecoderConfig;
  /** Its tensors. */
  readonly weights: NamedTensors;
}

/** K of each block: the prompt's, then those after delimiters. */
export function blockSizes(config: MemgenConfig): number[] {
  const inference = Array(config.maxInferenceAugmentations)
    .fill(config.inferenceLatents);
  return [config.promptLatents, ...inference];
}

/** One example. */
export interface SupervisedRow {
  /** Tokens of prompt and answer. */
  readonly ids: readonly number[];
  /** Target of each token: itself, or `IGNORED_LABEL`. */
  readonly labels: readonly number[];
  /** Insertion points c: memory goes in before token c; see points.ts. */
  readonly points: readonly number[];
}

/** Sizes to which batches are padded; few of them, as each is compiled. */
export interface BatchShape {
  /** B. */
  readonly rows: number;
  /** T. */
  readonly length: number;
  /** P. */
  readonly targets: number;
}

/** Where to read hidden states, and what they must predict. */
export interface Targets {
  /** Places in `[B * T']`, `[P]`. */
  readonly places: tf.Tensor1D;
  /** Tokens to predict there, `[P]`. */
  readonly ids: tf.Tensor1D;
  /** 1 for a real target, 0 for padding, `[P]`. */
  readonly weights: tf.Tensor1D;
}

/**
 * Refuses insertion points that no block stands for, before any work.
 *
 * @throws {RangeError} If a row has more points than there are blocks, or its
 * points do not increase within 1 to the length of the row.
 */
export function requirePoints(
  rows: readonly SupervisedRow[],
  config: MemgenConfig,
): void {
  const blocks = 1 + config.maxInferenceAugmentations;
  rows.forEach(({ ids, points }, b) => {
    if (points.length > blocks) {
      throw new RangeError(
        `Cannot pack a batch as row ${b} may hold at most ${blocks} insertion points: current value is ${points.length}`,
      );
    }
    const isInOrder = points.every((point, n) =>
      Number.isInteger(point) && point <= ids.length &&
      point > (points[n - 1] ?? 0)
    );
    if (!isInOrder) {
      throw new RangeError(
        `Cannot pack a batch as the insertion points of row ${b} must increase within 1 to ${ids.length}: current value is ${points}`,
      );
    }
  });
}

/**
 * Targets of a batch.
 *
 * @param place Where the hidden state that predicts token t of row b stands.
 * @throws {RangeError} If there are none or more than P.
 */
export function packTargets(
  rows: readonly SupervisedRow[],
  shape: BatchShape,
  place: (row: number, t: number) => number,
): Targets {
  const supervised = rows.flatMap(({ labels }, b) =>
    labels.flatMap((label, t) =>
      t > 0 && label !== IGNORED_LABEL ? [{ b, t, label }] : []
    )
  );
  if (supervised.length === 0 || supervised.length > shape.targets) {
    throw new RangeError(
      `Cannot pack a batch as it must hold 1 to ${shape.targets} supervised tokens: current value is ${supervised.length}`,
    );
  }
  const places = new Int32Array(shape.targets);
  const ids = new Int32Array(shape.targets);
  const weights = new Float32Array(shape.targets);
  supervised.forEach(({ b, t, label }, i) => {
    places[i] = place(b, t);
    ids[i] = label;
    weights[i] = 1;
  });
  return {
    places: tf.tensor1d(places, "int32"),
    ids: tf.tensor1d(ids, "int32"),
    weights: tf.tensor1d(weights),
  };
}

/**
 * Tokens of a batch, `[B, T]`, padded with 0 on the right.
 *
 * @throws {RangeError} If a row is longer than T, has not one label a token,
 * or there are more than B.
 */
export function packIds(
  rows: readonly SupervisedRow[],
  { rows: B, length: T }: BatchShape,
): tf.Tensor2D {
  if (rows.length > B) {
    throw new RangeError(
      `Cannot pack a batch as it may hold at most ${B} rows: current value is ${rows.length}`,
    );
  }
  const ids = new Int32Array(B * T);
  rows.forEach((row, b) => {
    if (row.ids.length > T) {
      throw new RangeError(
        `Cannot pack a batch as its rows may hold at most ${T} tokens: current value is ${row.ids.length}`,
      );
    }
    if (row.labels.length !== row.ids.length) {
      throw new RangeError(
        `Cannot pack a batch as row ${b} must have a label for each of its ${row.ids.length} tokens: current value is ${row.labels.length}`,
      );
    }
    ids.set(row.ids, b * T);
  });
  return tf.tensor2d(ids, [B, T], "int32");
}

/**
 * Mean cross-entropy over the supervised tokens (eq. 11).
 *
 * @param hidden Hidden states, `[B, T', D]`.
 * @returns A scalar, in nats a token.
 */
export function crossEntropy(
  { config, weights }: FrozenModel,
  hidden: tf.Tensor3D,
  targets: Targets,
): tf.Scalar {
  const [B, T, D] = hidden.shape;
  const rows = tf.gather(hidden.reshape([B * T, D]), targets.places);
  const scores = logits(config, weights, rows as tf.Tensor2D); // [P, V]
  const target = tf.oneHot(targets.ids, config.vocabSize).toFloat();
  const losses = tf.logSumExp(scores, -1).sub(scores.mul(target).sum(-1));
  return losses.mul(targets.weights).sum()
    .div(targets.weights.sum()) as tf.Scalar;
}
