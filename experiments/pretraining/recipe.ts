/**
 * The recipe of a mini reasoner: its shape, vocabulary, schedule and first
 * weights. What it reads is in `corpus.ts`, what disturbs it in `junk.ts`.
 */
import { STEP_BY_STEP } from "@/lib/benchmarks/mod.ts";
import { TWINS } from "@/lib/benchmarks/twins/mod.ts";
import {
  type DecoderConfig,
  type Family,
  initializeWeights,
  renderChatMl,
  type Tokenizer,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import type { Mixture } from "@/experiments/pretraining/corpus.ts";
import {
  type TokenizerFiles,
  tokenizerFiles,
  wordsOf,
} from "@/experiments/pretraining/tokenizer.ts";

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
  /** Steps. */
  readonly steps: number;
  /** Highest learning rate; then half a cosine down to 0. */
  readonly peakRate: number;
  /** The steps take their batches from these in turn. */
  readonly streams: readonly Stream[];
}

/** Samples in batches of one size. */
export interface Stream {
  /** B: rows of a batch. */
  readonly rows: number;
  /** T: tokens of a row, at most. */
  readonly length: number;
  /** Learned tokens of a batch, at most. */
  readonly targets: number;
  /** What its samples are. */
  readonly mixture: Mixture;
}

/** Steps of all phases. */
export function recipeSteps({ phases }: Recipe): number {
  return phases.reduce((sum, { steps }) => sum + steps, 0);
}

/** Positions of all batches, padding included. */
export function recipePositions({ phases }: Recipe): number {
  return phases.reduce((sum, { steps, streams }) => {
    const each = streams.reduce(
      (all, { rows, length }) => all + rows * length,
      0,
    );
    return sum + steps * each / streams.length;
  }, 0);
}

/** Notes are looked up by name, in short rows: see results/LOG.md. */
const LOOK_UPS: Stream = {
  rows: 32,
  length: 72,
  targets: 1280,
  mixture: { lookUps: 1 },
};

/** Twins of one turn, and drills. */
const SHORT: Stream = {
  rows: 32,
  length: 192,
  targets: 3584,
  mixture: {
    twins: {
      gsm8k: 0.15,
      aqua: 0.1,
      math: 0.1,
      gpqa: 0.1,
      kodcode: 0.15,
      bigcodebench: 0.15,
    },
  },
};

/** Twins of several turns. */
const LONG: Stream = {
  rows: 12,
  length: 512,
  targets: 4096,
  mixture: {
    twins: {
      alfworld: 0.25,
      scienceworld: 0.1,
      triviaqa: 0.3,
      popqa: 0.25,
      fever: 0.1,
    },
  },
};

/** Learned by all of them, in the same order. */
const PHASES: readonly Phase[] = [
  { steps: 800, peakRate: 2e-3, streams: [LOOK_UPS] },
  { steps: 12_000, peakRate: 3e-3, streams: [SHORT, SHORT, LONG] },
];

const COMMON = {
  phases: PHASES,
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
};

/** All mini reasoners. */
export const RECIPES: readonly Recipe[] = [
  MINI_QWEN25,
  MINI_SMOLLM3,
  MINI_QWEN3,
];

/** Samples of each twin whose words become tokens: enough to hold them all. */
const VOCABULARY_SAMPLES = 400;

/** Positions that config.json promises: several times what was trained. */
const MAX_POSITIONS = 1024;

/** The tokenizer of the mini reasoners. */
export function miniTokenizerFiles(): TokenizerFiles {
  const header = renderChatMl([{ role: "system", content: STEP_BY_STEP }]);
  return tokenizerFiles(wordsOf([header, ...vocabularyTexts()]));
}

function* vocabularyTexts(): Generator<string> {
  for (const twin of TWINS) {
    const random = seededRandom("vocabulary", twin.benchmark.name);
    for (let i = 0; i < VOCABULARY_SAMPLES; i++) {
      for (const { text } of twin.practise(random)) yield text;
      const { messages } = twin.noted("redrawn", i).task;
      for (const { content } of messages) yield content;
    }
  }
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
