/** `deno task make-twin`: a benchmark's twin as files, with its data card. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { findTwin, type Twin, TWIN_NAMES } from "@/lib/benchmarks/twins/mod.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";
import { readTwinCard } from "@/tasks/twin_results.ts";

/** What `deno task make-twin` takes. */
export const DEFINITION = {
  name: "make-twin",
  description:
    "Writes the twin of a benchmark: a small stand-in that a program makes, in the benchmark's own file format, so that its loader reads it. Beside the files stands README.md, the data card: what the twin asks for, its splits, and what scripts without a model reach. The same bytes at every call.",
  options: {
    benchmark: {
      type: "string",
      placeholder: "NAME",
      choices: TWIN_NAMES,
      help: "Whose twin",
      required: true,
    },
    output: {
      type: "string",
      placeholder: "DIR",
      help: "Folder to write into; new or empty",
      required: true,
    },
  },
  examples: ["--benchmark gsm8k --output .runs/twins/gsm8k"],
} as const satisfies TaskDefinition;

/**
 * Writes a twin and its data card; see `DEFINITION`.
 *
 * @param output Folder; made if it does not exist.
 * @throws {UsageError} If it exists and is not an empty folder.
 * @throws {Deno.errors.NotFound} If the twin has no data card.
 */
export async function makeTwin(twin: Twin, output: string): Promise<void> {
  await requireNewFolder(output);
  const card = await readTwinCard(twin);
  await twin.write(output);
  await Deno.writeTextFile(join(output, "README.md"), card);
}

async function requireNewFolder(path: string): Promise<void> {
  const rule = "--output must be a new or an empty folder";
  try {
    for await (const { name } of Deno.readDir(path)) {
      throw new UsageError(DEFINITION.name, rule, `${path} with ${name} in it`);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (error instanceof Deno.errors.NotADirectory) {
      throw new UsageError(DEFINITION.name, rule, `file ${path}`);
    }
    throw error;
  }
}

if (import.meta.main) {
  await runTask(DEFINITION, async ({ benchmark, output }) => {
    const twin = findTwin(benchmark);
    await makeTwin(twin, output);
    const { train, valid, test } = twin.sizes;
    console.log(
      `${output}: the twin of ${benchmark}, ${train} train, ${valid} valid and ${test} test tasks, and its data card, README.md`,
    );
  });
}
