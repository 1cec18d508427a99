/** What a task writes, looked at before the task's work is done. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UsageError } from "@/tasks/cli.ts";

/**
 * Refuses an output that could not be written at the end, or that would
 * replace the input.
 *
 * @param task Name of the task, for messages.
 * @throws {UsageError} If the output is the input or a folder.
 * @throws {Deno.errors.NotFound} If the output's folder does not exist.
 */
export function requireOutputFile(
  task: string,
  { input, output }: {
    /** What `--input` or the like says. */
    readonly input: string;
    /** What `--output` says. */
    readonly output: string;
  },
): void {
  if (resolve(input) === resolve(output)) {
    const rule = "--output must be another file than the input";
    throw new UsageError(task, rule, output);
  }
  if (isFolder(output)) {
    throw new UsageError(task, "--output must be a file", `folder ${output}`);
  }
  if (!isFolder(dirname(output))) {
    throw new Deno.errors.NotFound(
      `Cannot write ${output} as its folder must exist: current value is none`,
    );
  }
}

/**
 * Refuses a folder that could not be written at the end.
 *
 * @param task Name of the task, for messages.
 * @throws {UsageError} If there is a file in its place.
 */
export function requireOutputFolder(task: string, output: string): void {
  if (existsSync(output) && !isFolder(output)) {
    throw new UsageError(task, "--output must be a folder", `file ${output}`);
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
