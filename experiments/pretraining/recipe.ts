/**
 * The recipe of a mini reasoner: its shape, vocabulary, schedule and first
 * weights. What it reads is in `corpus.ts`, what disturbs it in `junk.ts`.
 */
import {
  type DecoderConfig,
  type Family,
  initializeWeights,
  type Tokenizer,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import type { Bucket } from "@/experiments/pretraining/batches.ts";
import type { Mixture } from "@/experiments/pretraining/corpus.ts";
import {
  type TokenizerFiles,
  tokenizerFiles,
} from "@/experiments/pretraining/tokenizer.ts";
import { twinVocabulary } from "@/experiments/pretraining/vocabulary.ts";

/** All that a mini reasoner depends on besides the corpus. */
export interface Recipe {
  /** Name, also of its folder. */
  readonly name: string;
  /** Family of its decoder. */
  readonly family: Family;
  /** D. */
  readonly hiddenSize: number;
  /** Width of the feed-forward layers. */
  readonly intermediateSize: number;
  /** Layers. */
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads. */
  readonly keyValueHeads: number;
  /** Shapes of batches, shortest first. */
  readonly buckets: readonly Bucket[];
  /** One after another, each with its own schedule. */
  readonly phases: readonly Phase[];
  /** Share of a phase's steps over which the rate rises. */
  readonly warmupShare: number;
  /** AdamW's decay of the mean of squares. */
  readonly beta2: number;
  /** AdamW's decay of the weights. */
  readonly weightDecay: number;
  /** Seed of the first weights and of the junk. */
  readonly seed: number;
}

/** A part of pre-training. */
export interface Phase {
  /** What its samples are. */
  readonly mixture: Mixture;
  /** Samples that are drawn. */
  readonly samples: number;
  /** Times that they are read. */
  readonly passes: number;
  /** Highest learning rate; then half a cosine down to 0. */
  readonly peakRate: number;
}

/** At most 4,608 positions a batch, and hardly fewer: equal times. */
const BUCKETS: readonly Bucket[] = [
  { length: 64, rows: 64 },
  { length: 96, rows: 48 },
  { length: 128, rows: 36 },
  { length: 160, rows: 28 },
  { length: 192, rows: 24 },
  { length: 256, rows: 18 },
  { length: 384, rows: 12 },
  { length: 512, rows: 9 },
];

/** Notes are looked up by name, in short rows: see results/LOG.md. */
const LOOK_UPS: Phase = {
  mixture: { lookUps: 1 },
  samples: 64_000,
  passes: 1,
  peakRate: 2e-3,
};

/** What the twins give to practise, and sums: these are learned slowly. */
const ALL_TWINS: Phase = {
  mixture: {
    sums: 0.04,
    twins: {
      gsm8k: 0.16,
      aqua: 0.1,
      math: 0.12,
      gpqa: 0.1,
      kodcode: 0.11,
      bigcodebench: 0.11,
      alfworld: 0.09,
      scienceworld: 0.03,
      triviaqa: 0.08,
      popqa: 0.08,
      fever: 0.02,
    },
  },
  samples: 140_000,
  passes: 2,
  peakRate: 3e-3,
};

/** What was too rare to be learned: see results/LOG.md. */
const REVISION: Phase = {
  mixture: { ...ALL_TWINS.mixture, revise: { math: 0.2, triviaqa: 0.15 } },
  samples: 24_000,
  passes: 1,
  peakRate: 1e-3,
};

/** The same for all of them. */
const COMMON = {
  buckets: BUCKETS,
  warmupShare: 0.05,
  beta2: 0.999,
  weightDecay: 0.01,
  seed: 0,
} as const;

/** The smallest, in the family of Qwen2.5. */
export const MINI_QWEN25: Recipe = {
  ...COMMON,
  name: "mini-qwen2.5",
  family: "qwen2",
  hiddenSize: 72,
  intermediateSize: 192,
  layers: 4,
  heads: 4,
  keyValueHeads: 4,
  phases: [LOOK_UPS, ALL_TWINS, REVISION],
};

/** The middle one, in the family of SmolLM3: its last layer has no RoPE. */
export const MINI_SMOLLM3: Recipe = {
  ...COMMON,
  name: "mini-smollm3",
  family: "smollm3",
  hiddenSize: 104,
  intermediateSize: 272,
  layers: 4,
  heads: 4,
  keyValueHeads: 4,
  // Revising lowers it elsewhere: see results/LOG.md.
  phases: [LOOK_UPS, ALL_TWINS],
};

/** The largest, in the family of Qwen3. */
export const MINI_QWEN3: Recipe = {
  ...COMMON,
  name: "mini-qwen3",
  family: "qwen3",
  hiddenSize: 128,
  intermediateSize: 344,
  layers: 5,
  heads: 4,
  keyValueHeads: 4,
  phases: [LOOK_UPS, ALL_TWINS, REVISION],
};

/** All mini reasoners. */
export const RECIPES: readonly Recipe[] = [
  MINI_QWEN25,
  MINI_SMOLLM3,
  MINI_QWEN3,
];

/** Positions that config.json promises: several times what was trained. */
const MAX_POSITIONS = 1024;

/** Files of the mini reasoners' tokenizer; they share it. */
export function miniTokenizerFiles(): TokenizerFiles {
  return tokenizerFiles(twinVocabulary());
}

/** The shape of a recipe's decoder. */
export function recipeConfig(
  recipe: Recipe,
  tokenizer: Tokenizer,
): DecoderConfig {
  const { family, hiddenSize, intermediateSize, layers, heads, keyValueHeads } =
    recipe;
  return {
    family,
    vocabSize: tokenizer.vocabSize,
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    keyValueHeads,
    headDim: hiddenSize / heads,
    ropeTheta: 10_000,
    ropeLayers: Array.from(
      { length: layers },
      // As in SmolLM3, every fourth layer.
      (_, layer) => family !== "smollm3" || (layer + 1) % 4 !== 0,
    ),
    rmsNormEps: 1e-6,
    tieWordEmbeddings: true,
    maxPositions: MAX_POSITIONS,
    eosTokenIds: [tokenizer.eosTokenId],
  };
}

/**
 * First weights; what a layer adds to the residual stream is scaled by
 * 1 / sqrt(2 L), as in GPT-2. The caller owns them.
 */
export function recipeWeights(
  config: DecoderConfig,
  seed: number,
): NamedTensors {
  const random = seededRandom("reasoner", seed);
  const drawn = initializeWeights(config, random);
  const scale = 1 / Math.sqrt(2 * config.layers);
  const isResidual = (name: string): boolean =>
    name.includes("o_proj") || name.includes("down_proj");
  const weights = Object.fromEntries(
    Object.entries(drawn).map(([name, tensor]) => [
      name,
      isResidual(name) ? tensor.mul(scale) : tensor.clone(),
    ]),
  );
  disposeTree(drawn);
  return weights;
}
