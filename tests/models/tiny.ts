/** Small models for tests: random ones, and those of the parity folder. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  causalMask,
  decode,
  type DecoderConfig,
  type DecoderView,
  embed,
  type Family,
  type Item,
  logits,
  transposeProjection,
  visibility,
  weightShapes,
} from "@/lib/models/mod.ts";
import { normals, seededRandom } from "@/lib/random.ts";
import { type NamedTensors, tidy } from "@/lib/tensorflow/mod.ts";

/** The parity checkpoints, one of each family. */
export const PARITY_NAMES = [
  "tiny-qwen2.5",
  "tiny-smollm3",
  "tiny-qwen3",
] as const;

/** Path inside tests/parity. */
export function parityPath(...parts: readonly string[]): string {
  return join(import.meta.dirname!, "..", "parity", ...parts);
}

/** A shape that computes fast and has every feature of its family. */
export function tinyConfig(
  family: Family,
  changes: Partial<DecoderConfig> = {},
): DecoderConfig {
  return {
    family,
    vocabSize: 40,
    hiddenSize: 16,
    intermediateSize: 24,
    layers: 2,
    heads: 4,
    keyValueHeads: 2,
    headDim: family === "qwen3" ? 6 : 4,
    ropeTheta: 10_000,
    ropeLayers: family === "smollm3" ? [true, false] : [true, true],
    rmsNormEps: 1e-6,
    tieWordEmbeddings: family !== "qwen3",
    maxPositions: 256,
    eosTokenIds: [],
    ...changes,
  };
}

/**
 * Weights at which every part matters: matrices that keep the size of their
 * input, norms around 1, biases around 0. The caller owns them.
 */
export function randomWeights(
  config: DecoderConfig,
  seed: number,
): NamedTensors {
  const weights: Record<string, tf.Tensor> = {};
  for (const [name, shape] of weightShapes(config)) {
    const size = shape.reduce((product, length) => product * length, 1);
    const spread = shape.length === 2 ? 1 / Math.sqrt(shape[1]) : 0.2;
    const mean = name.includes("norm") ? 1 : 0;
    const values = normals(seededRandom("weights", seed, name), size)
      .map((value) => mean + spread * value);
    weights[name] = transposeProjection(name, tf.tensor(values, shape));
  }
  return weights;
}

/** Factors that change something: B is random too. The caller owns them. */
export function randomFactors(
  shapes: ReadonlyMap<string, readonly number[]>,
): NamedTensors {
  const random = seededRandom("factors");
  const entries = Array.from(shapes, ([name, shape]) => {
    const values = normals(random, shape[0] * shape[1]);
    return [name, tf.tensor(values.map((x) => 0.3 * x), [...shape])] as const;
  });
  return Object.fromEntries(entries);
}

/** Logits `[B, T, V]` of one causal pass without a cache; for use in `tidy`. */
export function fullPass(
  config: DecoderConfig,
  view: DecoderView,
  ids: readonly (readonly number[])[],
): tf.Tensor3D {
  const [B, T] = [ids.length, ids[0].length];
  const { hidden } = decode(config, view, {
    embeddings: embed(
      view.weights,
      tf.tensor2d(ids.flat(), [B, T], "int32"),
    ),
    positions: tf.tile(
      tf.range(0, T, 1, "int32").reshape([1, T]),
      [B, 1],
    ) as tf.Tensor2D,
    mask: causalMask(T),
  });
  const flat = hidden.reshape([B * T, config.hiddenSize]) as tf.Tensor2D;
  return logits(config, view.weights, flat).reshape([B, T, config.vocabSize]);
}

/** Hidden states `[T, D]` of inputs of any kind, in one pass without a cache. */
export function wholePass(
  config: DecoderConfig,
  view: DecoderView,
  items: readonly Item[],
): Float32Array {
  return tidy(() => {
    const T = items.length;
    const table = view.weights["model.embed_tokens.weight"];
    const embeddings = items.map(({ value }) =>
      typeof value === "number"
        ? table.slice([value, 0], [1, -1])
        : tf.tensor2d(value, [1, value.length])
    );
    const kinds = tf.tensor2d(items.map(({ kind }) => kind), [1, T], "int32");
    return decode(config, view, {
      embeddings: tf.concat(embeddings).expandDims(0),
      positions: tf.tensor2d(
        items.map(({ position }) => position),
        [1, T],
        "int32",
      ),
      mask: causalMask(T).add(visibility(kinds, kinds)),
    }).hidden.dataSync<"float32">();
  });
}

/** Greedy continuation by full passes; the reference for cached generation. */
export function continueGreedily(
  config: DecoderConfig,
  view: DecoderView,
  { prompt, maxNewTokens }: {
    readonly prompt: readonly number[];
    readonly maxNewTokens: number;
  },
): number[] {
  const tokens = [...prompt];
  while (tokens.length < prompt.length + maxNewTokens) {
    const next = tf.tidy(() => {
      const scores = fullPass(config, view, [tokens]);
      return tf.argMax(scores, -1).dataSync().at(-1)!;
    });
    tokens.push(next);
    if (config.eosTokenIds.includes(next)) break;
  }
  return tokens.slice(prompt.length);
}

/** Prompts of random tokens, of 1 to `maxLength` each. */
export function randomPrompts(
  config: DecoderConfig,
  { count, maxLength, seed }: {
    readonly count: number;
    readonly maxLength: number;
    readonly seed: number;
  },
): number[][] {
  const random = seededRandom("prompts", seed);
  return Array.from({ length: count }, () => {
    const length = 1 + Math.floor(random() * maxLength);
    return Array.from(
      { length },
      () => Math.floor(random() * config.vocabSize),
    );
  });
}

/** Asserts that no value differs by more than a share of the largest one. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  share: number,
): void {
  assertEquals(actual.length, expected.length);
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i] - expected[i]);
    // So that NaN is no equality.
    difference = distance <= difference ? difference : distance;
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  assert(
    difference <= share * largest,
    `largest difference ${difference} of largest value ${largest}`,
  );
}

/** A test after which as many tensors must live as before. */
export function tensorTest(
  name: string,
  fn: () => unknown,
): void {
  Deno.test(name, async () => {
    const before = tf.memory().numTensors;
    await fn();
    assertEquals(tf.memory().numTensors, before, "tensors were leaked");
  });
}

/** A test of functions that leave their tensors to the caller's `tidy`. */
export function tidyTest(name: string, fn: () => void): void {
  Deno.test(name, () => tidy(fn));
}
