/** Computes the columns of Table 1 for mini reasoners, within one ledger. */
import { join, relative } from "node:path";
import { Ledger } from "@/experiments/ledger.ts";
import type { MiniReasoner, Table1Preset } from "@/experiments/presets.ts";
import {
  type Column,
  columnWeight,
  computeColumn,
  type Finding,
  type LearnedFiles,
  type TrainedMethods,
} from "@/experiments/table_1.ts";
import { layoutTable1 } from "@/experiments/table_1_layout.ts";
import { twinMethods } from "@/experiments/twin_methods.ts";
import { isFolder } from "@/lib/benchmarks/files.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { Generator, loadModel, type Model } from "@/lib/models/mod.ts";
import type { Table } from "@/lib/report/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { modelKey } from "@/tasks/model_key.ts";
import { type Provenance, provenanceText } from "@/tasks/provenance.ts";
import { TableProgress } from "@/tasks/table_progress.ts";
import { savedFiles, writeTrainedFiles } from "@/tasks/trained_files.ts";
import { twinStudies } from "@/tasks/twin_studies.ts";

/** How a table is reproduced. */
export interface ReproduceOptions {
  /** Sizes. */
  readonly preset: Table1Preset;
  /** Columns. */
  readonly columns: readonly Column[];
  /** Folder of the mini reasoners. */
  readonly reasoners: string;
  /** Folder of the ledger. */
  readonly work: string;
  /** Folder with what the mini preset trained; it writes there. */
  readonly trained: string;
  /**
   * Whether what is there already, and was learned as the preset says, is not
   * trained again.
   *
   * @default {false}
   */
  readonly reuse?: boolean;
  /** What computes, for the table's caption. */
  readonly made: Provenance;
  /** Stops the run between two steps. */
  readonly signal: AbortSignal;
  /** Called with the numbers of every column of a reasoner. */
  readonly onColumn?: (
    column: Column,
    findings: readonly Finding[],
  ) => Promise<void>;
}

/** A reproduced table, with what is behind it. */
export interface Reproduced {
  /** The table. */
  readonly table: Table;
  /** Every number of ours. */
  readonly findings: readonly Finding[];
}

/**
 * Computes Table 1, or takes from the ledger what is there.
 *
 * @throws {Interrupted} If the signal stopped it.
 * @throws {Deno.errors.NotFound} If there is no such reasoner, or nothing was
 * trained for a column: before any work is done.
 */
export async function reproduceTable1(
  options: ReproduceOptions,
): Promise<Reproduced> {
  const { preset, columns, reasoners, made } = options;
  for (const name of preset.reasoners) {
    await requireReasoner(join(reasoners, name), name);
  }
  const prepared = await Promise.all(
    preset.reasoners.map((reasoner) => prepareReasoner(reasoner, options)),
  );
  using ledger = new Ledger(options.work);
  const weights = prepared.flatMap(({ reasoner, saved }) =>
    columns.map((column) =>
      columnWeight(
        column,
        { reasoner, preset },
        (method) => saved(column.learned, method) === undefined,
      )
    )
  );
  const total = weights.reduce((sum, each) => sum + each, 0);
  const bar = new TableProgress("Table 1", total);
  const findings: Finding[] = [];
  for (const reasoner of prepared) {
    findings.push(...await computeReasoner(reasoner, options, { ledger, bar }));
  }
  bar.end();
  const table = layoutTable1(findings, {
    preset,
    columns,
    made: provenanceText(made),
  });
  // Where the ledger is on this machine is nobody else's business.
  const placed = findings.map((finding) => ({
    ...finding,
    folder: relative(options.work, finding.folder),
  }));
  return { table, findings: placed };
}

/** Before any work: the first reasoner's columns take an hour. */
async function requireReasoner(folder: string, name: string): Promise<void> {
  if (await isFolder(folder)) return;
  throw new Deno.errors.NotFound(
    `Cannot reproduce the table as there must be a reasoner in ${folder} (deno task pretrain --reasoner ${name} makes it): current value is no folder`,
  );
}

/** A reasoner, and what was learned with it before. */
interface PreparedReasoner {
  readonly reasoner: MiniReasoner;
  readonly model: Model;
  /** Checksum of its files. */
  readonly key: string;
  /** The methods, as they are trained and used on a benchmark. */
  methods(benchmark: string): TrainedMethods;
  /** Undefined where a method is to be trained. */
  saved(
    benchmark: string,
    method: keyof TrainedMethods,
  ): LearnedFiles | undefined;
}

async function prepareReasoner(
  reasoner: MiniReasoner,
  options: ReproduceOptions,
): Promise<PreparedReasoner> {
  const folder = join(options.reasoners, reasoner);
  const model = await loadModel(folder);
  const key = await modelKey(folder);
  const { precision } = options.made.backend;
  const methods = twinMethods(model);
  const learnedOn = new Set(options.columns.map(({ learned }) => learned));
  const saved = new Map(
    Array.from(learnedOn, (benchmark) => {
      const of = methods(benchmark);
      const find = (method: keyof TrainedMethods) =>
        savedFiles(
          { reasoner, modelKey: key, benchmark, method: of[method], precision },
          { ...options, rates: options.preset.rates[method] },
        );
      const files = {
        sft: find("sft"),
        prepend: find("prepend"),
        append: find("append"),
      };
      return [benchmark, files] as const;
    }),
  );
  return {
    reasoner,
    model,
    key,
    methods,
    saved: (benchmark, method) => saved.get(benchmark)![method],
  };
}

async function computeReasoner(
  { reasoner, model, key, methods, saved }: PreparedReasoner,
  options: ReproduceOptions,
  { ledger, bar }: { readonly ledger: Ledger; readonly bar: TableProgress },
): Promise<Finding[]> {
  const { preset, columns, trained, made, signal } = options;
  const { precision } = made.backend;
  const generator = new Generator(model, "always");
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
  const findings: Finding[] = [];
  for (const column of columns) {
    const ofColumn = await computeColumn(column, {
      reasoner,
      preset,
      study: (benchmark) => study(findTwin(benchmark)),
      methods,
      saved,
      onLearned: preset.trained !== undefined
        ? undefined
        : (benchmark, method, files) =>
          writeTrainedFiles(
            trained,
            { reasoner, modelKey: key, benchmark, method, precision },
            files,
          ),
      announce: (title, weight) => bar.announce(title, weight),
    });
    findings.push(...ofColumn);
    await options.onColumn?.(column, ofColumn);
  }
  generator.dispose();
  disposeTree(model.weights);
  return findings;
}
