/** Pre-training, in a folder that it can go on from. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { CandidatePoints } from "@/lib/memgen/mod.ts";
import { loadTokenizer, type Model, type Tokenizer } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  cosineRate,
  makeTrainStep,
  type StepMetrics,
  takeStep,
  train,
} from "@/lib/training/mod.ts";
import {
  planBatches,
  type PlannedBatch,
} from "@/experiments/pretraining/batches.ts";
import { type Corpus, drawCorpus } from "@/experiments/pretraining/corpus.ts";
import {
  packPretraining,
  type PretrainingBatch,
  pretrainingLoss,
} from "@/experiments/pretraining/junk.ts";
import {
  miniTokenizerFiles,
  type Recipe,
  recipeConfig,
  recipeWeights,
} from "@/experiments/pretraining/recipe.ts";

/** Junk comes after delimiters, but not within numbers. */
const POINT_RULES = { delimitersAfterDigits: false };

/** Options of `pretrain`. */
export interface PretrainOptions {
  /** Working folder: the tokenizer, the state of the run and its logs. */
  readonly folder: string;
  /**
   * Steps between two saves of the state.
   *
   * @default {100}
   */
  readonly saveEvery?: number;
  /** Called while the samples of all phases are drawn. */
  readonly onDraw?: (done: number, total: number) => void;
  /** Called after every step; may throw to stop. */
  readonly onStep?: (
    index: number,
    metrics: StepMetrics,
    totalSteps: number,
  ) => void;
}

/** A pre-trained reasoner, with what its card tells. */
export interface Pretrained {
  /** The model; the caller owns its weights. */
  readonly model: Model;
  /** Text of the tokenizer's files, by name. */
  readonly tokenizerFiles: ReadonlyMap<string, string>;
  /** Loss of every step. */
  readonly losses: readonly number[];
  /** Steps of each phase. */
  readonly phaseSteps: readonly number[];
  /** Positions of all batches, padding included. */
  readonly positions: number;
}

/** A phase whose samples are drawn. */
interface PlannedPhase {
  readonly corpus: Corpus;
  readonly batches: readonly PlannedBatch[];
  readonly peakRate: number;
}

/**
 * Pre-trains a reasoner, or goes on where the folder says. The samples are
 * drawn anew each time: what twins give to practise may have changed since.
 *
 * @throws {RangeError} If a sample is longer than all buckets of the recipe.
 * @throws {Error} If the folder is of another recipe, tokenizer or corpus, or
 * the loss is no longer finite.
 */
export async function pretrain(
  recipe: Recipe,
  { folder, saveEvery = 100, onDraw, onStep }: PretrainOptions,
): Promise<Pretrained> {
  const tokenizerFiles = new Map(Object.entries(miniTokenizerFiles()));
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of tokenizerFiles) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  const tokenizer = loadTokenizer(folder);
  const config = recipeConfig(recipe, tokenizer);
  const points = new CandidatePoints(tokenizer, POINT_RULES);
  const phases = await planPhases(recipe, tokenizer, onDraw);
  const totalSteps = phases.reduce(
    (sum, { batches }) => sum + batches.length,
    0,
  );
  const settings = {
    ...recipe,
    tokenizer: createHash("sha256")
      .update(JSON.stringify([...tokenizerFiles])).digest("hex"),
    corpora: phases.map(({ corpus }) => corpus.digest()),
  };
  const step = makeTrainStep<PretrainingBatch>(
    (weights, batch) => pretrainingLoss({ config, weights }, batch),
    {
      name: "pretrain_step",
      xla: "always",
      beta2: recipe.beta2,
      weightDecay: recipe.weightDecay,
    },
  );
  const trained = await train(recipeWeights(config, recipe.seed), {
    totalSteps,
    checkpoint: { folder, saveEvery, settings },
    onStep: (index, metrics) => onStep?.(index, metrics, totalSteps),
    step(state, index) {
      const { phase, phaseIndex } = phaseAt(phases, index);
      const { samples, shape, placement } = phase.batches[phaseIndex];
      const rows = samples.map((sample) => phase.corpus.row(sample));
      const batch = packPretraining(rows, shape, {
        placement,
        points,
        hiddenSize: config.hiddenSize,
        vocabSize: config.vocabSize,
        random: seededRandom("junk", recipe.seed, index),
      });
      const rate = cosineRate({
        peakRate: phase.peakRate,
        warmupSteps: Math.round(recipe.warmupShare * phase.batches.length),
        totalSteps: phase.batches.length,
      }, phaseIndex);
      return takeStep(step, state, batch, { index, rate });
    },
  });
  step.dispose();
  return {
    model: { config, weights: trained.parameters, tokenizer },
    tokenizerFiles,
    losses: trained.metrics.map(({ loss }) => loss),
    phaseSteps: phases.map(({ batches }) => batches.length),
    positions: phases.flatMap(({ batches }) => batches)
      .reduce((sum, { shape }) => sum + shape.rows * shape.length, 0),
  };
}

/** Draws the samples of all phases, and makes batches of them. */
async function planPhases(
  { phases, buckets, seed }: Recipe,
  tokenizer: Tokenizer,
  onDraw?: (done: number, total: number) => void,
): Promise<PlannedPhase[]> {
  const total = phases.reduce((sum, { samples }) => sum + samples, 0);
  const planned: PlannedPhase[] = [];
  let before = 0;
  for (const { mixture, samples, passes, peakRate } of phases) {
    const corpus = await drawCorpus(
      tokenizer,
      mixture,
      samples,
      (done) => onDraw?.(before + done, total),
    );
    const batches = planBatches(corpus, { buckets, passes, seed });
    planned.push({ corpus, batches, peakRate });
    before += samples;
  }
  return planned;
}

/** The phase that a step belongs to, and its index there. */
function phaseAt(
  phases: readonly PlannedPhase[],
  index: number,
): { phase: PlannedPhase; phaseIndex: number } {
  let phaseIndex = index;
  for (const phase of phases) {
    if (phaseIndex < phase.batches.length) return { phase, phaseIndex };
    phaseIndex -= phase.batches.length;
  }
  throw new RangeError(
    `Cannot find a phase as the step must be within the recipe: current value is ${index}`,
  );
}
