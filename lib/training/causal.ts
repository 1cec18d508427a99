/** Plain next-token training: no memory, all or some of the weights. */
import * as tf from "@tensorflow/tfjs";
import {
  type BatchShape,
  crossEntropy,
  packIds,
  packTargets,
  targetLogProbs,
  type Targets,
} from "../memgen/mod.ts";
import {
  decode,
  type DecoderConfig,
  type DecoderView,
  embed,
} from "../models/mod.ts";
import { tidy } from "../tensorflow/mod.ts";
import type { LabelledTokens } from "./supervised_rows.ts";

/** A supervised batch without memory. */
export interface CausalBatch {
  /** Tokens, `[B, T]`. */
  readonly ids: tf.Tensor2D;
  /** What is learned. */
  readonly targets: Targets;
}

/**
 * Packs rows; the caller owns the tensors.
 *
 * @throws {RangeError} If the rows do not fit the shape.
 */
export function packCausal(
  rows: readonly LabelledTokens[],
  shape: BatchShape,
): CausalBatch {
  const supervised = rows.map((row) => ({ ...row, points: [] }));
  const { length: T } = shape;
  return tidy(() => ({
    ids: packIds(supervised, shape),
    targets: packTargets(supervised, shape, (b, t) => b * T + t - 1),
  }));
}

/** Mean cross-entropy of a batch, in nats a token. */
export function causalLoss(
  config: DecoderConfig,
  view: DecoderView,
  batch: CausalBatch,
): tf.Scalar {
  const hidden = decodeCausal(config, view, batch);
  return crossEntropy({ config, weights: view.weights }, hidden, batch.targets);
}

/** Log-probabilities of what a batch learns, `[P]`; see `targetLogProbs`. */
export function causalLogProbs(
  config: DecoderConfig,
  view: DecoderView,
  batch: CausalBatch,
  temperature: number,
): tf.Tensor1D {
  const hidden = decodeCausal(config, view, batch);
  const model = { config, weights: view.weights };
  return targetLogProbs(model, hidden, batch.targets.ids, temperature);
}

/** Hidden states at the targets' places, `[1, P, D]`. */
function decodeCausal(
  config: DecoderConfig,
  view: DecoderView,
  { ids, targets }: CausalBatch,
): tf.Tensor3D {
  const [B, T] = ids.shape;
  const positions = tf.range(0, T, 1, "int32").expandDims(0);
  return decode(config, view, {
    embeddings: embed(view.weights, ids),
    positions: tf.tile(positions, [B, 1]) as tf.Tensor2D,
    places: targets.places,
    mask: "causal",
  }).hidden;
}
