/** What `deno task evaluate` says of its records: a summary and its table. */
import {
  countFailures,
  type EvaluationRecord,
  findBenchmark,
  type Score,
  type Split,
} from "@/lib/benchmarks/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  accuracyCell,
  gainCell,
  type Interval,
  type Measurement,
  type Table,
} from "@/lib/report/mod.ts";
import type { MemgenArguments } from "@/tasks/memgen_options.ts";
import type { Provenance } from "@/tasks/provenance.ts";

/** What is evaluated. */
export interface EvaluationSettings extends MemgenArguments {
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** Folder of its files. */
  readonly data: string;
  /** Part of it. */
  readonly split: Split;
  /** Tasks at most, from the first. Default: all. */
  readonly limit?: number;
  /** Address of a search engine. Default: BM25 over the folder's corpus. */
  readonly retriever?: string;
  /** Folder of the model. */
  readonly model: string;
  /** Folder of the adapter. Default: none. */
  readonly adapter?: string;
  /** What is asked of the model. */
  readonly method: "vanilla" | "cot";
  /** Tokens of an answer, at most. */
  readonly maxNewTokens: number;
  /** Tasks at once. */
  readonly batchSize: number;
  /** Seed of random decisions. */
  readonly seed: number;
  /** File of the records. */
  readonly output: string;
  /** Records of an earlier evaluation to compare with. Default: none. */
  readonly baseline?: string;
}

/** How an evaluation was made. */
export interface EvaluationRun {
  /** The settings, also those that were chosen for lack of an option. */
  readonly settings: EvaluationSettings;
  /** Tasks of the whole split. */
  readonly splitTasks: number;
  /** Time of answering and scoring. */
  readonly seconds: number;
  /** That shared the tasks, and the threads of `made` each. */
  readonly processes: number;
  /** What made it. */
  readonly made: Provenance;
}

/** Accuracy under one scorer, in percent, with its 95 % Wilson interval. */
export interface Accuracy extends Interval {
  /** Right answers. */
  readonly right: number;
  /** Their share in percent. */
  readonly percent: number;
  /** Points more than the baseline, with the paired bootstrap interval. */
  readonly gain?: Measurement;
}

/** An evaluation without its records. */
export interface EvaluationSummary extends EvaluationRun {
  /** Tasks that were answered. */
  readonly n: number;
  /** By the rules of the released code. */
  readonly official: Accuracy;
  /** By our own rules. */
  readonly lenient: Accuracy;
  /** Answers that are wrong for the released code, by how they are wrong. */
  readonly failures: Readonly<Record<string, number>>;
  /** Tokens of all answers. */
  readonly newTokens: number;
  /**
   * Answers of which a turn is as long as it may be; nearly all of these turns
   * were cut off.
   */
  readonly answersAtLimit: number;
  /** How often memory was inserted. */
  readonly insertions: number;
}

/**
 * Adds records up; there must be one at least.
 *
 * @param baseline Scores to compare with, in the order of the records.
 */
export function summarize(
  records: readonly EvaluationRecord[],
  run: EvaluationRun,
  baseline?: readonly Score[],
): EvaluationSummary {
  const n = records.length;
  const sum = (value: (record: EvaluationRecord) => number): number =>
    records.reduce((total, record) => total + value(record), 0);
  const accuracy = (scorer: "official" | "lenient"): Accuracy => {
    const right = sum((record) => record[scorer]);
    const { value, low, high } = accuracyCell(right, n, 1);
    const gain = baseline && gainCell(
      records.map((record) => record[scorer]),
      baseline.map((score) => score[scorer]),
      { seeds: 1, rng: seededRandom("gain") },
    );
    return { right, percent: value, low, high, ...gain && { gain } };
  };
  const { maxNewTokens } = run.settings;
  return {
    ...run,
    n,
    official: accuracy("official"),
    lenient: accuracy("lenient"),
    failures: countFailures(findBenchmark(run.settings.benchmark), records),
    newTokens: sum(({ tokens }) => tokens),
    answersAtLimit: sum(({ turnTokens }) =>
      Number(turnTokens.includes(maxNewTokens))
    ),
    insertions: sum(({ insertions }) => insertions.length),
  };
}

/** The accuracies as a table, with what a reader must know of them. */
export function summaryTable(summary: EvaluationSummary): Table {
  const { settings, n } = summary;
  const { benchmark, split, model, adapter, memgen, trigger, method } =
    settings;
  const caption = [
    model,
    ...adapter === undefined ? [] : [`adapter ${adapter}`],
    ...memgen === undefined ? [] : [`MemGen ${memgen} (trigger ${trigger})`],
    `${method} prompt`,
    `greedy, at most ${settings.maxNewTokens} new tokens`,
  ];
  const { newTokens, answersAtLimit, insertions, seconds, processes } = summary;
  const work = `${newTokens} new tokens in ${seconds.toFixed(1)} s${
    processes === 1 ? "" : ` by ${processes} processes`
  }`;
  return {
    title: `${benchmark}: ${n} of ${summary.splitTasks} ${split} tasks`,
    caption: caption.join(", "),
    columns: [
      "Scorer",
      "Accuracy, %",
      "Right",
      "n",
      ...settings.baseline === undefined ? [] : ["Gain, points"],
    ].map((header) => ({ header })),
    rows: (["official", "lenient"] as const).map((scorer) => {
      const { right, gain } = summary[scorer];
      return [
        scorer,
        accuracyCell(right, n, 1),
        right,
        n,
        ...gain ? [gain] : [],
      ];
    }),
    footnotes: [
      "official: the released code's rules; lenient: ours, which forgive the form of a right answer",
      `wrong for official: ${formatFailures(summary.failures)}`,
      `${answersAtLimit} of ${n} answers reached the limit of new tokens`,
      memgen === undefined
        ? work
        : `${work}, memory inserted ${insertions} times`,
      ...settings.baseline === undefined
        ? []
        : [`Gain over ${settings.baseline}: paired bootstrap interval`],
    ],
  };
}

/** Counts of failures in words, such as "no box 3, wrong answer 5". */
export function formatFailures(
  failures: Readonly<Record<string, number>>,
): string {
  return Object.entries(failures)
    .map(([failure, count]) => `${failure} ${count}`)
    .join(", ");
}
