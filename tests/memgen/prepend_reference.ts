/** Prepended memory by rules written out: what prepend.ts must equal. */
import * as tf from "@tensorflow/tfjs";
import {
  type FrozenModel,
  type MemgenModules,
  toReasoner,
  toWeaver,
  weaverLora,
  weaverQueries,
} from "@/lib/memgen/mod.ts";
import { causalMask, decode, embed, MASKED } from "@/lib/models/mod.ts";

/** Hidden states of text alone. */
export function plainPass(
  { config, weights }: FrozenModel,
  ids: tf.Tensor2D,
): tf.Tensor3D {
  const [rows, length] = ids.shape;
  const positions = tf.range(0, length, 1, "int32").expandDims(0);
  return decode(config, { weights }, {
    embeddings: embed(weights, ids),
    positions: tf.tile(positions, [rows, 1]) as tf.Tensor2D,
    mask: causalMask(length),
  }).hidden;
}

/** Memory and text in one sequence, with a mask made rule by rule. */
export function writtenOut(
  { config, weights }: FrozenModel,
  { ids, latents, positions, seenFrom }: {
    readonly ids: tf.Tensor2D;
    readonly latents: tf.Tensor3D;
    readonly positions: readonly number[];
    readonly seenFrom: readonly (readonly number[])[];
  },
): tf.Tensor3D {
  const [B, T] = ids.shape;
  const [, M, D] = latents.shape;
  const places = [...positions, ...Array.from({ length: T }, (_, t) => t)];
  const mask = seenFrom.map((first) => [
    places.map((_, query) =>
      places.map((_, key) => {
        const isMemory = key < M;
        if (query < M) return isMemory && key <= query ? 0 : MASKED;
        const t = query - M;
        const sees = isMemory ? t >= first[key] : key <= query;
        return sees ? 0 : MASKED;
      })
    ),
  ]);
  const { hidden } = decode(config, { weights }, {
    embeddings: tf.concat([latents, embed(weights, ids)], 1),
    positions: tf.tensor2d(seenFrom.map(() => places), [B, M + T], "int32"),
    mask: tf.tensor4d(mask),
  });
  return hidden.slice([0, M, 0], [B, T, D]);
}

/** The latents of block n: its queries right after its text, nothing else. */
export function weaveAlone(
  { config: decoder, weights }: FrozenModel,
  { config, weaver }: MemgenModules,
  text: readonly number[],
  n: number,
): tf.Tensor3D {
  const ids = tf.tensor2d([...text], [1, text.length], "int32");
  const queries = weaverQueries(weaver, n === 0 ? "prompt" : "inference");
  const embeddings = tf.concat([
    toWeaver(weaver, embed(weights, ids)),
    queries.expandDims<tf.Tensor3D>(0),
  ], 1);
  const length = embeddings.shape[1];
  const view = { weights, lora: weaverLora(weaver, config) };
  const { hidden } = decode(decoder, view, {
    embeddings,
    positions: tf.range(0, length, 1, "int32").expandDims<tf.Tensor2D>(0),
    mask: causalMask(length),
  });
  return toReasoner(weaver, hidden.slice([0, text.length, 0], [1, -1, -1]));
}
