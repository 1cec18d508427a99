/** Presets: the same experiments at different sizes. */
import type { MemgenConfig } from "@/lib/memgen/mod.ts";
import { ADAPTER } from "@/experiments/methods/method.ts";
import type { PolicySizes } from "@/experiments/methods/policies.ts";

/** The mini reasoners, smallest first. */
export const MINI_REASONERS = [
  "mini-qwen2.5",
  "mini-smollm3",
  "mini-qwen3",
] as const;

/** One of `MINI_REASONERS`. */
export type MiniReasoner = typeof MINI_REASONERS[number];

/** Sizes of supervised studies. */
export interface StudyPreset {
  /** Examples a step. */
  readonly batchSize: number;
  /** Episodes a step, where an example is an episode of several turns. */
  readonly episodeBatchSize: number;
  /** Steps of every training run. */
  readonly steps: number;
  /** Validation tasks that choose between learning rates, at most. */
  readonly validTasks: number;
  /** Test tasks, at most, evenly spaced. */
  readonly testTasks: number;
  /**
   * Index of the first test task.
   *
   * @default {0}
   */
  readonly firstTestTask?: number;
  /** Tasks answered at once. */
  readonly answerBatch: number;
}

/** Sizes of Table 1. */
export interface Table1Preset extends StudyPreset {
  /** Name on the command line. */
  readonly name: PresetName;
  /** Mini reasoners, folders under results/reasoners. */
  readonly reasoners: readonly MiniReasoner[];
  /**
   * Benchmarks whose methods are trained; those of the others are taken as the
   * mini preset left them in results/mini.
   *
   * @default {all}
   */
  readonly trained?: readonly string[];
  /**
   * Steps on the benchmarks that need more or less than `steps`.
   *
   * @default {{}}
   */
  readonly stepsOn?: Readonly<Record<string, number>>;
  /**
   * Steps of reasoners that need more or less than others on a benchmark.
   *
   * @default {{}}
   */
  readonly stepsOf?: Readonly<
    Partial<Record<MiniReasoner, Readonly<Record<string, number>>>>
  >;
  /**
   * Index of the first test task of benchmarks whose earlier ones were looked at
   * when a setting was chosen.
   *
   * @default {{}}
   */
  readonly firstTestTaskOf?: Readonly<Record<string, number>>;
  /** Learning rates tried, by method; equally many for each. */
  readonly rates: Readonly<
    Record<"sft" | "fullSft" | "prepend" | "append", readonly number[]>
  >;
  /** Seed of training. */
  readonly seed: number;
}

/** Steps of a reasoner's training on a benchmark. */
export function trainingSteps(
  { steps, stepsOn = {}, stepsOf = {} }: Table1Preset,
  reasoner: MiniReasoner,
  benchmark: string,
): number {
  return stepsOf[reasoner]?.[benchmark] ?? stepsOn[benchmark] ?? steps;
}

/** The preset as it is for a reasoner on a benchmark. */
export function presetOn(
  preset: Table1Preset,
  reasoner: MiniReasoner,
  benchmark: string,
): StudyPreset {
  return {
    ...preset,
    steps: trainingSteps(preset, reasoner, benchmark),
    firstTestTask: preset.firstTestTaskOf?.[benchmark],
  };
}

/** What `--preset` can name. */
export const PRESET_NAMES = ["quick", "mini"] as const;

/** One of `PRESET_NAMES`. */
export type PresetName = typeof PRESET_NAMES[number];

/** Where answers take one fact after another, memory is learned slowly. */
const CHAIN_STEPS = 1800;
/** So it is where one search follows another; these are long episodes. */
const SEARCH_STEPS = 1200;

/** Every method trained on every twin, for all mini reasoners: hours. */
export const MINI: Table1Preset = {
  name: "mini",
  reasoners: MINI_REASONERS,
  batchSize: 16,
  episodeBatchSize: 8,
  steps: 600,
  stepsOn: {
    gpqa: CHAIN_STEPS,
    gsm8k: CHAIN_STEPS,
    math: CHAIN_STEPS,
    aqua: CHAIN_STEPS,
    triviaqa: SEARCH_STEPS,
  },
  // Its weavers begin to learn late, and had not ended (results/LOG.md).
  stepsOf: {
    "mini-smollm3": {
      alfworld: 1800,
      triviaqa: 2 * SEARCH_STEPS,
      aqua: 2 * CHAIN_STEPS,
    },
  },
  // The first 250 were answered when its steps were chosen (results/LOG.md).
  firstTestTaskOf: { triviaqa: 250 },
  // For all weights 3e-4 to 3e-3 do equally well on validation (results/LOG.md).
  rates: { sft: [3e-3], fullSft: [1e-3], prepend: [3e-3], append: [6e-3] },
  validTasks: 128,
  testTasks: 250,
  seed: 0,
  answerBatch: 128,
};

/** First contact and continuous integration: minutes on two cores. */
export const QUICK: Table1Preset = {
  ...MINI,
  name: "quick",
  reasoners: ["mini-qwen2.5"],
  trained: ["kodcode"],
  steps: 400,
  testTasks: 80,
};

/** MemGen's settings at mini scale, but for where latents go. */
export const MINI_MEMGEN: Omit<MemgenConfig, "insertion"> = {
  promptLatents: 8,
  inferenceLatents: 8,
  maxPromptAugmentations: 1,
  maxInferenceAugmentations: 0,
  triggerActive: false,
  // The released code's, so that it loads what is appended: with one turn, and a
  // trigger that is not active, they change nothing but which delimiters count.
  memoryScope: "turn",
  triggerReads: "text",
  triggerHead: "softmax",
  delimitersAfterDigits: false,
  weaver: "lora",
  weaverReads: "embeddings",
  maxSnippetTokens: 0,
  weaverLora: ADAPTER,
  triggerLora: ADAPTER,
};

/**
 * Insertions within an answer, at most, on benchmarks whose answers take one
 * fact after another: memory goes in where a fact is needed next, too. As many
 * as the released code has unless told otherwise. AQuA's answers are such, but
 * no better for it on validation tasks (results/LOG.md).
 */
export const INFERENCE_AUGMENTATIONS: Readonly<Record<string, number>> = {
  gpqa: 5,
  gsm8k: 5,
  math: 5,
};

/** What a single training run can train. */
export const TRAINING_METHODS = [
  "sft",
  "memgen-sft",
  "memgen-grpo",
  "trigger",
  "grpo",
  "reinforce",
  "reinforce-plus-plus",
] as const;

/** One of `TRAINING_METHODS`. */
export type TrainingMethod = typeof TRAINING_METHODS[number];

/** Length and highest learning rate of a training run. */
export interface RunLength {
  /** Steps. */
  readonly steps: number;
  /** Highest learning rate. */
  readonly peakRate: number;
}

/** Sizes of single training runs, `deno task train`. */
export interface TrainingPreset {
  /** Reasoner, a folder under results/reasoners. */
  readonly reasoner: string;
  /** MemGen's modules. */
  readonly memgen: MemgenConfig;
  /** Examples a step of what learns from worked answers. */
  readonly batchSize: number;
  /** Sizes of a step of what learns from rewards, but for the prompts' length. */
  readonly policy: Omit<PolicySizes, "promptLength">;
  /** Of the methods. */
  readonly runs: Readonly<Record<TrainingMethod, RunLength>>;
  /** Steps between two saves. */
  readonly saveEvery: number;
}

/** Minutes on two cores. */
export const QUICK_TRAINING: TrainingPreset = {
  reasoner: "mini-qwen2.5",
  // Prepended memory learns too slowly here: see results/LOG.md.
  memgen: { ...MINI_MEMGEN, insertion: "append" },
  batchSize: 16,
  policy: {
    promptsPerStep: 4,
    groupSize: 8,
    maxNewTokens: 128,
    rolloutBatch: 32,
    microBatch: 16,
    temperature: 1,
  },
  runs: {
    "sft": { steps: 100, peakRate: 3e-3 },
    "memgen-sft": { steps: 300, peakRate: 1e-2 },
    "memgen-grpo": { steps: 60, peakRate: 1e-3 },
    "trigger": { steps: 60, peakRate: 1e-3 },
    "grpo": { steps: 60, peakRate: 1e-3 },
    "reinforce": { steps: 60, peakRate: 1e-3 },
    "reinforce-plus-plus": { steps: 60, peakRate: 1e-3 },
  },
  saveEvery: 20,
};
