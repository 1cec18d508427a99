/** `deno task reproduce-table`: a table of the paper, ours beside it. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { Interrupted, Ledger } from "@/experiments/ledger.ts";
import { memgenMethod } from "@/experiments/methods/memgen.ts";
import { sftMethod } from "@/experiments/methods/sft.ts";
import {
  MINI_MEMGEN,
  PRESET_NAMES,
  QUICK,
  type SupervisedPreset,
} from "@/experiments/presets.ts";
import { SupervisedStudy } from "@/experiments/supervised_study.ts";
import {
  buildTable1,
  computeTable1,
  type Finding,
  totalWeight,
} from "@/experiments/table_1.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { loadModel } from "@/lib/models/mod.ts";
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
import { formatDuration, Progress } from "@/tasks/progress.ts";
import {
  type Provenance,
  provenance,
  provenanceText,
} from "@/tasks/provenance.ts";

/** What `deno task reproduce-table` takes. */
export const DEFINITION = {
  name: "reproduce-table",
  description:
    "Trains and evaluates the methods of a table of the paper at the scale of a preset, prints our numbers beside the paper's, and writes them as Markdown, CSV and JSON. What is finished is kept: after Ctrl-C, or anything worse, the same command goes on where it stopped. Table 1 has its GSM8K column so far; the quick preset computes it with a mini reasoner on GSM8K's twin in minutes on two cores.",
  options: {
    preset: {
      type: "string",
      choices: PRESET_NAMES,
      default: "quick",
      placeholder: "NAME",
      help: "Scale of the experiments",
    },
    output: {
      type: "string",
      placeholder: "DIR",
      help:
        "Folder for table-1.md, table-1.csv and table-1.json. Default: results/PRESET",
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
  examples: ["1", "1 --preset quick --output /tmp/table"],
} as const satisfies TaskDefinition;

/** How a table is reproduced. */
export interface ReproduceOptions {
  /** Sizes. */
  readonly preset: SupervisedPreset;
  /** Folder of the mini reasoner. */
  readonly reasoner: string;
  /** Folder of the ledger. */
  readonly work: string;
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
 * @throws As `loadModel` does if there is no such reasoner.
 */
export async function reproduceTable1(
  { preset, reasoner, work, made, signal }: ReproduceOptions,
): Promise<Reproduced> {
  const model = await loadModel(reasoner);
  using ledger = new Ledger(work);
  const total = totalWeight(preset);
  let progress: Progress | undefined;
  let now = { title: "", start: 0, weight: 0 };
  const study = new SupervisedStudy({
    twin: findTwin("gsm8k"),
    model,
    modelKey: await modelKey(reasoner),
    precision: made.backend.precision,
    preset,
    ledger,
    signal,
    onFraction(fraction, note) {
      const done = Math.floor(now.start + fraction * now.weight);
      progress ??= new Progress("Table 1", total, { done, isCounted: false });
      progress.update(done, `${now.title}: ${note}`);
    },
  });
  const weaver = (insertion: "prepend" | "append") =>
    memgenMethod(model, { ...MINI_MEMGEN, insertion });
  const methods = {
    sft: sftMethod(model),
    prepend: weaver("prepend"),
    append: weaver("append"),
  };
  const findings = await computeTable1(
    study,
    preset,
    methods,
    (title, weight) => {
      now = { title, start: now.start + now.weight, weight };
    },
  );
  progress?.update(total);
  progress?.end();
  disposeTree(model.weights);
  const table = buildTable1(findings, preset, provenanceText(made));
  return { table, findings };
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
    const preset = QUICK;
    const command = `deno task reproduce-table ${args.table}`;
    const made = await provenance(command, await startBackend(args));
    using interrupt = interruption();
    let result: Reproduced;
    try {
      result = await reproduceTable1({
        preset,
        reasoner: join("results", "reasoners", preset.reasoner),
        work: args.work ?? join(".runs", preset.name),
        made,
        signal: interrupt.signal,
      });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      console.error(error.message);
      Deno.exit(INTERRUPTED_EXIT);
    }
    const { table, findings } = result;
    const folder = args.output ?? join("results", preset.name);
    const paths = await writeTable(folder, `table-${args.table}`, table, {
      preset,
      made,
      findings,
    });
    console.log(renderText(table));
    console.log(
      `${paths.join(", ")} written in ${
        formatDuration(performance.now() - start)
      }`,
    );
  });
}
