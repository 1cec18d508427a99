/**
 * Memory at the current position, as in the released code: latents go in
 * before token c, and everything after them moves on by K.
 *
 * The weaver reads earlier latents too, so its blocks follow one another; it
 * keeps its keys and values, and each pass reads only what is new: the
 * latents of the block before, the text since then, and the queries. (The
 * released code re-encodes the whole prefix; modeling_memgen.py:127-186.)
 *
 * Shapes: B rows, T tokens, N blocks, K latents a block, M = all latents of a
 * row, L new tokens a pass, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type CachePart,
  causalMask,
  decode,
  type DecoderView,
  embed,
  embedInputs,
  KIND,
  requireNoDropout,
  visibility,
} from "../models/mod.ts";
import { type NamedTensors, tidy } from "../tensorflow/mod.ts";
import type { MemgenConfig } from "./config.ts";
import { PROMPT_SKIPPED } from "./points.ts";
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

/** What one pass of the weaver reads. */
export interface WeaverPass {
  /** Places of the new text in `[B T]`, `[B, L]`. */
  readonly text: tf.Tensor2D;
  /** Positions of earlier latents, text and queries, `[B, K' + L + K]`. */
  readonly positions: tf.Tensor2D;
  /** Their kinds, `[B, K' + L + K]`. */
  readonly kinds: tf.Tensor2D;
}

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
  /** What is learned. */
  readonly targets: Targets;
}

/** Sizes of an append batch. */
export interface AppendShape extends BatchShape {
  /** Tokens of the longest prompt. */
  readonly prompt: number;
  /** Tokens between two insertions, at most. */
  readonly segment: number;
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
  requirePoints(rows, config);
  const { rows: B, length: T } = shape;
  const sizes = blockSizes(config);
  const M = sum(sizes);
  /** Latents of row b before token t. */
  const latentsBefore = (b: number, t: number): number => {
    const points = rows[b]?.points ?? [];
    const own = ownSizes(points, sizes);
    return sum(own.filter((_, n) => points[n] <= t));
  };
  const sequenceText = new Int32Array(B * (T + M));
  const sequenceLatent = new Int32Array(B * (T + M)).fill(-1);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      sequenceText[b * (T + M) + t + latentsBefore(b, t)] = b * T + t;
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
    passes: sizes.map((_, n) => packPass(rows, shape, sizes, n)),
    sequenceText: tf.tensor2d(sequenceText, [B, T + M], "int32"),
    sequenceLatent: tf.tensor2d(sequenceLatent, [B, T + M], "int32"),
    // The element before a token predicts it: its last latent, if any.
    targets: packTargets(
      rows,
      shape,
      (b, t) => b * (T + M) + t + latentsBefore(b, t) - 1,
    ),
  }));
}

/** K of each block that a row has: 0 where its prompt was skipped. */
function ownSizes(
  points: readonly number[],
  sizes: readonly number[],
): number[] {
  return points.map((point, n) => point === PROMPT_SKIPPED ? 0 : sizes[n]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function packPass(
  rows: readonly SupervisedRow[],
  shape: AppendShape,
  sizes: readonly number[],
  n: number,
): WeaverPass {
  const { rows: B, length: T } = shape;
  const L = n === 0 ? shape.prompt : shape.segment;
  const earlier = n === 0 ? 0 : sizes[n - 1];
  const total = earlier + L + sizes[n];
  const text = new Int32Array(B * L);
  const positions = new Int32Array(B * total);
  const kinds = new Int32Array(B * total).fill(KIND.none);
  rows.forEach(({ points }, b) => {
    if (n >= points.length) return;
    const own = ownSizes(points, sizes);
    // Of a skipped prompt the first pass reads what it has room for.
    const readUpTo = (pass: number): number =>
      points[pass] === PROMPT_SKIPPED
        ? Math.min(shape.prompt, points[1] ?? 0)
        : points[pass];
    const start = n === 0 ? 0 : readUpTo(n - 1);
    const end = readUpTo(n);
    if (end - start > L) {
      throw new RangeError(
        `Cannot pack a batch as at most ${L} tokens may stand ${
          n === 0 ? "in a prompt" : "between two insertions"
        }: current value is ${end - start}`,
      );
    }
    // Positions run on through latents and text.
    const shift = sum(own.slice(0, n));
    const put = (at: number, position: number): void => {
      positions[b * total + at] = position;
      kinds[b * total + at] = KIND.text;
    };
    const read = n === 0 ? 0 : own[n - 1];
    for (let k = 0; k < read; k++) put(k, start + shift - read + k);
    for (let t = start; t < end; t++) {
      text[b * L + t - start] = b * T + t;
      put(earlier + t - start, t + shift);
    }
    for (let k = 0; k < own[n]; k++) put(earlier + L + k, end + shift + k);
  });
  return {
    text: tf.tensor2d(text, [B, L], "int32"),
    positions: tf.tensor2d(positions, [B, total], "int32"),
    kinds: tf.tensor2d(kinds, [B, total], "int32"),
  };
}

/** Cross-entropy of a batch; the weaver's parameters get the gradient. */
export function appendLoss(
  model: FrozenModel,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: AppendBatch,
): tf.Scalar {
  requireNoDropout(config.weaverLora);
  const hidden = decodeAppended(model, config, parameters, batch);
  return crossEntropy(model, hidden, batch.targets);
}

/** Log-probabilities of what a batch learns, `[P]`; see `targetLogProbs`. */
export function appendLogProbs(
  model: FrozenModel,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: AppendBatch,
  temperature: number,
): tf.Tensor1D {
  requireNoDropout(config.weaverLora);
  const hidden = decodeAppended(model, config, parameters, batch);
  return targetLogProbs(model, hidden, batch.targets, temperature);
}

/** Hidden states of text and latents in their order, `[B, T + M, D]`. */
export function decodeAppended(
  model: FrozenModel,
  config: MemgenConfig,
  parameters: NamedTensors,
  batch: Omit<AppendBatch, "targets">,
): tf.Tensor3D {
  const latents = weaveInTurn(model, config, parameters, batch);
  return decodeSequence(model, latents, batch);
}

/** Hidden states of text with given latents, `[B, M, D]`, in its sequence. */
export function decodeSequence(
  { config: model, weights }: FrozenModel,
  latents: tf.Tensor3D,
  { ids, sequenceText, sequenceLatent }: Pick<
    AppendBatch,
    "ids" | "sequenceText" | "sequenceLatent"
  >,
): tf.Tensor3D {
  const [B, length] = sequenceText.shape;
  const text = tf.gather<tf.Tensor>(ids.flatten(), sequenceText) as tf.Tensor2D;
  const embeddings = embedInputs({ weights }, {
    ids: text,
    vectors: latents,
    vectorIndex: sequenceLatent,
  });
  const positions = tf.range(0, length, 1, "int32").expandDims(0);
  return decode(model, { weights }, {
    embeddings,
    positions: tf.tile(positions, [B, 1]) as tf.Tensor2D,
    mask: "causal",
  }).hidden;
}

/** The latents of all blocks, `[B, M, D]`, one pass of the weaver a block. */
function weaveInTurn(
  { config: model, weights }: FrozenModel,
  config: MemgenConfig,
  parameters: NamedTensors,
  { ids, passes }: Pick<AppendBatch, "ids" | "passes">,
): tf.Tensor3D {
  const weaver: DecoderView = {
    weights,
    lora: weaverLora(parameters, config),
  };
  const blocks: tf.Tensor3D[] = [];
  const past: { layers: CachePart["layers"]; kinds: tf.Tensor2D }[] = [];
  passes.forEach((pass, n) => {
    const B = pass.text.shape[0];
    const tokens = tf.gather<tf.Tensor>(
      ids.flatten(),
      pass.text,
    ) as tf.Tensor2D;
    const segment: tf.Tensor = embed(weights, tokens); // [B, L, D]
    const input = n === 0 ? segment : tf.concat([blocks[n - 1], segment], 1);
    const queries = weaverQueries(parameters, n === 0 ? "prompt" : "inference");
    const K = queries.shape[0];
    const read: number = input.shape[1]!; // K' + L
    const { hidden, keyValues } = decode(model, weaver, {
      embeddings: tf.concat([
        toWeaver(parameters, input as tf.Tensor3D),
        tf.tile(queries.expandDims(0), [B, 1, 1]) as tf.Tensor3D,
      ], 1),
      positions: pass.positions,
      mask: causalMask(read + K).add(visibility(pass.kinds, pass.kinds)),
      past: past.map(({ layers, kinds }) => ({
        layers,
        mask: visibility(pass.kinds, kinds),
      })),
    });
    const last = hidden.slice([0, read, 0], [B, K, model.hiddenSize]);
    blocks.push(toReasoner(parameters, last));
    // The queries leave no trace: later passes see latents in their place.
    past.push({
      layers: keyValues.map(({ keys, values }) => ({
        keys: keys.slice([0, 0, 0, 0], [-1, -1, read, -1]),
        values: values.slice([0, 0, 0, 0], [-1, -1, read, -1]),
      })),
      kinds: pass.kinds.slice([0, 0], [B, read]),
    });
  });
  return tf.concat(blocks, 1);
}
