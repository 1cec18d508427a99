/**
 * Pre-training, in a folder that it can go on from: the same weights whether
 * it was stopped or not.
 */
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CandidatePoints } from "@/lib/memgen/mod.ts";
import {
  loadTokenizer,
  type Model,
  openSafetensors,
  toHost,
  type Tokenizer,
  toTensor,
  writeSafetensors,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  cosineRate,
  initialState,
  type LabelledTokens,
  makeTrainStep,
  takeStep,
  type TrainingState,
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
} from "@/experiments/pretraining/recipe.ts";

/** Half of the batches carry junk, in either placement. */
const PLACEMENTS: readonly JunkPlacement[] = [
  "none",
  "prepend",
  "none",
  "append",
];

const STATE_FILE = "state.safetensors";

/** Junk comes after delimiters, but not within numbers. */
const POINT_RULES = { delimitersAfterDigits: false };

/** Where a run stands. */
interface Progressed {
  readonly state: TrainingState;
  /** Samples of the corpus that were looked at. */
  readonly samples: number;
  /** Samples that were too long for a row. */
  readonly skipped: number;
  /** Loss of every step so far. */
  readonly losses: readonly number[];
}

/** Options of `pretrain`. */
export interface PretrainOptions {
  /** Working folder: the tokenizer and the state of the run. */
  readonly folder: string;
  /**
   * Steps between two saves of the state.
   *
   * @default {100}
   */
  readonly saveEvery?: number;
  /** Called after every step; may throw to stop: what is saved stays. */
  readonly onStep?: (step: number, loss: number) => void;
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
  const steps = recipeSteps(recipe);
  const path = join(folder, STATE_FILE);
  let { state, samples, skipped, losses } = await isFile(path)
    ? readProgress(path, recipe)
    : {
      state: initialState(recipeWeights(config, recipe.seed)),
      samples: 0,
      skipped: 0,
      losses: [] as number[],
    };
  try {
    for (let index = losses.length; index < steps; index++) {
      const { phase, phaseIndex } = phaseAt(recipe, index);
      const drawn = drawRows(tokenizer, recipe, {
        phase,
        start: samples,
      });
      samples = drawn.next;
      skipped += drawn.skipped;
      const batch = packPretraining(drawn.rows, {
        rows: recipe.batchSize,
        length: phase.length,
        targets: phase.targets,
      }, {
        placement: PLACEMENTS[index % PLACEMENTS.length],
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
      state = taken.state;
      losses = [...losses, taken.loss];
      if (losses.length % saveEvery === 0 || losses.length === steps) {
        writeProgress(path, recipe, { state, samples, skipped, losses });
      }
      onStep?.(index, taken.loss);
      await nextTurn();
    }
  } catch (error) {
    disposeTree(state);
    throw error;
  }
  disposeTree([state.means, state.squares]);
  const model = { config, weights: state.parameters, tokenizer };
  return { model, tokenizerFiles, losses, samples, skipped };
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

/** The next samples of the corpus that fit into a row. */
function drawRows(
  tokenizer: Tokenizer,
  { batchSize }: Recipe,
  { phase, start }: { readonly phase: Phase; readonly start: number },
): { rows: LabelledTokens[]; next: number; skipped: number } {
  const rows: LabelledTokens[] = [];
  let next = start;
  while (rows.length < batchSize) {
    const row = pretrainingRow(tokenizer, next++, phase.mixture);
    if (row.ids.length <= phase.length) rows.push(row);
  }
  return { rows, next, skipped: next - start - batchSize };
}

const STATE_PARTS = ["parameters", "means", "squares"] as const;

function writeProgress(
  path: string,
  recipe: Recipe,
  { state, samples, skipped, losses }: Progressed,
): void {
  const tensors = STATE_PARTS.flatMap((part) =>
    Object.entries(state[part]).map(
      ([name, tensor]) => [`${part}/${name}`, toHost(tensor)] as const,
    )
  );
  const data = Float32Array.from(losses);
  writeSafetensors(
    path,
    new Map([...tensors, ["losses", { shape: [data.length], data }]]),
    {
      metadata: {
        recipe: JSON.stringify(recipe),
        samples: `${samples}`,
        skipped: `${skipped}`,
      },
    },
  );
}

function readProgress(path: string, recipe: Recipe): Progressed {
  using file = openSafetensors(path);
  const { metadata } = file;
  if (metadata.recipe !== JSON.stringify(recipe)) {
    throw new Error(
      `Cannot go on from ${path} as it must be of the recipe ${
        JSON.stringify(recipe)
      }: current value is ${metadata.recipe}`,
    );
  }
  const read = (part: string): NamedTensors =>
    Object.fromEntries(
      [...file.tensors.keys()]
        .filter((name) => name.startsWith(`${part}/`))
        .map((name) => [
          name.slice(part.length + 1),
          toTensor(file.read(name)),
        ]),
    );
  return {
    state: {
      parameters: read("parameters"),
      means: read("means"),
      squares: read("squares"),
    },
    samples: Number(metadata.samples),
    skipped: Number(metadata.skipped),
    losses: Array.from(file.read("losses").data),
  };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
