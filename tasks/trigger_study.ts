/** `deno task trigger-study`: what a trained trigger saves, and where. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { Ledger } from "@/experiments/ledger.ts";
import { computeNewcomers } from "@/experiments/newcomers/findings.ts";
import {
  buildNewcomersTable,
  buildPenaltyTable,
} from "@/experiments/newcomers/report.ts";
import {
  NEWCOMERS_PLANS,
  PLAN_NAMES,
} from "@/experiments/newcomers/settings.ts";
import { NewcomersStudy } from "@/experiments/newcomers/study.ts";
import type { Table } from "@/lib/report/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask } from "@/tasks/cli.ts";
import { requireOutputFolder } from "@/tasks/output_file.ts";
import { printTable } from "@/tasks/print_table.ts";
import { formatDuration, Progress } from "@/tasks/progress.ts";
import { provenance, provenanceText } from "@/tasks/provenance.ts";
import { writeTable } from "@/tasks/reproduce_table.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task trigger-study` takes. */
export const DEFINITION = {
  name: "trigger-study",
  description:
    "Trains the trigger in a world where memory helps at some positions only, with lambda chosen on validation questions, and compares it with inserting never, always and at random as often. What is finished is kept: the same command goes on where it stopped.",
  options: {
    plan: {
      type: "string",
      choices: PLAN_NAMES,
      default: "full",
      placeholder: "NAME",
      help: "Sizes; those of tiny take a minute and show that it works",
    },
    output: {
      type: "string",
      placeholder: "DIR",
      help: "Folder to write. Default: results/trigger, for tiny .runs/trigger",
    },
    work: {
      type: "string",
      placeholder: "DIR",
      help: "Folder of the ledger, with every cell. Default: .runs/trigger",
    },
    ...BACKEND_OPTIONS,
  },
  examples: ["", "--plan tiny --output /tmp/trigger"],
} as const satisfies TaskDefinition;

/** A cell's share of its bar. */
const PERCENT = 100;

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const start = performance.now();
    const sizes = NEWCOMERS_PLANS[args.plan];
    const work = args.work ?? join(".runs", "trigger");
    const isFull = args.plan === "full";
    const output = args.output ??
      (isFull ? join("results", "trigger") : work);
    requireOutputFolder(DEFINITION.name, output);
    const command = `deno task trigger-study${isFull ? "" : " --plan tiny"}`;
    const made = await provenance(command, await startBackend(args));
    using ledger = new Ledger(work);
    let bar: { title: string; progress: Progress } | undefined;
    using study = await NewcomersStudy.open(
      ledger,
      sizes,
      (title, fraction) => {
        if (bar?.title !== title) {
          bar?.progress.end();
          const progress = new Progress(title, PERCENT, { isCounted: false });
          bar = { title, progress };
        }
        bar.progress.update(Math.floor(PERCENT * fraction));
      },
    );
    const findings = await computeNewcomers(study, sizes);
    bar?.progress.end();
    const text = provenanceText(made);
    const write = async (
      name: string,
      table: Table,
      behind: Record<string, unknown>,
    ): Promise<void> => {
      const paths = await writeTable(output, name, table, behind);
      printTable(table);
      console.log(`${paths.join(", ")} written\n`);
    };
    await write("lambda", buildPenaltyTable(findings, text), {
      sizes,
      made,
    });
    await write("trigger", buildNewcomersTable(findings, text), {
      sizes,
      made,
      findings,
    });
    console.log(`Done in ${formatDuration(performance.now() - start)}`);
  });
}
