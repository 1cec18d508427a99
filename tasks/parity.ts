/** `deno task parity`: this project's numbers beside the released code's. */
// deno-lint-ignore-file no-console
import { DEVICE_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask } from "@/tasks/cli.ts";
import { requireOutputFile } from "@/tasks/output_file.ts";
import {
  type ComparisonRow,
  formatComparisons,
  isWithinBound,
} from "@/tasks/parity/comparison.ts";
import { type ParityFolders, runParity } from "@/tasks/parity/run.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task parity` takes. */
export const DEFINITION = {
  name: "parity",
  description:
    "Runs the models of a parity folder and compares tokens, hidden states, logits, latents, losses, gradients and a short training run with what PyTorch and MemGen's released code computed, and GRPO with TRL. Prints the largest differences as shares of the largest value, for tokens and texts how many differ, and ends with 1 if one is out of bounds.",
  options: {
    models: {
      type: "string",
      placeholder: "DIR",
      help: "Folder with a folder for each model",
      required: true,
    },
    expected: {
      type: "string",
      placeholder: "DIR",
      help: "Folder with the expected results for each model",
      required: true,
    },
    output: {
      type: "string",
      placeholder: "FILE",
      help: "JSON to write: our numbers, by model, case and name",
      required: true,
    },
    ...DEVICE_OPTIONS,
  },
  examples: [
    "--models tests/parity/models --expected tests/parity/expected --output report.json",
  ],
} as const satisfies TaskDefinition;

/** Our numbers, by model, case and the names of the expected files. */
export type ParityReport = Record<string, Record<string, unknown>>;

/**
 * Runs every case, writes the report and prints the table.
 *
 * @returns Whether all comparisons are within their bounds.
 * @throws As `runParity` does.
 */
export async function checkParity(
  folders: ParityFolders,
  output: string,
): Promise<boolean> {
  const report: ParityReport = {};
  const rows: ComparisonRow[] = [];
  for await (const run of runParity(folders)) {
    (report[run.model] ??= {})[run.case] = run.values;
    rows.push(
      ...run.comparisons.map((each) => ({
        ...each,
        model: run.model,
        case: run.case,
      })),
    );
    console.error(`${run.model} ${run.case}: done`);
  }
  await Deno.writeTextFile(output, `${JSON.stringify(report)}\n`);
  console.log(formatComparisons(rows));
  const failed = rows.filter((row) => !isWithinBound(row));
  console.log(
    failed.length === 0
      ? `All ${rows.length} comparisons are within their bounds`
      : `${failed.length} of ${rows.length} comparisons are out of bounds`,
  );
  return failed.length === 0;
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const { expected: input, output } = args;
    requireOutputFile(DEFINITION.name, { input, output });
    await startBackend(args);
    if (!await checkParity(args, output)) Deno.exit(1);
  });
}
