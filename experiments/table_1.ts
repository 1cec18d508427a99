/**
 * Table 1 (the paper's Tables 1 and 4): accuracy of the methods on eight
 * benchmarks, a mini reasoner on their twins.
 */
import { chainOfThoughtPrompt, vanillaPrompt } from "@/lib/baselines/mod.ts";
import type { PaperBenchmark, PaperMethod } from "@/lib/report/mod.ts";
import type { Done } from "@/experiments/ledger.ts";
import type { Method } from "@/experiments/methods/method.ts";
import {
  type MiniReasoner,
  type Table1Preset,
  trainingSteps,
} from "@/experiments/presets.ts";
import type {
  Evaluated,
  SupervisedStudy,
} from "@/experiments/supervised_study.ts";

/** A column of the table. */
export interface Column {
  /** Its header. */
  readonly title: string;
  /** Name in the paper; absent if its table has no such column. */
  readonly paper?: PaperBenchmark;
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** Where its methods learn; PopQA has no training split. */
  readonly learned: string;
}

/** The paper's columns, in its order. */
export const COLUMNS: readonly Column[] = [
  column("ALFWorld"),
  column("TriviaQA"),
  column("PopQA", "triviaqa"),
  column("KodCode"),
  column("BigCodeBench"),
  column("GPQA"),
  column("GSM8K"),
  column("MATH"),
];

/** The ninth benchmark, which the paper has in other tables only. */
export const AQUA: Column = {
  title: "AQuA",
  benchmark: "aqua",
  learned: "aqua",
};

/** A row of the table. */
export interface Row {
  /** What it is called. */
  readonly label: string;
  /** Its row in the paper. */
  readonly paper: PaperMethod;
}

/** Rows of methods that only ask. */
export const PROMPTED = [
  { label: "Vanilla", paper: "Vanilla", prompt: vanillaPrompt },
  { label: "CoT", paper: "CoT", prompt: chainOfThoughtPrompt },
] as const;

/** Rows of methods that train. */
export const TRAINED = [
  { label: "SFT (LoRA)", paper: "SFT", method: "sft" },
  { label: "MemGen SFT, prepended", paper: "MemGen SFT", method: "prepend" },
  { label: "MemGen SFT, appended", paper: "MemGen SFT", method: "append" },
] as const;

/** The rows of a reasoner. */
export const ROWS: readonly Row[] = [...PROMPTED, ...TRAINED];

/** A learning rate that was tried, with what validation said. */
export interface TriedRate {
  /** Highest learning rate. */
  readonly rate: number;
  /** Validation tasks. */
  readonly validTasks: number;
  /** Right answers among them. */
  readonly validCorrect: number;
}

/** What a method learned on a benchmark. */
export interface Learned {
  /** The rate that was chosen. */
  readonly rate: number;
  /** All rates that were tried. */
  readonly tried: readonly TriedRate[];
  /** Steps of each. */
  readonly steps: number;
  /** Examples of a step. */
  readonly batchSize: number;
  /** Seed. */
  readonly seed: number;
  /** Seconds of the chosen training. */
  readonly seconds: number;
  /** What made it. */
  readonly made: string;
  /** Whether it was read where the mini preset left it, not trained. */
  readonly isSaved?: true;
}

/** What a method learned, with its files. */
export interface LearnedFiles {
  /** The folder with an adapter or a weaver. */
  readonly folder: string;
  /** How it came about. */
  readonly learned: Learned;
}

/** One of our numbers, with all that led to it. */
export interface Finding extends Evaluated {
  /** The reasoner. */
  readonly reasoner: MiniReasoner;
  /** The benchmark. */
  readonly benchmark: string;
  /** Label of the row. */
  readonly row: string;
  /** Training; absent without. */
  readonly learned?: Learned;
  /** Seconds of the evaluation. */
  readonly seconds: number;
  /** Folder with the per-task records, in that of the ledger. */
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

/** What computes the columns of a reasoner. */
export interface ColumnOptions {
  /** Name of the reasoner. */
  readonly reasoner: MiniReasoner;
  /** Sizes. */
  readonly preset: Table1Preset;
  /** The study of a benchmark. */
  study(benchmark: string): SupervisedStudy;
  /** The methods, as they are trained and used on a benchmark. */
  methods(benchmark: string): TrainedMethods;
  /**
   * What a method learned on a benchmark before; undefined where it is to be
   * trained.
   */
  saved(
    benchmark: string,
    method: keyof TrainedMethods,
  ): LearnedFiles | undefined;
  /** Called with everything that a method learned here. */
  readonly onLearned?: (
    benchmark: string,
    method: Method,
    files: LearnedFiles,
  ) => void;
  /** Announces what comes next; `weight` is its expected share of the time. */
  announce(title: string, weight: number): void;
}

/** Expected cost of answering the test tasks, in arbitrary units. */
export const EVALUATE_WEIGHT = 4;
/** Of training with a preset's `steps`. */
const TRAIN_WEIGHTS: Readonly<Record<keyof TrainedMethods, number>> = {
  sft: 10,
  prepend: 20,
  append: 20,
};

/**
 * The sum of all weights that `computeColumn` will announce.
 *
 * @param isTrained Whether a method is trained, not taken as it was left.
 */
export function columnWeight(
  column: Column,
  { reasoner, preset }: Pick<ColumnOptions, "reasoner" | "preset">,
  isTrained: (method: keyof TrainedMethods) => boolean,
): number {
  return TRAINED.filter(({ method }) => isTrained(method)).reduce(
    (sum, { method }) =>
      sum +
      trainWeight(column, method, { reasoner, preset }) *
        preset.rates[method].length,
    EVALUATE_WEIGHT * ROWS.length,
  );
}

/** Expected cost of training with one rate; more steps take longer. */
export function trainWeight(
  { learned }: Column,
  method: keyof TrainedMethods,
  { reasoner, preset }: Pick<ColumnOptions, "reasoner" | "preset">,
): number {
  const steps = trainingSteps(preset, reasoner, learned);
  return TRAIN_WEIGHTS[method] * steps / preset.steps;
}

/**
 * Computes the numbers of a column, or takes them from the ledger.
 *
 * All learning rates of a method are trained; the one with the most right
 * answers on the validation tasks is kept, the lower one where two are equal.
 * Every method gets as many rates and steps.
 */
export async function computeColumn(
  column: Column,
  options: ColumnOptions,
): Promise<Finding[]> {
  const { reasoner, announce } = options;
  const { benchmark, title } = column;
  const study = options.study(benchmark);
  const findings: Finding[] = [];
  const keep = (row: string, done: Done<Evaluated>, learned?: Learned) => {
    const { result, seconds, folder } = done;
    findings.push({
      reasoner,
      benchmark,
      row,
      ...learned && { learned },
      ...result,
      seconds,
      folder,
    });
  };
  for (const { label, prompt } of PROMPTED) {
    announce(`${title}, ${label}`, EVALUATE_WEIGHT);
    keep(label, await study.evaluatePrompting({ id: label, prompt }));
  }
  for (const { label, method: name } of TRAINED) {
    const row = `${title}, ${label}`;
    const { learned, folder } = await learn(column, name, row, options);
    announce(row, EVALUATE_WEIGHT);
    const method = options.methods(benchmark)[name];
    keep(label, await study.evaluateTrained(method, folder), learned);
  }
  return findings;
}

/** Trains a method for a column, or takes what it learned before. */
async function learn(
  column: Column,
  name: keyof TrainedMethods,
  row: string,
  options: ColumnOptions,
): Promise<LearnedFiles> {
  const { preset, reasoner } = options;
  const { seed } = preset;
  const steps = trainingSteps(preset, reasoner, column.learned);
  const method = options.methods(column.learned)[name];
  const saved = options.saved(column.learned, name);
  if (saved !== undefined) return saved;
  const study = options.study(column.learned);
  const runs: LearnedFiles[] = [];
  const tried: TriedRate[] = [];
  for (const rate of preset.rates[name]) {
    options.announce(
      `${row}, rate ${rate}`,
      trainWeight(column, name, options),
    );
    const { result, folder, seconds } = await study.train({
      method,
      rate,
      seed,
    });
    const { batchSize, validTasks, validCorrect, made } = result;
    tried.push({ rate, validTasks, validCorrect });
    const learned = { rate, tried, steps, batchSize, seed, seconds, made };
    runs.push({ folder, learned });
  }
  const rate = bestRate(tried);
  const files = runs.find(({ learned }) => learned.rate === rate)!;
  options.onLearned?.(column.learned, method, files);
  return files;
}

/** The rate that was kept, with what validation said. */
export function chosenRate({ rate, tried }: Learned): TriedRate {
  return tried.find((each) => each.rate === rate)!;
}

/** Most right on validation; the lowest of those that are equal. */
function bestRate(tried: readonly TriedRate[]): number {
  const most = Math.max(...tried.map(({ validCorrect }) => validCorrect));
  const best = tried.filter(({ validCorrect }) => validCorrect === most);
  return Math.min(...best.map(({ rate }) => rate));
}

function column(
  paper: PaperBenchmark,
  learned: string = paper.toLowerCase(),
): Column {
  return { title: paper, paper, benchmark: paper.toLowerCase(), learned };
}
