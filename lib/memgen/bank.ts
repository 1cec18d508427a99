/**
 * Memory slots beside the text: the reasoner's pass where memory is prepended
 * (eq. 6).
 *
 * Shapes: B rows, T tokens, N blocks, M latents of all blocks, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import { causalMask, decode, embed, maskWhere } from "../models/mod.ts";
import type { ReadingModel } from "./supervised.ts";

/** Memory slots beside the text. */
export interface MemoryBank {
  /** Tokens, `[B, T]`. */
  readonly ids: tf.Tensor2D;
  /** See `DecoderInput`. */
  readonly places?: tf.Tensor1D;
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
  { config: model, weights, lora }: ReadingModel,
  { ids, places, latents, positions, seenFrom }: MemoryBank,
): tf.Tensor3D {
  const [B, T] = ids.shape;
  const M = latents.shape[1];
  const exists = seenFrom.greaterEqual(0).reshape([B, 1, 1, M]);
  const bank = decode(model, { weights, lora }, {
    embeddings: latents,
    positions: tf.tile(tf.tensor2d([...positions], [1, M], "int32"), [B, 1]),
    mask: causalMask(M).add(maskWhere(exists)),
  }).keyValues;
  const seen = tf.range(0, T, 1, "int32").reshape([1, 1, T, 1])
    .greaterEqual(seenFrom.reshape([B, 1, 1, M])).logicalAnd(exists);
  return decode(model, { weights, lora }, {
    embeddings: embed(weights, ids),
    positions: textPositions(B, T),
    places,
    mask: "causal",
    past: [{ layers: bank, mask: maskWhere(seen) as tf.Tensor4D }],
  }).hidden;
}

/** Positions of text, `[B, T]`: they never move. */
export function textPositions(B: number, T: number): tf.Tensor2D {
  return tf.tile(tf.range(0, T, 1, "int32").expandDims(0), [B, 1]);
}

/** From one value a block, `[B, N]`, to one a latent, `[B, M]`. */
function perLatent(points: tf.Tensor2D, sizes: readonly number[]): tf.Tensor2D {
  const block = sizes.flatMap((K, n) => Array<number>(K).fill(n));
  return tf.gather(points, tf.tensor1d(block, "int32"), 1);
}

/** Text with the places of its memory. */
export interface BlockText {
  /** Tokens, `[B, T]`. */
  readonly ids: tf.Tensor2D;
  /** Insertion point of each block, `[B, N]`. */
  readonly points: tf.Tensor2D;
  /** See `DecoderInput`. */
  readonly places?: tf.Tensor1D;
}

/**
 * Hidden states of the text, `[B, T, D]`, with its first blocks in view.
 *
 * @param sizes K of each of these.
 * @param latents Theirs, `[B, M, D]`.
 */
export function decodeWithBlocks(
  model: ReadingModel,
  sizes: readonly number[],
  latents: tf.Tensor3D,
  { ids, points, places }: BlockText,
): tf.Tensor3D {
  return decodeWithBank(model, {
    ids,
    places,
    latents,
    // Position -K + k; the sizes of the blocks may differ.
    positions: sizes.flatMap((K) => Array.from({ length: K }, (_, k) => k - K)),
    // `PROMPT_SKIPPED` becomes -1.
    seenFrom: perLatent(points, sizes).sub(1),
  });
}
