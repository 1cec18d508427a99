/**
 * The blocks of appended memory: the weaver reads earlier latents too, so they
 * follow one another.
 *
 * It keeps its keys and values, and each pass reads only what is new: the
 * latents of the block before, the text since then, snippets if there are any,
 * and the queries. (The released code re-encodes the whole prefix;
 * modeling_memgen.py:127-186.)
 *
 * Shapes: B rows, T tokens, N blocks, K latents a block, K' of the block
 * before, M all latents of a row, L new tokens a pass, S tokens of snippets a
 * pass, D hidden size of the reasoner, W of the weaver.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type CachePart,
  causalMask,
  decode,
  type DecoderConfig,
  type DecoderView,
  embed,
  KIND,
  visibility,
} from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import { blockKinds, blockSizes, blocksPerTurn } from "./blocks.ts";
import type { MemgenConfig } from "./config.ts";
import { PROMPT_SKIPPED } from "./points.ts";
import type { SnippetBatch } from "./retrieval.ts";
import type { BatchShape, SupervisedRow } from "./supervised.ts";
import {
  lastPlaces,
  type MemgenBase,
  pauseLatents,
  toReasoner,
  toWeaver,
  weaverModel,
  weaverQueries,
  weaverView,
} from "./weaver.ts";

/** Sizes of an append batch. */
export interface AppendShape extends BatchShape {
  /** Tokens of the longest prompt of a first turn. */
  readonly prompt: number;
  /** Tokens between two insertions, at most. */
  readonly segment: number;
}

/** What one pass of the weaver reads. */
export interface WeaverPass {
  /** Places of the new text in `[B T]`, `[B, L]`. */
  readonly text: tf.Tensor2D;
  /**
   * Positions of earlier latents, text, snippets and queries,
   * `[B, K' + L + S + K]`.
   */
  readonly positions: tf.Tensor2D;
  /** Their kinds, `[B, K' + L + S + K]`. */
  readonly kinds: tf.Tensor2D;
}

/** K of each block that a row has: 0 where there is none. */
export function ownSizes(
  points: readonly number[],
  sizes: readonly number[],
): number[] {
  return points.map((point, n) => point === PROMPT_SKIPPED ? 0 : sizes[n]);
}

/** The sum of numbers. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What the weaver reads, one pass a block; the caller owns the tensors. */
export function packPasses(
  rows: readonly SupervisedRow[],
  shape: AppendShape,
  config: MemgenConfig,
): WeaverPass[] {
  const { turns = 1 } = shape;
  const sizes = blockSizes(config, turns * blocksPerTurn(config));
  return sizes.map((_, n) => packPass(rows, shape, { config, sizes, n }));
}

function packPass(
  rows: readonly SupervisedRow[],
  shape: AppendShape,
  { config, sizes, n }: {
    readonly config: MemgenConfig;
    readonly sizes: readonly number[];
    readonly n: number;
  },
): WeaverPass {
  const S = config.maxSnippetTokens;
  const { rows: B, length: T } = shape;
  const L = n === 0 ? shape.prompt : shape.segment;
  const earlier = n === 0 ? 0 : sizes[n - 1];
  const total = earlier + L + S + sizes[n];
  const text = new Int32Array(B * L);
  const positions = new Int32Array(B * total);
  const kinds = new Int32Array(B * total).fill(KIND.none);
  rows.forEach(({ points, snippets }, b) => {
    if (n >= points.length) return;
    const own = ownSizes(points, sizes);
    const [start, end] = [0, ...readEnds(points, shape)].slice(n);
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
    for (let t = start; t < end; t++) text[b * L + t - start] = b * T + t;
    if (config.weaverReads !== "nothing") {
      for (let k = 0; k < read; k++) put(k, start + shift - read + k);
      for (let t = start; t < end; t++) put(earlier + t - start, t + shift);
    }
    const found = own[n] === 0 ? 0 : snippets?.[n].length ?? 0;
    const after = config.weaverReads === "nothing" ? 0 : end + shift;
    for (let s = 0; s < found; s++) put(earlier + L + s, after + s);
    for (let k = 0; k < own[n]; k++) {
      put(earlier + L + S + k, after + found + k);
    }
  });
  return {
    text: tf.tensor2d(text, [B, L], "int32"),
    positions: tf.tensor2d(positions, [B, total], "int32"),
    kinds: tf.tensor2d(kinds, [B, total], "int32"),
  };
}

/**
 * Up to where each pass of a row has read: its point. Without a block it reads
 * what it has room for, so that less is left for the next.
 */
function readEnds(
  points: readonly number[],
  { prompt, segment }: AppendShape,
): number[] {
  let end = 0;
  return points.map((point, n) => {
    const next = points.find((each, i) => i >= n && each !== PROMPT_SKIPPED);
    const room = end + (n === 0 ? prompt : segment);
    return end = next === point ? point : Math.min(next ?? end, room);
  });
}

/** The latents of all blocks, `[B, M, D]`, one pass of the weaver a block. */
export function weaveInTurn(
  base: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  { ids, passes, snippets }: {
    /** Tokens, `[B, T]`. */
    readonly ids: tf.Tensor2D;
    /** One a block. */
    readonly passes: readonly WeaverPass[];
    /** What was retrieved for each block. */
    readonly snippets?: SnippetBatch;
  },
): tf.Tensor3D {
  const B = ids.shape[0];
  const kinds = blockKinds(config, passes.length);
  if (config.weaver === "pause") return pauseLatents(parameters, kinds, B);
  const { weights } = base;
  const { config: model } = weaverModel(base);
  const weave = rememberingPass(model, weaverView(base, config, parameters));
  const reason = rememberingPass(base.config, { weights });
  const blocks: tf.Tensor3D[] = [];
  passes.forEach((pass, n) => {
    const tokens = tf.gather<tf.Tensor>(ids.flatten(), pass.text);
    const segment: tf.Tensor = embed(weights, tokens as tf.Tensor2D);
    const added = n === 0 ? segment : tf.concat([blocks[n - 1], segment], 1);
    const read = added.shape[1]!; // K' + L
    const context = config.weaverReads === "hidden"
      ? reason(added as tf.Tensor3D, { pass, read, wanted: read })
      : added;
    const queries = weaverQueries(parameters, kinds[n]).expandDims(0);
    const K = queries.shape[1]!;
    const found = snippets === undefined
      ? []
      : [embed(weights, tf.unstack(snippets.ids, 1)[n] as tf.Tensor2D)];
    const hidden = weave(
      tf.concat([
        toWeaver(parameters, tf.concat([context, ...found], 1) as tf.Tensor3D),
        tf.tile(queries, [B, 1, 1]),
      ], 1) as tf.Tensor3D,
      { pass, read, wanted: K },
    );
    blocks.push(toReasoner(parameters, hidden));
  });
  return tf.concat(blocks, 1);
}

/** What a pass over its first P inputs remembers and gives. */
interface PassSize {
  readonly pass: WeaverPass;
  /**
   * Inputs that are remembered. Snippets and queries leave no trace: later
   * passes see latents in their place.
   */
  readonly read: number;
  /** The last of them are wanted. */
  readonly wanted: number;
}

/**
 * Passes of a view that see the earlier ones: hidden states of the wanted
 * inputs, `[B, wanted, D]`.
 */
function rememberingPass(
  config: DecoderConfig,
  view: DecoderView,
): (
  embeddings: tf.Tensor3D,
  size: PassSize,
) => tf.Tensor3D {
  const past: { layers: CachePart["layers"]; kinds: tf.Tensor2D }[] = [];
  return (embeddings, { pass, read, wanted }) => {
    const [B, P] = embeddings.shape;
    const first = (x: tf.Tensor2D, count: number): tf.Tensor2D =>
      x.slice([0, 0], [B, count]);
    const kinds = first(pass.kinds, P);
    const { hidden, keyValues } = decode(config, view, {
      embeddings,
      positions: first(pass.positions, P),
      places: wanted < P ? lastPlaces([B, P], wanted) : undefined,
      mask: causalMask(P).add(visibility(kinds, kinds)),
      past: past.map(({ layers, kinds: earlier }) => ({
        layers,
        mask: visibility(kinds, earlier),
      })),
    });
    past.push({
      layers: keyValues.map(({ keys, values }) => ({
        keys: keys.slice([0, 0, 0, 0], [-1, -1, read, -1]),
        values: values.slice([0, 0, 0, 0], [-1, -1, read, -1]),
      })),
      kinds: first(kinds, read),
    });
    return hidden.reshape([B, wanted, config.hiddenSize]);
  };
}
