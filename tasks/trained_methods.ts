/** What Table 1's mini preset trained on a twin, for those who ask more with it. */
import type { MiniReasoner } from "@/experiments/presets.ts";
import { TRAINED, type TrainedMethods } from "@/experiments/table_1.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";
import { readTrainedFiles } from "@/tasks/trained_files.ts";
import type { TwinRunner, TwinRunsOptions } from "@/tasks/twin_runs.ts";

/**
 * The folder with what a method learned for a column.
 *
 * @throws As `readTrainedFiles` does.
 */
export function trainedFolder(
  reasoner: MiniReasoner,
  { column: { learned: benchmark }, key, methods }: TwinRunner,
  name: keyof TrainedMethods,
  { trained, made }: Pick<TwinRunsOptions, "trained" | "made">,
): string {
  return readTrainedFiles(trained, {
    reasoner,
    modelKey: key,
    benchmark,
    method: methods(benchmark)[name],
    precision: made.backend.precision,
  }).folder;
}

/**
 * Checks that all methods were trained for a column, and that its data card says
 * what that gave: what is asked with them is held against it.
 *
 * @param asked What is asked, for the message.
 * @throws As `readTrainedFiles` does.
 * @throws {Deno.errors.NotFound} If the card does not say so.
 */
export function requireTrained(
  asked: string,
  reasoner: MiniReasoner,
  runner: TwinRunner,
  { training = {} }: TwinNumbers,
  options: Pick<TwinRunsOptions, "trained" | "made">,
): void {
  for (const { method } of TRAINED) {
    trainedFolder(reasoner, runner, method, options);
  }
  if (training[reasoner] !== undefined) return;
  const { benchmark } = runner.column;
  throw new Deno.errors.NotFound(
    `Cannot ask ${reasoner} ${asked} of ${benchmark} as its data card must have what training gives (deno task reproduce-table 1 --preset mini --reasoner ${reasoner} --benchmark ${benchmark} measures it): current value is nothing`,
  );
}
