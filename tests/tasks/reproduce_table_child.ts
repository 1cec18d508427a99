/**
 * Table 1 at a size for tests, in a process that can be killed; prints the
 * table as Markdown, and where its records are.
 */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { QUICK, type Table1Preset } from "@/experiments/presets.ts";
import { COLUMNS } from "@/experiments/table_1.ts";
import { renderMarkdown } from "@/lib/report/mod.ts";
import { startBackend } from "@/tasks/backend.ts";
import { reproduceTable1 } from "@/tasks/table_1_run.ts";

/** Small enough for seconds, and every kind of cell is there. */
const PRESET: Table1Preset = {
  ...QUICK,
  trained: ["bigcodebench"],
  batchSize: 4,
  steps: 2,
  rates: { ...QUICK.rates, sft: [1e-3, 3e-3], prepend: [3e-3], append: [3e-3] },
  validTasks: 4,
  testTasks: 4,
  answerBatch: 4,
};

if (import.meta.main) {
  const [work] = Deno.args;
  const backend = await startBackend({ threads: 1, cuda: false });
  const { table, findings } = await reproduceTable1({
    preset: PRESET,
    columns: COLUMNS.filter(({ benchmark }) => benchmark === "bigcodebench"),
    reasoners: join("results", "reasoners"),
    work,
    trained: "none",
    made: {
      command: "test",
      commit: "none",
      date: "2026-01-01",
      deno: Deno.version.deno,
      backend,
      processor: "any",
      cores: 1,
    },
    signal: new AbortController().signal,
  });
  console.log(renderMarkdown(table));
  console.log(findings.map(({ folder }) => folder).join("\n"));
}
