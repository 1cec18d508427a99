/**
 * The blocks of prepended memory: the weaver's pass over text that does not
 * move. The queries of every block read the text before their point side by
 * side.
 *
 * Shapes: B rows, L tokens read, N blocks, K latents a block, M all latents of
 * a row, S tokens of snippets a block, D hidden size of the reasoner, W of the
 * weaver.
 */
import * as tf from "@tensorflow/tfjs";
import {
  decode,
  embed,
  KIND,
  MASKED,
  maskWhere,
  visibility,
} from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import { decodeWithBlocks, textPositions } from "./bank.ts";
import { blockKinds, blockSizes } from "./blocks.ts";
import type { MemgenConfig } from "./config.ts";
import type { SnippetBatch } from "./retrieval.ts";
import {
  type MemgenBase,
  pauseLatents,
  type QueryKind,
  toReasoner,
  toWeaver,
  weaverModel,
  weaverQueries,
  weaverView,
} from "./weaver.ts";

/** What the weaver reads of a batch; see `PrependBatch`. */
export interface WovenText {
  /** Tokens, `[B, L]`. */
  readonly read: tf.Tensor2D;
  /** Insertion point of each block, `[B, N]`. */
  readonly points: tf.Tensor2D;
  /** What was retrieved for each block. */
  readonly snippets?: SnippetBatch;
}

/**
 * The latents of every block, `[B, M, D]`: the weaver's hidden states at the
 * queries, which stand after token c - 1, see the text up to there and their
 * own block. Where it reads the reasoner's hidden states, those have all
 * earlier blocks in view: then blocks follow one another, a pass each.
 */
export function weaveBlocks(
  base: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  text: WovenText,
): tf.Tensor3D {
  const { read, points } = text;
  const [B, L] = read.shape;
  const N = points.shape[1];
  if (config.weaver === "pause") {
    return pauseLatents(parameters, blockKinds(config, N), B);
  }
  const sizes = blockSizes(config, N);
  const weave = (context: tf.Tensor3D, numbers: readonly number[]) =>
    weaveAfter(base, config, parameters, { ...text, context, numbers });
  const embeddings = embed(base.weights, read);
  if (config.weaverReads !== "hidden") {
    return weave(embeddings, sizes.map((_, n) => n));
  }
  const blocks: tf.Tensor3D[] = [];
  for (let n = 0; n < sizes.length; n++) {
    const hidden = n === 0
      ? decode(base.config, { weights: base.weights }, {
        embeddings,
        positions: textPositions(B, L),
        mask: "causal",
      }).hidden
      : decodeWithBlocks(base, sizes.slice(0, n), tf.concat(blocks, 1), {
        ids: read,
        points,
      });
    blocks.push(weave(hidden, [n]));
  }
  return tf.concat(blocks, 1);
}

/** The latents of some blocks, side by side, after a context `[B, L, D]`. */
function weaveAfter(
  base: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
  { context, numbers, ...text }: Omit<WovenText, "read"> & {
    readonly context: tf.Tensor3D;
    readonly numbers: readonly number[];
  },
): tf.Tensor3D {
  const [B, L] = context.shape;
  const { config: model } = weaverModel(base);
  const view = weaverView(base, config, parameters);
  const readsText = config.weaverReads !== "nothing";
  const kindsOfBlocks = blockKinds(config, text.points.shape[1]);
  const blocks = numbers.map((n) =>
    queryBlock(base, parameters, {
      n,
      kind: kindsOfBlocks[n],
      readsText,
      ...text,
    })
  );
  const joined = <T extends tf.Tensor>(part: (block: QueryBlock) => T): T =>
    tf.concat(blocks.map(part), 1);
  const kinds = joined((block) => block.kinds);
  const lengths = blocks.map((block) => block.kinds.shape[1]);
  const past = () => {
    const { keyValues } = decode(model, view, {
      embeddings: toWeaver(parameters, context),
      positions: textPositions(B, L),
      mask: "causal",
    });
    const ends = joined((block) => block.ends);
    const before = tf.range(0, L, 1, "int32").reshape([1, 1, 1, L])
      .less(ends.expandDims(1).expandDims(3));
    return { layers: keyValues, mask: maskWhere(before) as tf.Tensor4D };
  };
  const { hidden } = decode(model, view, {
    embeddings: joined((block) => block.embeddings),
    positions: joined((block) => block.positions),
    mask: ownBlockMask(lengths).add(visibility(kinds, kinds)),
    past: readsText ? [past()] : [],
  });
  const sizes = blockSizes(config, text.points.shape[1]);
  let end = 0;
  const written = numbers.map((n, i) => {
    end += lengths[i];
    const K = sizes[n];
    return hidden.slice([0, end - K, 0], [B, K, model.hiddenSize]);
  });
  return toReasoner(parameters, tf.concat(written, 1));
}

/** What one block adds after the context: snippets, if any, and queries. */
interface QueryBlock {
  /** `[B, S + K, W]`. */
  readonly embeddings: tf.Tensor3D;
  /** `[B, S + K]`. */
  readonly positions: tf.Tensor2D;
  /** `[B, S + K]`. */
  readonly kinds: tf.Tensor2D;
  /** Length of the context before it, for each place, `[B, S + K]`. */
  readonly ends: tf.Tensor2D;
}

function queryBlock(
  base: MemgenBase,
  parameters: NamedTensors,
  { n, kind, readsText, points, snippets }: Omit<WovenText, "read"> & {
    readonly n: number;
    readonly kind: QueryKind;
    readonly readsText: boolean;
  },
): QueryBlock {
  const B = points.shape[0];
  const queries = weaverQueries(parameters, kind).expandDims(0);
  const K = queries.shape[1]!;
  const point = points.slice([0, n], [B, 1]);
  const start = readsText ? point : tf.zerosLike(point);
  const block = {
    embeddings: tf.tile(queries, [B, 1, 1]) as tf.Tensor3D,
    positions: start.add<tf.Tensor2D>(tf.range(0, K, 1, "int32")),
    kinds: tf.fill([B, K], KIND.text, "int32") as tf.Tensor2D,
  };
  if (snippets === undefined) {
    return { ...block, ends: tf.tile(point, [1, K]) };
  }
  const S = snippets.ids.shape[2];
  const own = (x: tf.Tensor3D): tf.Tensor2D =>
    x.slice([0, n, 0], [B, 1, S]).reshape([B, S]);
  const kinds = own(snippets.kinds);
  const read = toWeaver(parameters, embed(base.weights, own(snippets.ids)));
  // Kinds of text and of nothing are 1 and 0.
  const count = kinds.sum(1, true);
  return {
    embeddings: tf.concat([read, block.embeddings], 1),
    positions: tf.concat([
      start.add(tf.range(0, S, 1, "int32")),
      block.positions.add(count),
    ], 1) as tf.Tensor2D,
    kinds: tf.concat([kinds, block.kinds], 1),
    ends: tf.tile(point, [1, S + K]),
  };
}

/** Places see their own block, causally; `[1, 1, P, P]` for P places. */
function ownBlockMask(lengths: readonly number[]): tf.Tensor4D {
  const block = lengths.flatMap((length, n) => Array<number>(length).fill(n));
  const P = block.length;
  const mask = Float32Array.from({ length: P * P }, (_, i) => {
    const [query, key] = [Math.floor(i / P), i % P];
    return block[query] === block[key] && key <= query ? 0 : MASKED;
  });
  return tf.tensor4d(mask, [1, 1, P, P]);
}
