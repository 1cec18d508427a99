/** `deno task reproduce-table`: a table of the paper, ours beside it. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { Interrupted } from "@/experiments/ledger.ts";
import {
  MINI,
  MINI_REASONERS,
  PRESET_NAMES,
  QUICK,
} from "@/experiments/presets.ts";
import { AQUA, COLUMNS } from "@/experiments/table_1.ts";
import {
  renderCsv,
  renderJson,
  renderMarkdown,
  type Table,
} from "@/lib/report/mod.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import { INTERRUPTED_EXIT, interruption } from "@/tasks/interruption.ts";
import { requireOutputFolder } from "@/tasks/output_file.ts";
import { printTable } from "@/tasks/print_table.ts";
import { formatDuration } from "@/tasks/progress.ts";
import { provenance } from "@/tasks/provenance.ts";
import { type Reproduced, reproduceTable1 } from "@/tasks/table_1_run.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";
import { writeTwinTraining } from "@/tasks/twin_results.ts";

const PRESETS = { quick: QUICK, mini: MINI } as const;

/** The mini preset has all nine benchmarks. */
const PRESET_COLUMNS = { quick: COLUMNS, mini: [...COLUMNS, AQUA] } as const;

/** Adapters and weavers that the mini preset left. */
const TRAINED = join("results", "mini", "trained");

/** What `deno task reproduce-table` takes. */
export const DEFINITION = {
  name: "reproduce-table",
  description:
    "Trains and evaluates the methods of a table of the paper at the scale of a preset, prints our numbers beside the paper's, and writes them as Markdown, CSV and JSON. The quick preset takes minutes on two cores: it trains one column of Table 1 and lets what the mini preset trained answer the others. The mini preset takes hours: it trains every column, and AQuA's, for three reasoners, and writes what that gave into the twins' data cards. What is finished is kept: after Ctrl-C, or anything worse, the same command goes on where it stopped.",
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
      choices: PRESET_COLUMNS.mini.map(({ benchmark }) => benchmark),
      placeholder: "NAME",
      help: "Only this column. Default: all",
    },
    reuse: {
      type: "flag",
      help:
        "With the mini preset: do not train again what results/mini/trained has",
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
    "1 --preset mini --reuse",
    "1 --preset mini --reasoner mini-qwen2.5 --benchmark math --threads 1",
  ],
} as const satisfies TaskDefinition;

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
    const columns = PRESET_COLUMNS[preset.name].filter((column) =>
      benchmark === undefined || column.benchmark === benchmark
    );
    const reuse = args.reuse;
    if (columns.length === 0 || reuse && preset.name !== "mini") {
      throw new UsageError(
        DEFINITION.name,
        `--preset must be mini for --reuse and for --benchmark ${AQUA.benchmark}`,
        preset.name,
      );
    }
    const isWhole = reasoner === undefined && benchmark === undefined;
    const output = args.output ??
      (isWhole ? join("results", preset.name) : undefined);
    if (output !== undefined) requireOutputFolder(DEFINITION.name, output);
    const command = [
      `deno task reproduce-table ${args.table} --preset ${preset.name}`,
      ...reasoner === undefined ? [] : [`--reasoner ${reasoner}`],
      ...reuse ? ["--reuse"] : [],
    ].join(" ");
    const made = await provenance(command, await startBackend(args));
    using interrupt = interruption();
    let result: Reproduced;
    try {
      result = await reproduceTable1({
        preset,
        columns,
        reasoners: join("results", "reasoners"),
        work: args.work ?? join(".runs", preset.name),
        trained: TRAINED,
        reuse,
        made,
        signal: interrupt.signal,
        onColumn: preset.name === "mini"
          ? ({ benchmark }, findings) =>
            writeTwinTraining(findTwin(benchmark), findings)
          : undefined,
      });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      console.error(error.message);
      Deno.exit(INTERRUPTED_EXIT);
    }
    const { table, findings } = result;
    printTable(table);
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
