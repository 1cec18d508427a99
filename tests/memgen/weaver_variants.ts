/** Weavers of every kind, and their latents by rules written out. */
import * as tf from "@tensorflow/tfjs";
import {
  type MemgenBase,
  type MemgenConfig,
  type MemgenModules,
  PROMPT_SKIPPED,
  type Retrieve,
  type SupervisedRow,
  toReasoner,
  toWeaver,
  weaverLora,
  weaverQueries,
} from "@/lib/memgen/mod.ts";
import {
  causalMask,
  decode,
  type DecoderConfig,
  type DecoderView,
  embed,
  type Model,
} from "@/lib/models/mod.ts";
import { plainPass, writtenOut } from "@/tests/memgen/prepend_reference.ts";
import { tinyModel, VOCABULARY } from "@/tests/memgen/tiny_memgen.ts";
import { randomWeights, tinyConfig } from "@/tests/models/tiny.ts";

/** Tokens of snippets in the variants that have any, at most. */
const SNIPPET_TOKENS = 3;

/** Settings by what they stand for; see `variantBase` for another size. */
export const VARIANTS: Readonly<Record<string, Partial<MemgenConfig>>> = {
  "all parameters": { weaver: "full" },
  "pause tokens": { weaver: "pause" },
  "hidden states": { weaverReads: "hidden" },
  "snippets": { maxSnippetTokens: SNIPPET_TOKENS },
  "snippets alone": {
    weaverReads: "nothing",
    maxSnippetTokens: SNIPPET_TOKENS,
  },
  "hidden states and snippets": {
    weaverReads: "hidden",
    maxSnippetTokens: SNIPPET_TOKENS,
  },
  "another size": {},
  "another size, all parameters, hidden states": {
    weaver: "full",
    weaverReads: "hidden",
  },
};

/** A random model, with a larger one for the weaver where the name says so. */
export function variantBase(name: string): Model & MemgenBase {
  const model = tinyModel("qwen2", 1);
  if (!name.includes("another size")) return model;
  const config = tinyConfig("smollm3", {
    vocabSize: 5,
    hiddenSize: 24,
    layers: 3,
    ropeLayers: [true, false, true],
    headDim: 6,
  });
  return {
    ...model,
    weaverBase: { config, weights: randomWeights(config, 2) },
  };
}

/** Finds 0 to 3 tokens, by the last ones. */
export const retrieveSome: Retrieve = (tokens) =>
  tokens.slice(-SNIPPET_TOKENS)
    .map((id) => (7 * id + 1) % VOCABULARY.length)
    .slice(0, tokens.length % (SNIPPET_TOKENS + 1));

/** The latents of each block of a row, `[1, K, D]`, read anew for each. */
export function latentsOf(
  base: MemgenBase,
  { config, weaver }: MemgenModules,
  row: SupervisedRow,
): tf.Tensor3D[] {
  const { config: decoder, weights } = base.weaverBase ?? base;
  const isFull = config.weaver === "full";
  const own = Object.entries(weaver)
    .filter(([name]) => name.startsWith("weaver.base."))
    .map(([name, tensor]) => [name.slice("weaver.base.".length), tensor]);
  const view = isFull
    ? { weights: Object.fromEntries(own) }
    : { weights, lora: weaverLora(weaver, config) };
  const blocks: tf.Tensor3D[] = [];
  row.points.forEach((point, n) => {
    const kind = n === 0 ? "prompt" : "inference";
    if (point === PROMPT_SKIPPED) {
      blocks.push(tf.zeros([1, 0, base.config.hiddenSize]));
      return;
    }
    if (config.weaver === "pause") {
      blocks.push(weaver[`weaver.${kind}_pause_tokens`].expandDims(0));
      return;
    }
    const found = row.snippets?.[n] ?? [];
    const read = [
      ...config.weaverReads === "nothing"
        ? []
        : [contextOf(base, config, { row, blocks })],
      ...found.length === 0 ? [] : [embed(base.weights, rowTensor(found))],
    ];
    const queries = weaverQueries(weaver, kind).expandDims<tf.Tensor3D>(0);
    const input = tf.concat([
      ...read.map((vectors) => toWeaver(weaver, vectors)),
      queries,
    ], 1);
    const K = queries.shape[1];
    const hidden = causalPass(decoder, view, input);
    const last = hidden.slice([0, input.shape[1] - K, 0]);
    blocks.push(toReasoner(weaver, last));
  });
  return blocks;
}

/** What the weaver reads of the text before the next point. */
function contextOf(
  base: MemgenBase,
  { insertion, weaverReads }: MemgenConfig,
  { row: { ids, points }, blocks }: {
    readonly row: SupervisedRow;
    readonly blocks: readonly tf.Tensor3D[];
  },
): tf.Tensor3D {
  const point = points[blocks.length];
  const before = rowTensor(ids.slice(0, point));
  const latents = tf.concat([
    tf.zeros([1, 0, base.config.hiddenSize]),
    ...blocks,
  ], 1) as tf.Tensor3D;
  if (insertion === "prepend") {
    if (weaverReads === "embeddings") return embed(base.weights, before);
    if (latents.shape[1] === 0) return plainPass(base, before);
    const sizes = blocks.map(({ shape }) => shape[1]);
    return writtenOut(base, {
      ids: before,
      latents,
      positions: sizes.flatMap((K) =>
        Array.from({ length: K }, (_, k) => k - K)
      ),
      seenFrom: [
        sizes.flatMap((K, n) => Array<number>(K).fill(points[n] - 1)),
      ],
    });
  }
  const parts = blocks.flatMap((block, n) => [
    embed(base.weights, rowTensor(ids.slice(points[n - 1] ?? 0, points[n]))),
    block,
  ]);
  const rest = ids.slice(points[blocks.length - 1] ?? 0, point);
  const inputs = tf.concat(
    [...parts, embed(base.weights, rowTensor(rest))],
    1,
  ) as tf.Tensor3D;
  return weaverReads === "hidden"
    ? causalPass(base.config, { weights: base.weights }, inputs)
    : inputs;
}

function causalPass(
  config: DecoderConfig,
  view: DecoderView,
  embeddings: tf.Tensor3D,
): tf.Tensor3D {
  const T = embeddings.shape[1];
  const positions = tf.range(0, T, 1, "int32").expandDims<tf.Tensor2D>(0);
  const mask = causalMask(T);
  return decode(config, view, { embeddings, positions, mask }).hidden;
}

function rowTensor(ids: readonly number[]): tf.Tensor2D {
  return tf.tensor2d([...ids], [1, ids.length], "int32");
}
