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
 * Targets of a batch.
 *
 * @param place Where the hidden state that predicts token t of row b stands.
 * @throws {RangeError} If there are more than P.
 */
export function packTargets(
  rows: readonly SupervisedRow[],
  shape: BatchShape,
  place: (row: number, t: number) => number,
): Targets {
  const places = new Int32Array(shape.targets);
  const ids = new Int32Array(shape.targets);
  const weights = new Float32Array(shape.targets);
  let count = 0;
  rows.forEach(({ labels }, b) => {
    for (let t = 1; t < labels.length; t++) {
      if (labels[t] === IGNORED_LABEL) continue;
      if (count === shape.targets) {
        throw new RangeError(
          `Cannot pack a batch as it may hold at most ${shape.targets} supervised tokens: current value is more`,
        );
      }
      places[count] = place(b, t);
      ids[count] = labels[t];
      weights[count++] = 1;
    }
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
 * @throws {RangeError} If a row is longer than T or there are more than B.
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
