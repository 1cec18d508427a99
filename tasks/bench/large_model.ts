/** A random model of Qwen2.5-0.5B's shape, in the files that Qwen ships. */
import { join } from "node:path";
import {
  type DecoderConfig,
  formatDecoderConfig,
  readTokenizerFiles,
  weightShapes,
  writeSafetensors,
} from "@/lib/models/mod.ts";
import { normals, seededRandom } from "@/lib/random.ts";
import { TOKENIZER } from "./cases.ts";

/** Qwen2.5-0.5B: 494 million weights, 0.99 GB in bfloat16. */
export const QWEN_0_5B: DecoderConfig = {
  family: "qwen2",
  vocabSize: 151_936,
  hiddenSize: 896,
  intermediateSize: 4864,
  layers: 24,
  heads: 14,
  keyValueHeads: 2,
  headDim: 64,
  ropeTheta: 1_000_000,
  ropeLayers: Array(24).fill(true),
  rmsNormEps: 1e-6,
  tieWordEmbeddings: true,
  maxPositions: 32_768,
  eosTokenIds: [], // so that no row ends early
};

/** Distinct random numbers; the weights repeat them. */
const NUMBERS = 999_983;

/**
 * Writes config.json, the weights in bfloat16 and a tokenizer with a token for
 * each row of the embedding. One array stands for all weights, so that
 * writing takes less memory than loading.
 */
export function writeLargeModel(folder: string, config: DecoderConfig): void {
  Deno.mkdirSync(folder, { recursive: true });
  const random = normals(seededRandom("bench weights"), NUMBERS)
    .map((value) => 0.02 * value);
  const shapes = [...weightShapes(config)];
  const sizes = shapes.map(([, shape]) => shape.reduce((a, b) => a * b));
  const weights = new Float32Array(Math.max(...sizes));
  for (let start = 0; start < weights.length; start += NUMBERS) {
    weights.set(random.subarray(0, weights.length - start), start);
  }
  const ones = new Float32Array(config.hiddenSize).fill(1);
  const tensors = shapes.map(([name, shape], i) => {
    const data = name.includes("norm") ? ones : weights.subarray(0, sizes[i]);
    return [name, { shape, data }] as const;
  });
  writeSafetensors(join(folder, "model.safetensors"), new Map(tensors), {
    dtype: "BF16",
  });
  const files = readTokenizerFiles(TOKENIZER);
  for (const [name, text] of files) {
    const written = name === "tokenizer.json"
      ? enlarge(text, config.vocabSize)
      : text;
    Deno.writeTextFileSync(join(folder, name), written);
  }
  const shape = { ...formatDecoderConfig(config), "torch_dtype": "bfloat16" };
  const text = JSON.stringify(shape);
  Deno.writeTextFileSync(join(folder, "config.json"), text);
}

/** A tokenizer.json with pairs of its tokens as further tokens. */
function enlarge(text: string, size: number): string {
  const definition = JSON.parse(text);
  const { vocab, merges } = definition.model as {
    vocab: Record<string, number>;
    merges: [string, string][];
  };
  const tokens = Object.keys(vocab);
  // Special tokens keep their ids, behind the first ones.
  let next = tokens.length + definition.added_tokens.length;
  for (let i = 0; next < size; i++) {
    const first = tokens[Math.floor(i / tokens.length)];
    const second = tokens[i % tokens.length];
    if (first + second in vocab) continue;
    vocab[first + second] = next++;
    merges.push([first, second]);
  }
  return JSON.stringify(definition);
}
