/** Sizes and settings of the newcomers' study. */
import type { AppendShape, MemgenConfig } from "@/lib/memgen/mod.ts";
import type { DecoderConfig, LoraConfig, Tokenizer } from "@/lib/models/mod.ts";
import type { XlaMode } from "@/lib/tensorflow/mod.ts";
import type { Schedule } from "@/lib/training/mod.ts";
import { MINI_MEMGEN } from "@/experiments/presets.ts";
import { PEOPLE } from "@/experiments/newcomers/world.ts";

/** Sizes of a study. */
export interface NewcomersSizes {
  /** Steps of the reasoner's pre-training. */
  readonly reasonerSteps: number;
  /** Steps of a weaver's training. */
  readonly weaverSteps: number;
  /** Steps of a trigger's training. */
  readonly triggerSteps: number;
  /** Questions a step in the trigger's training. */
  readonly promptsPerStep: number;
  /** Questions of the validation split, and of the test split. */
  readonly questions: number;
  /** Seeds of weaver and trigger; the reasoner is one. */
  readonly seeds: readonly number[];
  /** Lambda of eq. 8, one training of the trigger for each. */
  readonly penalties: readonly number[];
  /** When XLA compiles. */
  readonly xla: XlaMode;
}

/** What `--plan` can name. */
export const PLAN_NAMES = ["full", "tiny"] as const;

/** Sizes by their names. */
export const NEWCOMERS_PLANS: Readonly<
  Record<typeof PLAN_NAMES[number], NewcomersSizes>
> = {
  full: {
    reasonerSteps: 1500,
    weaverSteps: 2400,
    triggerSteps: 80,
    promptsPerStep: 16,
    questions: 512,
    seeds: [0, 1, 2],
    penalties: [0, 0.02, 0.03, 0.05],
    xla: "always",
  },
  tiny: {
    reasonerSteps: 4,
    weaverSteps: 2,
    triggerSteps: 2,
    promptsPerStep: 1,
    questions: 8,
    seeds: [0],
    penalties: [0.05],
    xla: "never",
  },
};

/** G (paper, table 3). */
export const GROUP_SIZE = 8;
/** Highest learning rates. */
export const RATES = { reasoner: 3e-3, weaver: 3e-3, trigger: 3e-3 } as const;
/** Answers at once. */
export const ANSWER_BATCH = 128;
/** Share of the steps over which a rate rises. */
const WARMUP_SHARE = 0.05;
/** AdamW's decay of the mean of squares, in pre-training. */
export const BETA2 = 0.99;

/** Tokens of a question: people and a line end. */
const PROMPT_TOKENS = PEOPLE + 1;
/** Tokens of an answer: person, comma, thing and full stop; the end. */
export const ANSWER_TOKENS = 4 * PEOPLE + 1;

/** Rows of supervised training: the answer is learned, where it is told. */
export const SUPERVISED_SHAPE = {
  rows: 32,
  length: PROMPT_TOKENS + ANSWER_TOKENS,
  targets: 32 * ANSWER_TOKENS,
} as const;

/** Most rows of supervised training, which it goes through again and again. */
const MOST_ROWS = 8192;

/** Rows that so many steps of supervised training go through. */
export function supervisedRows(steps: number): number {
  return Math.min(MOST_ROWS, steps * SUPERVISED_SHAPE.rows);
}

/** All completions of a step of the trigger's training. */
export function triggerShape({ promptsPerStep }: NewcomersSizes): AppendShape {
  const rows = promptsPerStep * GROUP_SIZE;
  return {
    rows,
    length: PROMPT_TOKENS + ANSWER_TOKENS,
    targets: rows * ANSWER_TOKENS,
    prompt: PROMPT_TOKENS,
    segment: ANSWER_TOKENS,
  };
}

/** A schedule with its warm-up. */
export function scheduleOf(peakRate: number, totalSteps: number): Schedule {
  const warmupSteps = Math.round(WARMUP_SHARE * totalSteps);
  return { peakRate, warmupSteps, totalSteps };
}

const ADAPTER: LoraConfig = {
  rank: 8,
  alpha: 16,
  dropout: 0,
  targetModules: ["q_proj", "v_proj"],
  bias: "none",
};

/** MemGen as in the paper: the trigger reads latents and has one sigmoid. */
export const NEWCOMERS_MEMGEN: MemgenConfig = {
  ...MINI_MEMGEN,
  insertion: "prepend",
  memoryScope: "episode",
  promptLatents: 2,
  inferenceLatents: 2,
  maxInferenceAugmentations: 2 * PEOPLE,
  triggerActive: true,
  triggerReads: "context",
  triggerHead: "sigmoid",
  weaverLora: ADAPTER,
  triggerLora: ADAPTER,
};

/** The shape of the reasoner. */
export function newcomersConfig(tokenizer: Tokenizer): DecoderConfig {
  return {
    family: "qwen2",
    vocabSize: tokenizer.vocabSize,
    hiddenSize: 64,
    intermediateSize: 128,
    layers: 3,
    heads: 4,
    keyValueHeads: 4,
    headDim: 16,
    ropeTheta: 10_000,
    ropeLayers: [true, true, true],
    rmsNormEps: 1e-6,
    tieWordEmbeddings: true,
    maxPositions: 128,
    eosTokenIds: [tokenizer.eosTokenId],
  };
}
