/** Weavers of the newcomers' world, trained by SFT with memory everywhere. */
import {
  CandidatePoints,
  initializeTrigger,
  initializeWeaver,
  packPrepend,
  type PrependBatch,
  prependLoss,
  saveMemgen,
} from "@/lib/memgen/mod.ts";
import type { Model } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { makeTrainStep, trainSupervised } from "@/lib/training/mod.ts";
import { weaverRow } from "@/experiments/newcomers/rows.ts";
import {
  NEWCOMERS_MEMGEN as MEMGEN,
  type NewcomersSizes,
  RATES,
  scheduleOf,
  SUPERVISED_SHAPE,
  supervisedRows,
} from "@/experiments/newcomers/settings.ts";
import { worldOwnership } from "@/experiments/newcomers/world.ts";

/** How a weaver is trained. */
export interface WeaverTraining {
  /** Sizes of the study. */
  readonly sizes: NewcomersSizes;
  /** Of its first values and its rows. */
  readonly seed: number;
  /** Called after each step: how far, from 0 to 1. */
  readonly onFraction: (fraction: number) => void;
}

/**
 * Trains a weaver and saves it with an untrained trigger.
 *
 * @returns Loss of every step.
 */
export async function trainNewcomersWeaver(
  folder: string,
  model: Model,
  { sizes, seed, onFraction }: WeaverTraining,
): Promise<number[]> {
  const { weaverSteps: steps, xla } = sizes;
  const { config, tokenizer } = model;
  const points = new CandidatePoints(tokenizer, MEMGEN);
  const world = worldOwnership();
  const step = makeTrainStep<PrependBatch>(
    (weaver, batch) => prependLoss(model, MEMGEN, weaver, batch),
    { name: "newcomers_weaver", xla },
  );
  const initial = initializeWeaver(model, MEMGEN, seededRandom("weaver", seed));
  const { parameters: weaver, metrics } = await trainSupervised(initial, {
    rows: Array.from(
      { length: supervisedRows(steps) },
      (_, i) => weaverRow(tokenizer, points, world, [seed, i]),
    ),
    batchSize: SUPERVISED_SHAPE.rows,
    pack: (rows) => packPrepend(rows, SUPERVISED_SHAPE, MEMGEN),
    step,
    schedule: scheduleOf(RATES.weaver, steps),
    seed,
    onStep: (index) => onFraction(index / steps),
  });
  step.dispose();
  const random = seededRandom("trigger", seed);
  const trigger = initializeTrigger(config, MEMGEN, random);
  await saveMemgen(folder, config, { config: MEMGEN, weaver, trigger });
  disposeTree([weaver, trigger]);
  return metrics.map(({ loss }) => loss);
}
