/**
 * Supervised rows, padded and packed: what both insertions share.
 *
 * Shapes: B rows, T tokens a row, N insertion points a row, P supervised
 * tokens of the batch (padded).
 */
import * as tf from "@tensorflow/tfjs";
import { type DecoderConfig, logits, type Lora } from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import { IGNORED_LABEL } from "./points.ts";

/** The reasoner: it is never trained. */
export interface FrozenModel {
  /** Its shape. */
  readonly config: DecoderConfig;
  /** Its tensors. */
  readonly weights: NamedTensors;
}

/** Who reads text and memory: the reasoner, or the trigger by its adapter. */
export interface ReadingModel extends FrozenModel {
  /** None: the reasoner. */
  readonly lora?: Lora;
}

/** One example. */
export interface SupervisedRow {
  /** Tokens of prompt and answer. */
  readonly ids: readonly number[];
  /** Target of each token: itself, or `IGNORED_LABEL`. */
  readonly labels: readonly number[];
  /**
   * Insertion points c, one a block: memory goes in before token c; see
   * points.ts. `PROMPT_SKIPPED` stands for a block that is not there.
   */
  readonly points: readonly number[];
  /**
   * Tokens of what was retrieved for each point; see retrieval.ts. Only where
   * the weaver reads snippets.
   */
  readonly snippets?: readonly (readonly number[])[];
}

/** Sizes to which batches are padded; few of them, as each is compiled. */
export interface BatchShape {
  /** B. */
  readonly rows: number;
  /** T. */
  readonly length: number;
  /** P. */
  readonly targets: number;
  /** Turns of an episode; see turns.ts. @default {1} */
  readonly turns?: number;
}

/** Where hidden states are wanted, and what they must predict. */
export interface Targets {
  /** Places in `[B * T']`, `[P]`. */
  readonly places: tf.Tensor1D;
  /** Tokens to predict there, `[P]`. */
  readonly ids: tf.Tensor1D;
  /** 1 for a real target, 0 for padding, `[P]`. */
  readonly weights: tf.Tensor1D;
}

/** Places of the tokens that a row learns: nothing predicts the first. */
export function learnedPlaces(
  { labels }: Pick<SupervisedRow, "labels">,
): number[] {
  return labels.flatMap((label, t) =>
    t > 0 && label !== IGNORED_LABEL ? [t] : []
  );
}

/**
 * Targets of a batch: row after row, each in its order, then padding at places
 * that are nobody's.
 *
 * @param place Where the hidden state that predicts token t of row b stands.
 * @throws {RangeError} If there are none or more than P, or P is more than all
 * tokens.
 */
export function packTargets(
  rows: readonly SupervisedRow[],
  shape: BatchShape,
  place: (row: number, t: number) => number,
): Targets {
  const supervised = rows.flatMap((row, b) =>
    learnedPlaces(row).map((t) => ({ b, t, label: row.labels[t] }))
  );
  if (supervised.length === 0 || supervised.length > shape.targets) {
    throw new RangeError(
      `Cannot pack a batch as it must hold 1 to ${shape.targets} supervised tokens: current value is ${supervised.length}`,
    );
  }
  if (shape.targets > shape.rows * shape.length) {
    throw new RangeError(
      `Cannot pack a batch as 'targets' may be at most all its ${
        shape.rows * shape.length
      } tokens: current value is ${shape.targets}`,
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
  const taken = new Set(places.subarray(0, supervised.length));
  for (let i = supervised.length, at = 0; i < shape.targets; at++) {
    if (!taken.has(at)) places[i++] = at;
  }
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
 * Log-probability of each target.
 *
 * @param hidden Hidden states at the targets' places, `[1, P, D]`.
 * @param ids Tokens to predict there, `[P]`.
 * @param temperature Divides the scores; that of sampling, 1 in supervised
 * training.
 * @returns In nats, `[P]`.
 * @throws {RangeError} If the temperature is not above 0.
 */
export function targetLogProbs(
  { config, weights }: FrozenModel,
  hidden: tf.Tensor3D,
  ids: tf.Tensor1D,
  temperature: number = 1,
): tf.Tensor1D {
  if (!(temperature > 0)) {
    throw new RangeError(
      `Cannot take log-probabilities as 'temperature' must be above 0: current value is ${temperature}`,
    );
  }
  const plain = logits(config, weights, hidden.squeeze([0])); // [P, V]
  const scores = temperature === 1 ? plain : plain.div(temperature);
  const target = tf.oneHot(ids, config.vocabSize).toFloat();
  return scores.mul(target).sum(-1).sub(scores.logSumExp(-1)) as tf.Tensor1D;
}

/**
 * Mean cross-entropy over the supervised tokens (eq. 11).
 *
 * @param hidden Hidden states at the targets' places, `[1, P, D]`.
 * @returns A scalar, in nats a token.
 */
export function crossEntropy(
  model: FrozenModel,
  hidden: tf.Tensor3D,
  targets: Targets,
): tf.Scalar {
  const losses = targetLogProbs(model, hidden, targets.ids).neg();
  return losses.mul(targets.weights).sum()
    .div(targets.weights.sum()) as tf.Scalar;
}
