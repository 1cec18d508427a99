/**
 * Table 1 (the paper's Tables 1 and 4): accuracy of the methods, here the
 * GSM8K column, ours at mini scale beside the paper's three backbones.
 *
 * Ours adds what the paper leaves out: a small training size, and what a
 * method keeps of the reasoner's reading of notes.
 */
import { chainOfThoughtPrompt, vanillaPrompt } from "@/lib/baselines/mod.ts";
import {
  accuracyCell,
  type Cell,
  type Measurement,
  PAPER_BACKBONES,
  type PaperMethod,
  paperNumber,
  type Table,
} from "@/lib/report/mod.ts";
import type { Done } from "@/experiments/ledger.ts";
import type { Method } from "@/experiments/methods/method.ts";
import type { SupervisedPreset } from "@/experiments/presets.ts";
import type {
  Evaluated,
  Probe,
  SupervisedStudy,
  TrainingRun,
} from "@/experiments/supervised_study.ts";

/** A rate that was tried, with what validation said. */
export interface TriedRate {
  /** Highest learning rate. */
  readonly rate: number;
  /** Right answers among the validation tasks. */
  readonly validCorrect: number;
}

/** One of our numbers, with all that led to it. */
export interface Finding extends Evaluated {
  /** Row of the table. */
  readonly row: string;
  /** Training examples; 0 without training. */
  readonly size: number;
  /** What was asked. */
  readonly probe: Probe;
  /** The rate that was chosen; absent without training. */
  readonly rate?: number;
  /** All rates that were tried. */
  readonly tried: readonly TriedRate[];
  /** Seconds of the evaluation and of the chosen training. */
  readonly seconds: number;
  /** Folder with the per-task records. */
  readonly folder: string;
}

/** The methods that train, one for each row. */
export interface TrainedMethods {
  /** Supervised fine-tuning. */
  readonly sft: Method;
  /** MemGen SFT, latents before the text. */
  readonly prepend: Method;
  /** MemGen SFT, latents at the current position. */
  readonly append: Method;
}

const ROWS: readonly { readonly label: string; readonly paper: PaperMethod }[] =
  [
    { label: "Vanilla", paper: "Vanilla" },
    { label: "CoT", paper: "CoT" },
    { label: "SFT (LoRA)", paper: "SFT" },
    { label: "MemGen SFT, prepended", paper: "MemGen SFT" },
    { label: "MemGen SFT, appended", paper: "MemGen SFT" },
  ];

const PROBES: readonly Probe[] = ["test", "notes"];

/** Announces what comes next; `weight` is its expected share of the time. */
export type Announce = (title: string, weight: number) => void;

/** Expected cost, in arbitrary units. */
const EVALUATE_WEIGHT = 4;
const TRAIN_WEIGHTS: Readonly<Record<keyof TrainedMethods, number>> = {
  sft: 10,
  prepend: 20,
  append: 20,
};

/** The sum of all weights that `computeTable1` will announce. */
export function totalWeight(preset: SupervisedPreset): number {
  const trained = Object.entries(TRAIN_WEIGHTS).map(([name, weight]) =>
    weight * preset.rates[name as keyof TrainedMethods].length +
    EVALUATE_WEIGHT * PROBES.length
  );
  const untrained = 2 * PROBES.length * EVALUATE_WEIGHT;
  return untrained +
    preset.sizes.length * trained.reduce((sum, weight) => sum + weight);
}

/**
 * Computes every number, or takes it from the ledger.
 *
 * For each method, size and seed all learning rates are trained; the one with
 * the most right answers on the validation tasks is kept, the lower one where
 * two are equal. Every method gets as many rates and steps.
 */
export async function computeTable1(
  study: SupervisedStudy,
  preset: SupervisedPreset,
  methods: TrainedMethods,
  announce: Announce,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const promptings = [vanillaPrompt, chainOfThoughtPrompt];
  for (const [i, prompt] of promptings.entries()) {
    const { label: row } = ROWS[i];
    for (const probe of PROBES) {
      announce(`${row}, ${probe}`, EVALUATE_WEIGHT);
      const done = await study.evaluatePrompting({ id: row, prompt }, probe);
      findings.push(finding({ row, size: 0, probe, tried: [] }, done));
    }
  }
  for (const [i, name] of (["sft", "prepend", "append"] as const).entries()) {
    const { label: row } = ROWS[promptings.length + i];
    for (const size of preset.sizes) {
      const tried: TriedRate[] = [];
      const run = (rate: number): TrainingRun => ({
        method: methods[name],
        size,
        rate,
        seed: preset.seed,
      });
      let trainingSeconds = 0;
      for (const rate of preset.rates[name]) {
        announce(`${row}, ${size} examples, rate ${rate}`, TRAIN_WEIGHTS[name]);
        const { result, seconds } = await study.train(run(rate));
        tried.push({ rate, validCorrect: result.validCorrect });
        if (bestRate(tried) === rate) trainingSeconds = seconds;
      }
      const rate = bestRate(tried);
      for (const probe of PROBES) {
        announce(`${row}, ${size} examples, ${probe}`, EVALUATE_WEIGHT);
        const done = await study.evaluateTrained(run(rate), probe);
        findings.push(finding({ row, size, probe, rate, tried }, {
          ...done,
          seconds: done.seconds + trainingSeconds,
        }));
      }
    }
  }
  return findings;
}

/** Most right on validation; the lowest of those that are equal. */
function bestRate(tried: readonly TriedRate[]): number {
  const most = Math.max(...tried.map(({ validCorrect }) => validCorrect));
  const best = tried.filter(({ validCorrect }) => validCorrect === most);
  return Math.min(...best.map(({ rate }) => rate));
}

type About = Pick<Finding, "row" | "size" | "probe" | "rate" | "tried">;

function finding(about: About, done: Done<Evaluated>): Finding {
  const { result, seconds, folder } = done;
  return { ...about, ...result, seconds, folder };
}

/**
 * The table of the findings.
 *
 * @param made What made them: reasoner, device, commit, command.
 */
export function buildTable1(
  findings: readonly Finding[],
  preset: SupervisedPreset,
  made: string,
): Table {
  const columns = PROBES.flatMap((probe) =>
    preset.sizes.map((size) => ({ probe, size }))
  );
  const cells = columns.map(({ probe, size }) =>
    ranked(ROWS.map(({ label }) => cellOf(findings, { label, probe, size })))
  );
  const rows = ROWS.map(({ label, paper }, i): Cell[] => [
    label,
    ...cells.map((column) => column[i]),
    ...PAPER_BACKBONES.map((backbone) => paperNumber(backbone, paper, "GSM8K")),
  ]);
  return {
    title: "Table 1, GSM8K column, quick preset",
    caption:
      `Ours: mini scale, a reasoner of under a million parameters on the GSM8K twin (not GSM8K); accuracy in percent, 95 % interval. ${made}`,
    columns: [
      { header: "Method" },
      ...columns.map(({ probe, size }) => ({
        header: probe === "test"
          ? `Twin, ${size} examples`
          : `Notes kept, ${size} examples`,
      })),
      ...PAPER_BACKBONES.map((backbone) => ({ header: backbone })),
    ],
    rows,
    footnotes: [
      `n = ${preset.testTasks} for Twin, ${preset.notedTasks} for Notes kept; one training run each, seed ${preset.seed}`,
      "Twin: the test split, problems of kinds that training never shows. Vanilla and CoT are not trained: their numbers are the same for every size.",
      "Notes kept: problems of new worlds with the facts that they need as notes; what a method lost against Vanilla is forgetting. MemGen always inserts its latents here too.",
      `Learning rates were chosen on ${preset.validTasks} validation tasks, ${preset.rates.sft.length} rates of ${preset.steps} steps of ${preset.batchSize} examples for every method and size.`,
    ],
  };
}

function cellOf(
  findings: readonly Finding[],
  { label, probe, size }: {
    readonly label: string;
    readonly probe: Probe;
    readonly size: number;
  },
): Measurement {
  const { correct, n } = findings.find((finding) =>
    finding.row === label && finding.probe === probe &&
    (finding.size === size || finding.size === 0)
  )!;
  return accuracyCell(correct, n, 1);
}

/** Marks the best and the second best of a column. */
function ranked(cells: readonly Measurement[]): Measurement[] {
  const order = [...new Set(cells.map(({ value }) => value))]
    .sort((a, b) => b - a);
  return cells.map((cell) =>
    cell.value === order[0]
      ? { ...cell, rank: "best" }
      : cell.value === order[1]
      ? { ...cell, rank: "second" }
      : cell
  );
}
