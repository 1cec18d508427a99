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
 */
export function shareOfGain(
  { n, correct, valid }: TrainingNumbers,
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
  const gain = right("SFT") - vanilla;
  return gain < LEAST_GAIN * n
    ? undefined
    : (right("MemGen SFT") - vanilla) / gain;
}

/** Accuracies of all methods; undefined if nothing was trained. */
export function trainingTable(
  { training = {} }: TwinNumbers,
): Table | undefined {
  const trained = Object.entries(training);
  if (trained.length === 0) return undefined;
  return {
    title: "What training gives",
    caption:
      "Table 1's mini preset: right in percent of test tasks, under the official scorer, one training run each, all of a reasoner with as many steps. MemGen's share of SFT's gain over vanilla is that of the insertion with more validation tasks right.",
    columns: [
      { header: "Reasoner" },
      { header: "Steps" },
      { header: "Tasks" },
      ...ROWS.map(({ label }) => ({ header: label })),
      { header: "MemGen's share of SFT's gain, %" },
    ],
    rows: trained.map(([reasoner, numbers]) => {
      const share = shareOfGain(numbers);
      return [
        reasoner,
        numbers.steps,
        numbers.n,
        ...ROWS.map(({ label }) =>
          accuracyCell(numbers.correct[label], numbers.n, 1)
        ),
        share === undefined ? "–" : formatTenths(100 * share),
      ];
    }),
    footnotes: [
      ...trained.map(([reasoner, numbers]) => verdict(reasoner, numbers)),
      ...new Set(trained.map(([name, { made }]) => `${name}: ${made}`)),
    ],
  };
}

function verdict(reasoner: string, numbers: TrainingNumbers): string {
  const share = shareOfGain(numbers);
  const asked = `${100 * ENOUGH} % of SFT's gain`;
  if (share === undefined) {
    return `${reasoner}: SFT gains less than ${
      100 * LEAST_GAIN
    } points here, so nothing can be said of memory.`;
  }
  return share >= ENOUGH
    ? `${reasoner}: MemGen SFT reaches ${asked}.`
    : `${reasoner}: MemGen SFT does not reach ${asked}, whichever way its latents are inserted.`;
}
