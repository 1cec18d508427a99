/** The smallest runs on BigCodeBench's twin, with everything kept in a folder. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MINI, type Table1Preset } from "@/experiments/presets.ts";
import { COLUMNS } from "@/experiments/table_1.ts";
import type { Provenance } from "@/tasks/provenance.ts";
import type { TwinRunsOptions } from "@/tasks/twin_runs.ts";

/** Seconds. */
export const TINY: Table1Preset = {
  ...MINI,
  steps: 2,
  batchSize: 2,
  validTasks: 2,
  testTasks: 3,
  answerBatch: 4,
};

/** Its `trained` is what the project ships. */
export function twinRunOptions(folder: string): TwinRunsOptions {
  return {
    preset: TINY,
    columns: COLUMNS.filter(({ benchmark }) => benchmark === "bigcodebench"),
    reasoners: join("results", "reasoners"),
    trained: join("results", "mini", "trained"),
    work: join(folder, "work"),
    folder,
    made: { command: "a test", backend: { precision: "fp32" } } as Provenance,
    signal: new AbortController().signal,
  };
}

/** Method and seed of every training run there, in the order of the text. */
export function trainedRuns(folder: string): string[] {
  using ledger = new DatabaseSync(join(folder, "work", "ledger.sqlite"));
  return ledger.prepare("SELECT settings FROM cells WHERE kind = 'train'").all()
    .map(({ settings }) => JSON.parse(`${settings}`))
    .map(({ method, seed }) => `${method} ${seed}`)
    .toSorted();
}
