/** Pre-training, in a folder that it can go on from. */
import { join } from "node:path";
import { CandidatePoints } from "@/lib/memgen/mod.ts";
import { loadTokenizer, type Model, type Tokenizer } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  cosineRate,
  type LabelledTokens,
  makeTrainStep,
  type Run,
  type StepMetrics,
  takeStep,
  train,
} from "@/lib/training/mod.ts";
import { pretrainingRow } from "@/experiments/pretraining/corpus.ts";
import {
  type JunkPlacement,
  packPretraining,
  type PretrainingBatch,
  pretrainingLoss,
} from "@/experiments/pretraining/junk.ts";
import {
  miniTokenizerFiles,
  type Phase,
  type Recipe,
  recipeConfig,
  recipeSteps,
  recipeWeights,
  type Stream,
} from "@/experiments/pretraining/recipe.ts";

/** Half of the batches carry junk, in either placement. */
const PLACEMENTS: readonly JunkPlacement[] = [
  "none",
  "prepend",
  "none",
  "append",
];

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
  /** Called after every step; may throw to stop. */
  readonly onStep?: Run["onStep"];
}

/** A pre-trained reasoner, with what its card tells. */
export interface Pretrained {
  /** The model; the caller owns its weights. */
  readonly model: Model;
  /** Text of the tokenizer's files, by name. */
  readonly tokenizerFiles: ReadonlyMap<string, string>;
  /** Loss of every step. */
  readonly losses: readonly number[];
  /** Samples of the corpus that were looked at. */
  readonly samples: number;
  /** Of these, the ones too long for a row, which were left out. */
  readonly skipped: number;
}

/**
 * Pre-trains a reasoner, or goes on where the folder says.
 *
 * @throws {Error} If the folder is of another recipe, or the loss is no longer
 * finite.
 */
export async function pretrain(
  recipe: Recipe,
  { folder, saveEvery = 100, onStep }: PretrainOptions,
): Promise<Pretrained> {
  const tokenizerFiles = new Map(Object.entries(miniTokenizerFiles()));
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of tokenizerFiles) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  const tokenizer = loadTokenizer(folder);
  const config = recipeConfig(recipe, tokenizer);
  const points = new CandidatePoints(tokenizer, POINT_RULES);
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
    totalSteps: recipeSteps(recipe),
    checkpoint: { folder, saveEvery, settings: recipe },
    onStep,
    step(state, index, before) {
      const { phase, phaseIndex } = phaseAt(recipe, index);
      const { samples: start, skipped } = drawnIn(before);
      const { streams } = phase;
      const stream = streams[index % streams.length];
      const drawn = drawRows(tokenizer, stream, start);
      const batch = packPretraining(drawn.rows, stream, {
        placement: placementAt(Math.floor(index / streams.length)),
        points,
        hiddenSize: config.hiddenSize,
        vocabSize: config.vocabSize,
        random: seededRandom("junk", recipe.seed, index),
      });
      const rate = cosineRate({
        peakRate: phase.peakRate,
        warmupSteps: Math.round(recipe.warmupShare * phase.steps),
        totalSteps: phase.steps,
      }, phaseIndex);
      const taken = takeStep(step, state, batch, { index, rate });
      return {
        state: taken.state,
        metrics: {
          ...taken.metrics,
          samples: drawn.next,
          skipped: skipped + drawn.skipped,
        },
      };
    },
  });
  return {
    model: { config, weights: trained.parameters, tokenizer },
    tokenizerFiles,
    losses: trained.metrics.map(({ loss }) => loss),
    ...drawnIn(trained.metrics),
  };
}

/** Samples of the corpus that the steps looked at and, of these, left out. */
function drawnIn(
  metrics: readonly StepMetrics[],
): { samples: number; skipped: number } {
  const { samples, skipped } = metrics.at(-1) ?? { samples: 0, skipped: 0 };
  return { samples, skipped };
}

/** The phase that a step belongs to, and its index there. */
function phaseAt(
  { phases }: Recipe,
  index: number,
): { phase: Phase; phaseIndex: number } {
  let phaseIndex = index;
  for (const phase of phases) {
    if (phaseIndex < phase.steps) return { phase, phaseIndex };
    phaseIndex -= phase.steps;
  }
  throw new RangeError(
    `Cannot find a phase as the step must be within the recipe: current value is ${index}`,
  );
}

/** Each stream has every placement in turn. */
function placementAt(round: number): JunkPlacement {
  return PLACEMENTS[round % PLACEMENTS.length];
}

/** The next samples of the corpus that fit into a row. */
function drawRows(
  tokenizer: Tokenizer,
  { rows: batchSize, length, mixture }: Stream,
  start: number,
): { rows: LabelledTokens[]; next: number; skipped: number } {
  const rows: LabelledTokens[] = [];
  let next = start;
  while (rows.length < batchSize) {
    const row = pretrainingRow(tokenizer, next++, mixture);
    if (row.ids.length <= length) rows.push(row);
  }
  return { rows, next, skipped: next - start - batchSize };
}
