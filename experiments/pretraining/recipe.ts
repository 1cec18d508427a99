/**
 * The recipe of a mini reasoner: its shape, vocabulary, schedule and first
 * weights. What it reads is in `corpus.ts`, what disturbs it in `junk.ts`.
 */
import { gsm8kPrompt, STEP_BY_STEP } from "@/lib/benchmarks/mod.ts";
import {
  drawGlossary,
  drawProblem,
  notesText,
  storyFactText,
} from "@/lib/benchmarks/twins/mod.ts";
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
  /** B: rows a step. */
  readonly batchSize: number;
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

/** The mini reasoner in the family of Qwen2.5. */
export const MINI_QWEN25: Recipe = {
  name: "mini-qwen2.5",
  family: "qwen2",
  hiddenSize: 96,
  intermediateSize: 256,
  layers: 4,
  heads: 4,
  keyValueHeads: 4,
  batchSize: 32,
  phases: [
    // Looking notes up by name is not found among problems, where few tokens
    // need it: see results/LOG.md. Two notes in short rows teach it.
    {
      steps: 800,
      peakRate: 2e-3,
      length: 72,
      targets: 1280,
      mixture: { sums: 0, lookUps: 1, notes: 2 },
    },
    {
      steps: 4500,
      peakRate: 3e-3,
      length: 192,
      targets: 3584,
      mixture: { sums: 0.2, lookUps: 0.3, notes: 5 },
    },
    {
      steps: 3000,
      peakRate: 3e-3,
      length: 192,
      targets: 3584,
      mixture: { sums: 0.05, lookUps: 0.1, notes: 5 },
    },
  ],
  warmupShare: 0.05,
  beta2: 0.999,
  weightDecay: 0.01,
  seed: 0,
};

/** All mini reasoners. */
export const RECIPES: readonly Recipe[] = [MINI_QWEN25];

/** Texts whose words become tokens: enough to hold every word of the twins. */
const VOCABULARY_TEXTS = 6000;

/** Positions that config.json promises: several times what was trained. */
const MAX_POSITIONS = 1024;

/** The tokenizer of the mini reasoners. */
export function miniTokenizerFiles(): TokenizerFiles {
  const random = seededRandom("vocabulary");
  const texts = Array.from({ length: VOCABULARY_TEXTS }, () => {
    const glossary = drawGlossary(random);
    const { question, work, facts } = drawProblem(random, {
      glossary,
      lengths: [1, 2, 3],
      accepts: () => true,
    });
    const notes = notesText(facts.map((name) => storyFactText(glossary, name)));
    const content = notes + gsm8kPrompt(question) + STEP_BY_STEP;
    return renderChatMl([
      { role: "system", content: "" },
      { role: "user", content },
    ], { addGenerationPrompt: true }) + work;
  });
  return tokenizerFiles(wordsOf(texts));
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
    ropeLayers: Array(layers).fill(true),
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
