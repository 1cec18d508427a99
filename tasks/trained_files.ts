/** What the mini preset leaves for the quick one: adapters and weavers. */
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Learned, LearnedFiles } from "@/experiments/table_1.ts";

/** The file that says how the others came about. */
const ABOUT = "trained.json";

/** What was learned, by whom. */
export interface TrainedFilesKey {
  /** Name of the reasoner. */
  readonly reasoner: string;
  /** Checksum of its files. */
  readonly modelKey: string;
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** Name of the method. */
  readonly method: string;
}

interface About extends Learned {
  readonly modelKey: string;
}

/** Copies what a method learned to its place in `root`. */
export function writeTrainedFiles(
  root: string,
  key: TrainedFilesKey,
  { folder, learned }: LearnedFiles,
  made: string,
): void {
  const target = folderOf(root, key);
  rmSync(target, { recursive: true, force: true });
  cpSync(folder, target, { recursive: true });
  const about: About = { modelKey: key.modelKey, ...learned, made };
  const text = `${JSON.stringify(about, null, 1)}\n`;
  Deno.writeTextFileSync(join(target, ABOUT), text);
}

/** Whether anything was learned on a benchmark. */
export function hasTrainedFiles(
  root: string,
  { reasoner, benchmark }: Pick<TrainedFilesKey, "reasoner" | "benchmark">,
): boolean {
  return existsSync(join(root, reasoner, benchmark));
}

/**
 * What a method learned.
 *
 * @throws {Deno.errors.NotFound} If it is not there.
 * @throws {Error} If another reasoner learned it.
 */
export function readTrainedFiles(
  root: string,
  key: TrainedFilesKey,
): LearnedFiles {
  const folder = folderOf(root, key);
  const remedy =
    `deno task reproduce-table 1 --preset mini --reasoner ${key.reasoner} --benchmark ${key.benchmark} makes it`;
  let text: string;
  try {
    text = Deno.readTextFileSync(join(folder, ABOUT));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot use what ${key.method} learned on ${key.benchmark} as ${
        join(folder, ABOUT)
      } must exist (${remedy}): current value is no file`,
    );
  }
  const { modelKey, ...learned } = JSON.parse(text) as About;
  if (modelKey !== key.modelKey) {
    throw new Error(
      `Cannot use what ${folder} holds as ${key.reasoner}, ${key.modelKey}, must have learned it (${remedy}): current value is ${modelKey}`,
    );
  }
  return { folder, learned };
}

function folderOf(
  root: string,
  { reasoner, benchmark, method }: TrainedFilesKey,
): string {
  return join(root, reasoner, benchmark, method);
}
