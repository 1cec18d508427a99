/** `deno task reproduce-table`: a table of the paper, ours beside it. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { Interrupted, Ledger } from "@/experiments/ledger.ts";
import { memgenMethod } from "@/experiments/methods/memgen.ts";
import { sftMethod } from "@/experiments/methods/sft.ts";
import {
  MINI,
  MINI_MEMGEN,
  MINI_REASONERS,
  type MiniReasoner,
  PRESET_NAMES,
  QUICK,
  type Table1Preset,
} from "@/experiments/presets.ts";
import { SupervisedStudy } from "@/experiments/supervised_study.ts";
import {
  type Column,
  COLUMNS,
  columnWeight,
  computeColumn,
  type Finding,
  type TrainedMethods,
} from "@/experiments/table_1.ts";
import { layoutTable1 } from "@/experiments/table_1_layout.ts";
import { isFolder } from "@/lib/benchmarks/files.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { Generator, loadModel, type Model } from "@/lib/models/mod.ts";
import {
  renderCsv,
  renderJson,
  renderMarkdown,
  renderText,
  type Table,
} from "@/lib/report/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask, type TaskDefinition } from "@/tasks/cli.ts";
import { INTERRUPTED_EXIT, interruption } from "@/tasks/interruption.ts";
import { modelKey } from "@/tasks/model_key.ts";
import { formatDuration } from "@/tasks/progress.ts";
import {
  type Provenance,
  provenance,
  provenanceText,
} from "@/tasks/provenance.ts";
import { TableProgress } from "@/tasks/table_progress.ts";
import { readTrainedFiles, writeTrainedFiles } from "@/tasks/trained_files.ts";

const PRESETS = { quick: QUICK, mini: MINI } as const;

/** Adapters and weavers that the mini preset left. */
const TRAINED = join("results", "mini", "trained");

/** What `deno task reproduce-table` takes. */
export const DEFINITION = {
  name: "reproduce-table",
  description:
    "Trains and evaluates the methods of a table of the paper at the scale of a preset, prints our numbers beside the paper's, and writes them as Markdown, CSV and JSON. The quick preset takes minutes on two cores: it trains one column of Table 1 and lets what the mini preset trained answer the others. The mini preset takes hours: it trains every column for three reasoners. What is finished is kept: after Ctrl-C, or anything worse, the same command goes on where it stopped.",
  options: {
    preset: {
      type: "string",
      choices: PRESET_NAMES,
      default: "quick",
      placeholder: "NAME",
      help: "Scale of the experiments",
    },
    reasoner: {
      type: "string",
      choices: MINI_REASONERS,
      placeholder: "NAME",
      help: "Only this mini reasoner. Default: all of the preset",
    },
    benchmark: {
      type: "string",
      choices: COLUMNS.map(({ benchmark }) => benchmark),
      placeholder: "NAME",
      help: "Only this column. Default: all",
    },
    output: {
      type: "string",
      placeholder: "DIR",
      help:
        "Folder for table-1.md, table-1.csv and table-1.json. Default: results/PRESET; nothing is written of a part of the table",
    },
    work: {
      type: "string",
      placeholder: "DIR",
      help:
        "Folder of the ledger, with every finished cell: adapters, records. Default: .runs/PRESET",
    },
    ...BACKEND_OPTIONS,
  },
  positionals: {
    table: {
      type: "string",
      choices: ["1"],
      placeholder: "TABLE",
      required: true,
      help: "Number of the table in the paper",
    },
  },
  examples: [
    "1",
    "1 --output /tmp/table",
    "1 --preset mini",
    "1 --preset mini --reasoner mini-qwen2.5 --benchmark math --threads 1",
  ],
} as const satisfies TaskDefinition;

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
  /** What computes, for the table's caption. */
  readonly made: Provenance;
  /** Stops the run between two steps. */
  readonly signal: AbortSignal;
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
 * trained for a column.
 */
export async function reproduceTable1(
  options: ReproduceOptions,
): Promise<Reproduced> {
  const { preset, columns, reasoners, made } = options;
  for (const name of preset.reasoners) {
    await requireReasoner(join(reasoners, name), name);
  }
  using ledger = new Ledger(options.work);
  const bar = new TableProgress(
    preset.reasoners.length *
      columns.reduce((sum, column) => sum + columnWeight(column, preset), 0),
  );
  const findings: Finding[] = [];
  for (const reasoner of preset.reasoners) {
    findings.push(...await computeReasoner(reasoner, options, { ledger, bar }));
  }
  bar.end();
  const table = layoutTable1(findings, {
    preset,
    columns,
    made: provenanceText(made),
  });
  return { table, findings };
}

/** Before any work: the first reasoner's columns take an hour. */
async function requireReasoner(folder: string, name: string): Promise<void> {
  if (await isFolder(folder)) return;
  throw new Deno.errors.NotFound(
    `Cannot reproduce the table as there must be a reasoner in ${folder} (deno task pretrain --reasoner ${name} makes it): current value is no folder`,
  );
}

async function computeReasoner(
  reasoner: MiniReasoner,
  { preset, columns, reasoners, trained, made, signal }: ReproduceOptions,
  { ledger, bar }: { readonly ledger: Ledger; readonly bar: TableProgress },
): Promise<Finding[]> {
  const folder = join(reasoners, reasoner);
  const model = await loadModel(folder);
  const key = await modelKey(folder);
  const generator = new Generator(model, "always");
  const single = trainedMethods(model, "turn");
  const several = trainedMethods(model, "episode");
  const findings: Finding[] = [];
  for (const column of columns) {
    findings.push(
      ...await computeColumn(column, {
        reasoner,
        preset,
        study: (benchmark) =>
          new SupervisedStudy({
            twin: findTwin(benchmark),
            model,
            modelKey: key,
            generator,
            precision: made.backend.precision,
            preset,
            ledger,
            signal,
            onFraction: (fraction, note) => bar.update(fraction, note),
          }),
        methods: (benchmark) =>
          findTwin(benchmark).benchmark.maxTurns > 1 ? several : single,
        saved: (benchmark, { id: method }) =>
          readTrainedFiles(trained, {
            reasoner,
            modelKey: key,
            benchmark,
            method,
          }),
        onLearned: preset.trained !== undefined
          ? undefined
          : (benchmark, { id: method }, files) =>
            writeTrainedFiles(
              trained,
              { reasoner, modelKey: key, benchmark, method },
              files,
              provenanceText(made),
            ),
        announce: (title, weight) => bar.announce(title, weight),
      }),
    );
  }
  generator.dispose();
  disposeTree(model.weights);
  return findings;
}

/** @param memoryScope In episodes, memory of the first prompt stays in view. */
function trainedMethods(
  model: Model,
  memoryScope: "turn" | "episode",
): TrainedMethods {
  const weaver = (insertion: "prepend" | "append") =>
    memgenMethod(model, { ...MINI_MEMGEN, memoryScope, insertion });
  return {
    sft: sftMethod(model),
    prepend: weaver("prepend"),
    append: weaver("append"),
  };
}

/** Writes a table in its three forms; the JSON also says what is behind it. */
export async function writeTable(
  folder: string,
  name: string,
  table: Table,
  behind: Record<string, unknown>,
): Promise<string[]> {
  const json = {
    ...JSON.parse(renderJson(table)),
    ...behind,
  };
  const texts = {
    md: renderMarkdown(table),
    csv: renderCsv(table),
    json: `${JSON.stringify(json, null, 1)}\n`,
  };
  await Deno.mkdir(folder, { recursive: true });
  return await Promise.all(
    Object.entries(texts).map(async ([ending, text]) => {
      const path = join(folder, `${name}.${ending}`);
      await Deno.writeTextFile(`${path}.part`, text);
      await Deno.rename(`${path}.part`, path);
      return path;
    }),
  );
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const start = performance.now();
    const { reasoner, benchmark } = args;
    const whole = PRESETS[args.preset];
    const preset = reasoner === undefined
      ? whole
      : { ...whole, reasoners: [reasoner] };
    const columns = COLUMNS.filter((column) =>
      benchmark === undefined || column.benchmark === benchmark
    );
    const isWhole = reasoner === undefined && benchmark === undefined;
    const output = args.output ??
      (isWhole ? join("results", preset.name) : undefined);
    const made = await provenance(
      `deno task reproduce-table ${args.table} --preset ${preset.name}`,
      await startBackend(args),
    );
    using interrupt = interruption();
    let result: Reproduced;
    try {
      result = await reproduceTable1({
        preset,
        columns,
        reasoners: join("results", "reasoners"),
        work: args.work ?? join(".runs", preset.name),
        trained: TRAINED,
        made,
        signal: interrupt.signal,
      });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      console.error(error.message);
      Deno.exit(INTERRUPTED_EXIT);
    }
    const { table, findings } = result;
    console.log(renderText(table));
    const time = formatDuration(performance.now() - start);
    if (output === undefined) {
      console.log(`A part of the table, made in ${time}: it was not written`);
      return;
    }
    const paths = await writeTable(output, `table-${args.table}`, table, {
      preset,
      made,
      findings,
    });
    console.log(`${paths.join(", ")} written in ${time}`);
  });
}
