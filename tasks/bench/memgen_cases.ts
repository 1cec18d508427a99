/** MemGen's part of the bench: generation with memory, the supervised step. */
import * as tf from "@tensorflow/tfjs";
import {
  type AppendBatch,
  appendLoss,
  formatMemgenConfig,
  IGNORED_LABEL,
  initializeTrigger,
  initializeWeaver,
  type Insertion,
  type MemgenConfig,
  MemgenMemory,
  packAppend,
  packPrepend,
  type PrependBatch,
  prependLoss,
} from "@/lib/memgen/mod.ts";
import type {
  CacheSize,
  DecoderConfig,
  LoraConfig,
  Memory,
  Model,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { makeTrainStep } from "@/lib/training/mod.ts";
import {
  type BenchCase,
  type GenerationSize,
  generationWorkload,
  randomModel,
  randomRows,
  saveRandomModel,
  TORCH_WEIGHT_DECAY,
  trainingWorkload,
  type Workload,
} from "./cases.ts";

const LORA: LoraConfig = {
  rank: 16,
  alpha: 32,
  dropout: 0,
  targetModules: ["q_proj", "v_proj"],
  bias: "none",
};

/** Six insertions of eight latents; the trigger runs too. */
export function memgenConfig(insertion: Insertion): MemgenConfig {
  return {
    insertion,
    promptLatents: 8,
    inferenceLatents: 8,
    maxPromptAugmentations: 1,
    maxInferenceAugmentations: 5,
    triggerActive: true,
    delimitersAfterDigits: true,
    weaverLora: LORA,
    triggerLora: LORA,
  };
}

/** Tokens from one insertion to the next. */
const EVERY = 12;

/** Greedy generation with memory at the prompt's end and every 12 tokens. */
export function memgenGenerationCase(
  config: DecoderConfig,
  { name, rows, promptLength, newTokens, runs }: GenerationSize,
): BenchCase {
  const memgen = memgenConfig("append");
  return {
    name,
    runs,
    tokens: rows * newTokens,
    program: "official_memgen.py",
    async prepare() {
      const model = await randomModel(config);
      const prompts = randomRows(config, { rows, length: promptLength });
      const memory = fixedMemory(model, memgen);
      const workload = generationWorkload(model, prompts, {
        maxNewTokens: newTokens,
        memory,
      });
      return {
        run() {
          workload.run();
          // Its modules are random, and so others than the peer's.
          return null;
        },
        dispose() {
          workload.dispose();
          memory.dispose();
        },
        peerWork(folder) {
          saveRandomModel(folder, model);
          return {
            task: "generate",
            model: folder,
            memgen: formatMemgenConfig(memgen),
            prompts,
            length: newTokens,
            every: EVERY,
          };
        },
      };
    },
  };
}

/**
 * Untrained modules that insert at fixed places, as the peer's do. The caller
 * disposes; the model stays the caller's.
 */
export function fixedMemory(
  model: Model,
  config: MemgenConfig,
): Memory & { dispose(): void } {
  const random = seededRandom("bench modules");
  const { config: decoder } = model;
  const weaver = initializeWeaver(decoder, config, random);
  const trigger = { ...initializeTrigger(decoder, config, random) };
  trigger["trigger.output_layer.bias"].dispose();
  // The trigger runs, and then says INVOKE.
  trigger["trigger.output_layer.bias"] = tf.tensor1d([0, 1e4]);
  const memory = new MemgenMemory(model, { config, weaver, trigger }, "always");
  return {
    maxLatents: memory.maxLatents,
    open(size: CacheSize) {
      const session = memory.open(size);
      return {
        isCandidate({ augmentation: { length } }) {
          return length % EVERY === 0 &&
            length <= EVERY * config.maxInferenceAugmentations;
        },
        write: (rows) => session.write(rows),
        clear: (row) => session.clear(row),
        dispose: () => session.dispose(),
      };
    },
    dispose() {
      memory.dispose();
      disposeTree([weaver, trigger]);
    },
  };
}

/** A supervised step of the weaver, with all insertions in every row. */
export function memgenTrainingCase(
  config: DecoderConfig,
  { name, insertion, rows: B, promptLength, answerLength, runs }: {
    readonly name: string;
    readonly insertion: Insertion;
    readonly rows: number;
    readonly promptLength: number;
    readonly answerLength: number;
    readonly runs: number;
  },
): BenchCase {
  const memgen = memgenConfig(insertion);
  const length = promptLength + answerLength;
  const rate = 1e-4;
  return {
    name,
    runs,
    tokens: B * length,
    program: "official_memgen.py",
    async prepare() {
      const model = await randomModel(config);
      const points = Array.from(
        { length: 1 + memgen.maxInferenceAugmentations },
        (_, n) => promptLength + n * EVERY,
      );
      const tokens = randomRows(config, { rows: B, length });
      const rows = tokens.map((ids) => ({
        ids,
        labels: ids.map((id, t) => t < promptLength ? IGNORED_LABEL : id),
        points,
      }));
      const shape = { rows: B, length, targets: B * answerLength };
      const parameters = initializeWeaver(
        config,
        memgen,
        seededRandom("bench modules"),
      );
      const settings = {
        name,
        xla: "always",
        weightDecay: TORCH_WEIGHT_DECAY,
      } as const;
      const workload: Pick<Workload, "run" | "dispose"> = insertion === "append"
        ? trainingWorkload(
          makeTrainStep<AppendBatch>(
            (weaver, batch) => appendLoss(model, memgen, weaver, batch),
            settings,
          ),
          {
            parameters,
            batch: packAppend(rows, {
              ...shape,
              prompt: promptLength,
              segment: EVERY,
            }, memgen),
            rate,
          },
        )
        : trainingWorkload(
          makeTrainStep<PrependBatch>(
            (weaver, batch) => prependLoss(model, memgen, weaver, batch),
            settings,
          ),
          { parameters, batch: packPrepend(rows, shape, memgen), rate },
        );
      return {
        run: workload.run,
        dispose() {
          workload.dispose();
          disposeTree(model.weights);
        },
        peerWork(folder) {
          saveRandomModel(folder, model);
          return {
            task: "train",
            model: folder,
            memgen: formatMemgenConfig(memgen),
            rows: tokens,
            points,
            rate,
          };
        },
      };
    },
  };
}
