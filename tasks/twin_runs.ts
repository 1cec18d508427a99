/** Runs of a mini reasoner on twins, whose results go into the data cards. */
import { join } from "node:path";
import { Ledger } from "@/experiments/ledger.ts";
import type { MiniReasoner, Table1Preset } from "@/experiments/presets.ts";
import type { SupervisedStudy } from "@/experiments/supervised_study.ts";
import type { Column } from "@/experiments/table_1.ts";
import { type TwinMethods, twinMethods } from "@/experiments/twin_methods.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";
import { findTwin, type Twin } from "@/lib/benchmarks/twins/mod.ts";
import { Generator, loadModel } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { modelKey } from "@/tasks/model_key.ts";
import type { Provenance } from "@/tasks/provenance.ts";
import { TableProgress } from "@/tasks/table_progress.ts";
import {
  requireTwinNumbers,
  TWIN_RESULTS,
  writeTwinNumbers,
} from "@/tasks/twin_results.ts";
import { twinStudies } from "@/tasks/twin_studies.ts";

/** What is run, and where. */
export interface TwinRunsOptions {
  /** Sizes. */
  readonly preset: Table1Preset;
  /** Columns of Table 1. */
  readonly columns: readonly Column[];
  /** Folder of the mini reasoners. */
  readonly reasoners: string;
  /** Folder with what Table 1's mini preset trained. */
  readonly trained: string;
  /** Folder of the ledger. */
  readonly work: string;
  /** Folder of the twins' numbers. @default {TWIN_RESULTS} */
  readonly folder?: string;
  /** What computes. */
  readonly made: Provenance;
  /** Stops between two steps. */
  readonly signal: AbortSignal;
}

/** Who is run on a column. */
export interface TwinRunner {
  /** The column. */
  readonly column: Column;
  /** Its twin. */
  readonly twin: Twin;
  /** Checksum of the reasoner's files. */
  readonly key: string;
  /** The methods, as they are trained and used on a benchmark. */
  methods(benchmark: string): TwinMethods;
}

/** What a column is run with. */
export interface TwinRun extends TwinRunner {
  /** The study of a twin. */
  study(twin: Twin): SupervisedStudy;
  /** Announces what comes next; `weight` is its expected share of the time. */
  announce(title: string, weight: number): void;
}

/** How columns are run, one after another. */
export interface TwinRunPlan {
  /** What the progress bar calls it. */
  readonly title: string;
  /** Every column's sum of the weights that `run` will announce. */
  weight(column: Column): number;
  /** Throws what hinders a column, before any work. */
  check?(runner: TwinRunner, numbers: TwinNumbers): void;
  /** What a column adds to its twin's numbers as they are then. */
  run(
    run: TwinRun,
  ): Promise<(numbers: TwinNumbers) => Partial<TwinNumbers>>;
}

/**
 * Runs a mini reasoner on the twins of columns, and adds what each gives to its
 * numbers and card as soon as it is there.
 *
 * @throws {Interrupted} If the signal stopped it.
 * @throws {Deno.errors.NotFound} If a twin was never measured, or there is no
 * such reasoner: before any work.
 */
export async function runOnTwins(
  reasoner: MiniReasoner,
  { title, weight, check, run }: TwinRunPlan,
  options: TwinRunsOptions,
): Promise<void> {
  const { preset, columns, work, made, signal, folder = TWIN_RESULTS } =
    options;
  const numbersOf = (twin: Twin): Promise<TwinNumbers> =>
    requireTwinNumbers(twin, folder, `run ${reasoner}`);
  const model = await loadModel(join(options.reasoners, reasoner));
  const generator = new Generator(model, "always");
  try {
    const key = await modelKey(join(options.reasoners, reasoner));
    const methods = twinMethods(model);
    const runners = columns.map((column): TwinRunner => {
      const twin = findTwin(column.benchmark);
      return { column, twin, key, methods };
    });
    for (const runner of runners) {
      const numbers = await numbersOf(runner.twin);
      check?.(runner, numbers);
    }
    const total = columns.reduce((sum, column) => sum + weight(column), 0);
    const bar = new TableProgress(title, total);
    using ledger = new Ledger(work);
    const study = twinStudies({
      reasoner,
      model,
      key,
      generator,
      preset,
      ledger,
      made,
      signal,
      bar,
    });
    for (const runner of runners) {
      const { column, twin } = runner;
      const announce = (what: string, weight: number) =>
        bar.announce(`${column.title}, ${what}`, weight);
      const added = await run({ ...runner, study, announce });
      const numbers = await numbersOf(twin);
      await writeTwinNumbers(twin, { ...numbers, ...added(numbers) }, folder);
    }
    bar.end();
  } finally {
    generator.dispose();
    disposeTree(model.weights);
  }
}
