/** What the experiments ask of a method that learns. */
import type { AppendShape } from "@/lib/memgen/mod.ts";
import type { DecoderView, LoraConfig, Memory } from "@/lib/models/mod.ts";
import type { NamedTensors } from "@/lib/tensorflow/mod.ts";
import type {
  LabelledTokens,
  Run,
  Schedule,
  TrainedParameters,
} from "@/lib/training/mod.ts";
import type { Json } from "@/experiments/ledger.ts";

/** The model as a method answers with it. */
export interface Applied {
  /** Weights and adapter. */
  readonly view: DecoderView;
  /** Memory, if the method has one. */
  readonly memory?: Memory;
  /** Frees what the method loaded. */
  dispose(): void;
}

/** Settings of one training run, whatever it learns from. */
export interface RunSettings extends Pick<Run, "checkpoint" | "onStep"> {
  /** Highest learning rate. */
  readonly peakRate: number;
  /** Steps. */
  readonly steps: number;
  /** Seed of the initial parameters, the order of examples, sampled tokens. */
  readonly seed: number;
  /** Parameters to begin with, which are taken over. Default: new ones. */
  readonly initial?: NamedTensors;
}

/** Settings of a training run on worked answers. */
export interface TrainSettings extends RunSettings {
  /** Padded sizes of its batches. */
  readonly shape: AppendShape;
}

/** Learns from worked answers; its compiled functions serve many runs. */
export interface Method {
  /** Name in cells and files. */
  readonly id: string;
  /** All that its results depend on besides a run's own settings. */
  readonly settings: { readonly [name: string]: Json };
  /** Trains; the caller owns the parameters. */
  train(
    rows: readonly LabelledTokens[],
    settings: TrainSettings,
  ): Promise<TrainedParameters>;
  /** Writes trained parameters in their published format. */
  save(folder: string, parameters: NamedTensors): Promise<void>;
  /** Reads them back, ready to answer. */
  load(folder: string): Promise<Applied>;
}

/**
 * The adapter of every method that trains one (paper, table 3), but for its
 * dropout of 0.1: a mini reasoner sees too little data for it.
 */
export const ADAPTER: LoraConfig = {
  rank: 16,
  alpha: 32,
  dropout: 0,
  targetModules: ["q_proj", "v_proj"],
  bias: "none",
};

/** An adapter's settings as plain data. */
export function adapterJson(adapter: LoraConfig): Json {
  return { ...adapter, targetModules: [...adapter.targetModules] };
}

/** Share of the steps over which the learning rate rises (paper, table 3). */
export const WARMUP_SHARE = 0.1;

/** The learning rates of a training run. */
export function scheduleOf({ peakRate, steps }: RunSettings): Schedule {
  const warmupSteps = Math.round(WARMUP_SHARE * steps);
  return { peakRate, warmupSteps, totalSteps: steps };
}
