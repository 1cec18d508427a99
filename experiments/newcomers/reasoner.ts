/** The reasoner of the newcomers' world, made anew: its rows are in rows.ts. */
import { ITEMS, NAMES } from "@/lib/benchmarks/twins/mod.ts";
import { CandidatePoints } from "@/lib/memgen/mod.ts";
import { loadTokenizer, saveModel } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { makeTrainStep, trainSupervised } from "@/lib/training/mod.ts";
import { join } from "node:path";
import {
  type NotedBatch,
  notedLoss,
  packNoted,
  reasonerRow,
} from "@/experiments/newcomers/rows.ts";
import {
  BETA2,
  NEWCOMERS_MEMGEN,
  newcomersConfig,
  type NewcomersSizes,
  RATES,
  scheduleOf,
  SUPERVISED_SHAPE,
  supervisedRows,
} from "@/experiments/newcomers/settings.ts";
import { recipeWeights } from "@/experiments/pretraining/recipe.ts";
import {
  tokenizerFiles,
  wordsOf,
} from "@/experiments/pretraining/tokenizer.ts";

/**
 * Pre-trains the reasoner and saves it as a model.
 *
 * @returns Loss of every step.
 */
export async function pretrainNewcomers(
  folder: string,
  { reasonerSteps: steps, xla }: NewcomersSizes,
  onFraction: (fraction: number) => void,
): Promise<number[]> {
  // Words are tokens with and without the space before them.
  const texts = [...NAMES, ...ITEMS].map((word) => `${word} ${word}`);
  const files = new Map(Object.entries(tokenizerFiles(wordsOf(texts))));
  for (const [name, text] of files) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  const tokenizer = await loadTokenizer(folder);
  const config = newcomersConfig(tokenizer);
  const points = new CandidatePoints(tokenizer, NEWCOMERS_MEMGEN);
  const step = makeTrainStep<NotedBatch>(
    (weights, batch) => notedLoss({ config, weights }, NEWCOMERS_MEMGEN, batch),
    { name: "newcomers_reasoner", xla, beta2: BETA2 },
  );
  const { parameters: weights, metrics } = await trainSupervised(
    recipeWeights(config, 0),
    {
      rows: Array.from(
        { length: supervisedRows(steps) },
        (_, i) => reasonerRow(tokenizer, points, i),
      ),
      batchSize: SUPERVISED_SHAPE.rows,
      pack: (rows) => packNoted(rows, SUPERVISED_SHAPE, NEWCOMERS_MEMGEN),
      step,
      schedule: scheduleOf(RATES.reasoner, steps),
      seed: 0,
      onStep: (index) => onFraction(index / steps),
    },
  );
  step.dispose();
  saveModel(folder, { config, weights, tokenizer }, { tokenizerFiles: files });
  disposeTree(weights);
  return metrics.map(({ loss }) => loss);
}
