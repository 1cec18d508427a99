/** MemGen's part of the bench: generation with memory, the supervised step. */
import * as tf from "@tensorflow/tfjs";
import {
  type AppendBatch,
  appendLoss,
  type AppendShape,
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
  type SupervisedRow,
} from "@/lib/memgen/mod.ts";
import type {
  CacheSize,
  DecoderConfig,
  LoraConfig,
  Memory,
  Model,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  disposeTree,
  type Precision,
  type XlaMode,
} from "@/lib/tensorflow/mod.ts";
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
import type { PeerWork } from "./peer.ts";

const LORA: LoraConfig = {
  rank: 16,
  alpha: 32,
  dropout: 0,
  targetModules: ["q_proj", "v_proj"],
  bias: "none",
};

/** The memory of a row. */
export interface CaseMemory {
  /** Where it goes. */
  readonly insertion: Insertion;
  /** Insertions, that at the prompt's end included; at least one. */
  readonly insertions: number;
  /** K of each. */
  readonly latents: number;
  /** Tokens from one insertion to the next. */
  readonly every: number;
}

/** What is measured beside the released code. */
export const APPENDED: CaseMemory = {
  insertion: "append",
  insertions: 6,
  latents: 8,
  every: 12,
};

/** Settings of MemGen for such memory; the trigger runs too. */
export function memgenConfig(
  { insertion, insertions, latents }: CaseMemory,
): MemgenConfig {
  return {
    insertion,
    promptLatents: latents,
    inferenceLatents: latents,
    memoryScope: "turn",
    maxPromptAugmentations: 1,
    maxInferenceAugmentations: insertions - 1,
    triggerActive: true,
    triggerReads: "text",
    triggerHead: "softmax",
    delimitersAfterDigits: true,
    weaver: "lora",
    weaverReads: "embeddings",
    maxSnippetTokens: 0,
    weaverLora: LORA,
    triggerLora: LORA,
  };
}

/** Greedy generation with memory at the prompt's end and then regularly. */
export function memgenGenerationCase(
  config: DecoderConfig,
  { name, rows, promptLength, newTokens, runs, memory: size }:
    & GenerationSize
    & { readonly memory: CaseMemory },
): BenchCase {
  return {
    name,
    runs,
    tokens: rows * newTokens,
    program: "official_memgen.py",
    async prepare() {
      const model = await randomModel(config);
      const prompts = randomRows(config, { rows, length: promptLength });
      const memory = fixedMemory(model, size);
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
            memgen: formatMemgenConfig(memgenConfig(size)),
            prompts,
            length: newTokens,
            every: size.every,
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
  { insertions, every, ...rest }: CaseMemory,
  xla: XlaMode = "always",
): Memory & { dispose(): void } {
  const config = memgenConfig({ insertions, every, ...rest });
  const random = seededRandom("bench modules");
  const { config: decoder } = model;
  const weaver = initializeWeaver(model, config, random);
  const trigger = { ...initializeTrigger(decoder, config, random) };
  trigger["trigger.output_layer.bias"].dispose();
  // The trigger runs, and then says INVOKE.
  trigger["trigger.output_layer.bias"] = tf.tensor1d([0, 1e4]);
  const memory = new MemgenMemory(model, { config, weaver, trigger }, {
    functions: xla,
  });
  return {
    maxLatents: memory.maxLatents,
    open(size: CacheSize) {
      const session = memory.open(size);
      return {
        isCandidate({ augmentation: { length } }) {
          return length % every === 0 && length < every * insertions;
        },
        write: (rows) => session.write(rows),
        startTurn: (row, kept) => session.startTurn(row, kept),
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

/** Rows to learn. */
export interface RowsSize {
  /** How many. */
  readonly rows: number;
  /** Tokens of each prompt. */
  readonly promptLength: number;
  /** Tokens of each answer. */
  readonly answerLength: number;
}

/** Rows of random tokens with all insertions, and the shape that holds them. */
export function memgenRows(
  config: DecoderConfig,
  { insertions, every }: CaseMemory,
  { rows: B, promptLength, answerLength }: RowsSize,
): { points: number[]; rows: SupervisedRow[]; shape: AppendShape } {
  const length = promptLength + answerLength;
  const points = Array.from(
    { length: insertions },
    (_, n) => promptLength + n * every,
  );
  const rows = randomRows(config, { rows: B, length }).map((ids) => ({
    ids,
    labels: ids.map((id, t) => t < promptLength ? IGNORED_LABEL : id),
    points,
  }));
  const targets = B * answerLength;
  const shape = {
    rows: B,
    length,
    targets,
    prompt: promptLength,
    segment: every,
  };
  return { points, rows, shape };
}

/** A supervised step of the weaver, with all insertions in every row. */
export function memgenTrainingCase(
  config: DecoderConfig,
  { name, precision, memory, runs, ...size }: RowsSize & {
    readonly name: string;
    readonly precision?: Precision;
    readonly memory: CaseMemory;
    readonly runs: number;
  },
): BenchCase {
  const { insertion } = memory;
  const memgen = memgenConfig(memory);
  const rate = 1e-4;
  return {
    name,
    runs,
    precision,
    tokens: size.rows * (size.promptLength + size.answerLength),
    program: "official_memgen.py",
    async prepare() {
      const model = await randomModel(config);
      const { points, rows, shape } = memgenRows(config, memory, size);
      const parameters = initializeWeaver(
        model,
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
          { parameters, batch: packAppend(rows, shape, memgen), rate },
        )
        : trainingWorkload(
          makeTrainStep<PrependBatch>(
            (weaver, batch) => prependLoss(model, memgen, weaver, batch),
            settings,
          ),
          { parameters, batch: packPrepend(rows, shape, memgen), rate },
        );
      return onModel(model, workload, {
        task: "train",
        memgen: formatMemgenConfig(memgen),
        rows: rows.map(({ ids }) => ids),
        points,
        rate,
      });
    },
  };
}

/**
 * A step with its model, which it takes over, and the same work for the peer,
 * which gets the model in a folder.
 */
export function onModel(
  model: Model,
  step: Pick<Workload, "run" | "dispose">,
  work: PeerWork,
): Workload {
  return {
    run: step.run,
    dispose() {
      step.dispose();
      disposeTree(model.weights);
    },
    peerWork(folder) {
      saveRandomModel(folder, model);
      return { ...work, model: folder };
    },
  };
}
