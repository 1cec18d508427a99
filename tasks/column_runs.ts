/** What `deno task describe-benchmarks` runs on the columns of Table 1. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { Interrupted } from "@/experiments/ledger.ts";
import { furtherCount } from "@/experiments/further_tasks.ts";
import { MINI, type MiniReasoner } from "@/experiments/presets.ts";
import { AQUA, type Column, COLUMNS } from "@/experiments/table_1.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import type { BackendInfo } from "@/lib/tensorflow/mod.ts";
import { INTERRUPTED_EXIT, interruption } from "@/tasks/interruption.ts";
import { provenance } from "@/tasks/provenance.ts";
import { measureControls } from "@/tasks/twin_controls.ts";
import { measureFurther } from "@/tasks/twin_further.ts";
import type { TwinRunsOptions } from "@/tasks/twin_runs.ts";
import { measureSft } from "@/tasks/twin_sft.ts";

type Run = (name: MiniReasoner, options: TwinRunsOptions) => Promise<void>;

const RUNS = {
  "sft": (name, options) => measureSft("sft", name, options),
  "full-sft": (name, options) => measureSft("fullSft", name, options),
  "controls": measureControls,
  "further-tasks": measureFurther,
} as const satisfies Record<string, Run>;

/** Options of the task that run something. */
export const COLUMN_RUNS = Object.keys(RUNS) as (keyof typeof RUNS)[];

/** One of `COLUMN_RUNS`. */
export type ColumnRun = typeof COLUMN_RUNS[number];

/** The columns that an option is for. */
export function columnsFor(option: ColumnRun): Column[] {
  return [...COLUMNS, AQUA].filter(({ benchmark }) =>
    option !== "further-tasks" || furtherCount(findTwin(benchmark)) > 0
  );
}

/** Runs what an option names; if it is interrupted, ends the process. */
export async function runColumns(
  option: ColumnRun,
  reasoner: MiniReasoner,
  columns: readonly Column[],
  backend: BackendInfo,
): Promise<void> {
  const command = `deno task describe-benchmarks --${option} ${reasoner}`;
  using interrupt = interruption();
  try {
    await RUNS[option](reasoner, {
      preset: MINI,
      columns,
      reasoners: join("results", "reasoners"),
      trained: join("results", "mini", "trained"),
      work: join(".runs", option),
      made: await provenance(command, backend),
      signal: interrupt.signal,
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.error(error.message);
    Deno.exit(INTERRUPTED_EXIT);
  }
}
