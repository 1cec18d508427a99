/** What training gives reasoners on a twin, for its data card. */
import {
  accuracyCell,
  formatTenths,
  type PaperMethod,
  type Table,
} from "@/lib/report/mod.ts";
import type {
  TrainingNumbers,
  TwinNumbers,
} from "@/experiments/twin_numbers.ts";
import type { SftRuns } from "@/experiments/sft_runs.ts";
import { ROWS } from "@/experiments/table_1.ts";

/**
 * Share of SFT's gain over vanilla that MemGen SFT must reach for memory to be
 * learned as well as weights are.
 */
const ENOUGH = 0.8;

/** Gains of SFT below this tell nothing of memory: they may be chance. */
const LEAST_GAIN = 0.1;

/**
 * MemGen SFT's gain over vanilla as a share of SFT's, by the insertion that has
 * more validation tasks right, the first if they have equally many; undefined
 * where SFT itself gains less than ten points.
 *
 * @param runs Of SFT of all weights: their mean accuracy is then taken for SFT's.
 * Default: Table 1's SFT, through an adapter.
 */
export function shareOfGain(
  { n, correct, valid }: TrainingNumbers,
  runs?: SftRuns,
): number | undefined {
  const right = (paper: PaperMethod): number => {
    const labels = ROWS.filter((row) => row.paper === paper)
      .map(({ label }) => label);
    const best = labels.reduce((best, label) =>
      valid[label] > valid[best] ? label : best
    );
    return correct[best];
  };
  const vanilla = right("Vanilla");
  const sft = runs === undefined ? right("SFT") : n * meanAccuracy(runs);
  const gain = sft - vanilla;
  return gain < LEAST_GAIN * n
    ? undefined
    : (right("MemGen SFT") - vanilla) / gain;
}

/** Accuracies of all methods; undefined if nothing was trained. */
export function trainingTable(
  { training = {}, fullSft = {} }: TwinNumbers,
): Table | undefined {
  const trained = Object.entries(training);
  if (trained.length === 0) return undefined;
  return {
    title: "What training gives",
    caption:
      "Table 1's mini preset: right in percent of test tasks, under the official scorer, one training run each, all of a reasoner with as many steps. SFT of all weights, where it was measured, is no row of that table: the mean of its runs. MemGen's share of SFT's gain over vanilla is that of the insertion with more validation tasks right.",
    columns: [
      { header: "Reasoner" },
      { header: "Steps" },
      { header: "Tasks" },
      ...ROWS.map(({ label }) => ({ header: label })),
      { header: "SFT of all weights" },
      { header: "MemGen's share of LoRA's gain, %" },
      { header: "Of the gain of all weights, %" },
    ],
    rows: trained.map(([reasoner, numbers]) => {
      const runs = fullSft[reasoner];
      return [
        reasoner,
        numbers.steps,
        numbers.n,
        ...ROWS.map(({ label }) =>
          accuracyCell(numbers.correct[label], numbers.n, 1)
        ),
        runs === undefined ? "–" : formatTenths(100 * meanAccuracy(runs)),
        shareText(shareOfGain(numbers)),
        runs === undefined ? "–" : shareText(shareOfGain(numbers, runs)),
      ];
    }),
    footnotes: [
      ...trained.flatMap(([reasoner, numbers]) => {
        const runs = fullSft[reasoner];
        return [
          verdict(reasoner, "SFT (LoRA)", shareOfGain(numbers)),
          ...runs === undefined ? [] : [
            verdict(reasoner, "SFT of all weights", shareOfGain(numbers, runs)),
          ],
        ];
      }),
      ...new Set(trained.map(([name, { made }]) => `${name}: ${made}`)),
      ...new Set(
        Object.entries(fullSft).map(([name, { made }]) => `${name}: ${made}`),
      ),
    ],
  };
}

function verdict(
  reasoner: string,
  sft: string,
  share: number | undefined,
): string {
  const asked = `${100 * ENOUGH} % of the gain of ${sft}`;
  if (share === undefined) {
    return `${reasoner}: ${sft} gains less than ${
      100 * LEAST_GAIN
    } points here, so nothing can be said of memory.`;
  }
  return share >= ENOUGH
    ? `${reasoner}: MemGen SFT reaches ${asked}.`
    : `${reasoner}: MemGen SFT does not reach ${asked}, whichever way its latents are inserted.`;
}

function shareText(share: number | undefined): string {
  return share === undefined ? "–" : formatTenths(100 * share);
}

function meanAccuracy({ n, correct }: SftRuns): number {
  const sum = correct.reduce((total, count) => total + count, 0);
  return sum / (n * correct.length);
}
