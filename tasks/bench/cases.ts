/** What is measured: plain training and generation, and MemGen's. */
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  type DecoderConfig,
  type GenerateOptions,
  Generator,
  initializeWeights,
  loadTokenizer,
  type Memory,
  type Model,
  readTokenizerFiles,
  saveModel,
} from "@/lib/models/mod.ts";
import { randomInt, seededRandom } from "@/lib/random.ts";
import {
  disposeTree,
  type NamedTensors,
  type Precision,
} from "@/lib/tensorflow/mod.ts";
import {
  type CausalBatch,
  causalLoss,
  initialState,
  makeTrainStep,
  type TrainStep,
} from "@/lib/training/mod.ts";
import type { Timing } from "./paired.ts";
import type { PeerProgram, PeerWork } from "./peer.ts";

/** One thing to measure. */
export interface BenchCase {
  /** Its key in the results. */
  readonly name: string;
  /** Tokens that a run trains on or generates. */
  readonly tokens: number;
  /** Runs of a round, so that it takes about a second. */
  readonly runs: number;
  /** Of our matrix products. @default {"fp32"} */
  readonly precision?: Precision;
  /** The peer's program. */
  readonly program: PeerProgram;
  /** Makes what runs, on the backend. */
  prepare(): Workload | Promise<Workload>;
}

/** A case that is ready to run. */
export interface Workload {
  /** Runs once; returns the tokens that it generated. */
  run(): Timing["tokens"];
  /**
   * The same work for the peer.
   *
   * @param folder Where to put files for it; does not exist yet.
   */
  peerWork(folder: string): PeerWork;
  /** Frees tensors and compiled functions. */
  dispose(): void;
}

/** The decoder of the shape that the peers have too. */
export function benchDecoder(
  family: DecoderConfig["family"],
  size: Pick<
    DecoderConfig,
    "hiddenSize" | "layers" | "heads" | "intermediateSize"
  >,
): DecoderConfig {
  return {
    ...size,
    family,
    vocabSize: 1024,
    keyValueHeads: size.heads,
    headDim: size.hiddenSize / size.heads,
    ropeTheta: 10_000,
    ropeLayers: Array(size.layers).fill(true),
    rmsNormEps: 1e-6,
    tieWordEmbeddings: true,
    maxPositions: 4096,
    eosTokenIds: [], // so that no row ends early
  };
}

/** Rows of random tokens. */
export function randomRows(
  { vocabSize }: DecoderConfig,
  { rows, length }: { readonly rows: number; readonly length: number },
): number[][] {
  const random = seededRandom("bench rows");
  return Array.from(
    { length: rows },
    () => Array.from({ length }, () => randomInt(random, vocabSize)),
  );
}

/** A training step of all weights. */
export function trainingCase(
  config: DecoderConfig,
  { length, rows: B, peerPrecision = "fp32", ...common }: {
    readonly name: string;
    readonly length: number;
    readonly rows: number;
    readonly runs: number;
    readonly precision?: Precision;
    /** bf16: the peer runs under PyTorch's autocast. */
    readonly peerPrecision?: Precision;
  },
): BenchCase {
  const rate = 1e-3;
  return {
    ...common,
    tokens: B * length,
    program: "train_torch.py",
    prepare() {
      // Every one of the tokens but the last predicts the next.
      const rows = randomRows(config, { rows: B, length: length + 1 });
      const batch: CausalBatch = {
        ids: tf.tensor2d(
          rows.map((row) => row.slice(0, -1)),
          undefined,
          "int32",
        ),
        targets: {
          places: tf.range(0, B * length, 1, "int32"),
          ids: tf.tensor1d(rows.flatMap((row) => row.slice(1)), "int32"),
          weights: tf.ones([B * length]),
        },
      };
      const step = makeTrainStep<CausalBatch>(
        (weights, batch) => causalLoss(config, { weights }, batch),
        {
          name: common.name,
          xla: "always",
          weightDecay: TORCH_WEIGHT_DECAY,
          maxGradNorm: Infinity, // the peer does not clip
        },
      );
      const weights = initializeWeights(config, seededRandom("bench weights"));
      return {
        ...trainingWorkload(step, { parameters: weights, batch, rate }),
        peerWork: () => ({
          rate,
          rows,
          precision: peerPrecision,
          vocabulary: config.vocabSize,
          hidden: config.hiddenSize,
          layers: config.layers,
          heads: config.heads,
          intermediate: config.intermediateSize,
        }),
      };
    },
  };
}

/** The default of `torch.optim.AdamW`. */
export const TORCH_WEIGHT_DECAY = 0.01;

/** Repeats a step on one batch; takes parameters, batch and step over. */
export function trainingWorkload<Batch>(
  step: TrainStep<Batch>,
  { parameters, batch, rate }: {
    readonly parameters: NamedTensors;
    readonly batch: Batch;
    readonly rate: number;
  },
): Pick<Workload, "run" | "dispose"> {
  let state = initialState(parameters);
  let count = 0;
  return {
    run() {
      count++;
      const clock = { rate: tf.scalar(rate), step: tf.scalar(count) };
      const { state: updated, ...report } = step(state, batch, clock);
      disposeTree([state, clock]);
      state = updated;
      const [loss] = report.loss.dataSync();
      disposeTree(report);
      if (!Number.isFinite(loss)) {
        throw new Error(
          `Cannot measure a training step as its loss must be finite: current value is ${loss}`,
        );
      }
      return null;
    },
    dispose() {
      disposeTree([state, batch]);
      step.dispose();
    },
  };
}

/** Greedy generation. */
export function generationCase(
  config: DecoderConfig,
  { name, rows, promptLength, newTokens, runs }: GenerationSize,
): BenchCase {
  return {
    name,
    runs,
    tokens: rows * newTokens,
    program: "generate_hf.py",
    async prepare() {
      const model = await randomModel(config);
      const prompts = randomRows(config, { rows, length: promptLength });
      return {
        ...generationWorkload(model, prompts, { maxNewTokens: newTokens }),
        peerWork(folder) {
          saveRandomModel(folder, model);
          return { model: folder, prompts, length: newTokens };
        },
      };
    },
  };
}

/** How much to generate. */
export interface GenerationSize {
  /** Name of the case. */
  readonly name: string;
  /** Prompts. */
  readonly rows: number;
  /** Tokens of each. */
  readonly promptLength: number;
  /** Tokens generated after each. */
  readonly newTokens: number;
  /** Runs of a round. */
  readonly runs: number;
}

/** Repeats a generation; takes the model over. */
export function generationWorkload(
  model: Model,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions & { readonly memory?: Memory },
): Pick<Workload, "run" | "dispose"> {
  const generator = new Generator(model, "always");
  return {
    run: () =>
      generator.generate(prompts, { ...options, batchSize: prompts.length })
        .map(({ ids }) => ids),
    dispose() {
      generator.dispose();
      disposeTree(model.weights);
    },
  };
}

/** A tokenizer of 1,024 tokens: models in files have one. */
export const TOKENIZER = join(
  import.meta.dirname!,
  "../../tests/parity/models/tiny-qwen2.5",
);

/** An untrained model; the caller owns its weights. */
export async function randomModel(config: DecoderConfig): Promise<Model> {
  return {
    config,
    tokenizer: await loadTokenizer(TOKENIZER),
    weights: initializeWeights(config, seededRandom("bench weights")),
  };
}

/** Writes it for a peer. */
export function saveRandomModel(folder: string, model: Model): void {
  saveModel(folder, model, { tokenizerFiles: readTokenizerFiles(TOKENIZER) });
}
