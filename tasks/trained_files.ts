/** What the mini preset leaves for the quick one: adapters and weavers. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  type MiniReasoner,
  type Table1Preset,
  trainingSteps,
} from "@/experiments/presets.ts";
import { trainingBatchSize } from "@/experiments/supervised_study.ts";
import type { Learned, LearnedFiles } from "@/experiments/table_1.ts";
import type { Method } from "@/experiments/methods/method.ts";
import { findTwin, trainingKey } from "@/lib/benchmarks/twins/mod.ts";
import type { Precision } from "@/lib/tensorflow/mod.ts";

/** What was learned, by whom. */
export interface TrainedFilesKey {
  /** Name of the reasoner. */
  readonly reasoner: MiniReasoner;
  /** Checksum of its files. */
  readonly modelKey: string;
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** What learned. */
  readonly method: Pick<Method, "id" | "settings">;
  /** What the backend multiplies in. */
  readonly precision: Precision;
}

interface About extends Learned {
  readonly modelKey: string;
  /** Of the twin that it learned on. */
  readonly trainingKey: string;
  /** Of the training. */
  readonly precision: Precision;
  /** Of the method. */
  readonly settings: Method["settings"];
}

/**
 * Copies what a method learned to its place in `root`. How it came about stands
 * beside the folder: its files are those of the ledger's cell, and so is their
 * checksum.
 */
export function writeTrainedFiles(
  root: string,
  key: TrainedFilesKey,
  { folder, learned }: LearnedFiles,
): void {
  const target = folderOf(root, key);
  rmSync(target, { recursive: true, force: true });
  cpSync(folder, target, { recursive: true });
  const about: About = { ...circumstances(key), ...learned };
  const text = `${JSON.stringify(about, null, 1)}\n`;
  Deno.writeTextFileSync(aboutOf(root, key), text);
}

/** How a table wants what its methods learned. */
export interface SavedOptions {
  /** Sizes. */
  readonly preset: Table1Preset;
  /** Learning rates that are tried. */
  readonly rates: readonly number[];
  /** The folder with what was learned. */
  readonly trained: string;
  /**
   * Whether what is there already, and was learned so, is not trained again.
   *
   * @default {false}
   */
  readonly reuse?: boolean;
}

/**
 * What a method learned before; undefined where it is to be trained: where the
 * preset says so, and nothing is there that was learned in this way or none of
 * it is to be used.
 *
 * @throws {Deno.errors.NotFound} If the preset takes it as it was left, and it
 * is not there.
 * @throws {Error} If it does, and another reasoner learned it, or on other tasks.
 */
export function savedFiles(
  key: TrainedFilesKey,
  { preset, rates, trained, reuse = false }: SavedOptions,
): LearnedFiles | undefined {
  const { reasoner, benchmark } = key;
  if (preset.trained !== undefined) {
    return preset.trained.includes(benchmark)
      ? undefined
      : readTrainedFiles(trained, key);
  }
  const about = reuse ? readAbout(trained, key) : undefined;
  if (about === undefined) return undefined;
  const wanted = {
    ...circumstances(key),
    tried: rates,
    steps: trainingSteps(preset, reasoner, benchmark),
    batchSize: trainingBatchSize(findTwin(benchmark), preset),
    seed: preset.seed,
  };
  const { modelKey, precision, settings, steps, batchSize, seed } = about;
  const found = {
    modelKey,
    trainingKey: about.trainingKey,
    precision,
    settings,
    tried: about.tried.map(({ rate }) => rate),
    steps,
    batchSize,
    seed,
  };
  return isDeepStrictEqual(found, wanted)
    ? readTrainedFiles(trained, key)
    : undefined;
}

/**
 * What a method learned.
 *
 * @throws {Deno.errors.NotFound} If it is not there.
 * @throws {Error} If another reasoner learned it, or on other tasks.
 */
export function readTrainedFiles(
  root: string,
  key: TrainedFilesKey,
): LearnedFiles {
  const folder = folderOf(root, key);
  const remedy =
    `deno task reproduce-table 1 --preset mini --reasoner ${key.reasoner} --benchmark ${key.benchmark} makes it`;
  const about = readAbout(root, key);
  if (about === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot use what ${key.method.id} learned on ${key.benchmark} as ${
        aboutOf(root, key)
      } must exist (${remedy}): current value is no file`,
    );
  }
  const {
    modelKey,
    trainingKey: found,
    precision: _,
    settings: __,
    ...learned
  } = about;
  if (modelKey !== key.modelKey) {
    throw new Error(
      `Cannot use what ${folder} holds as ${key.reasoner}, ${key.modelKey}, must have learned it (${remedy}): current value is ${modelKey}`,
    );
  }
  const wanted = trainingKey(findTwin(key.benchmark));
  if (found !== wanted) {
    throw new Error(
      `Cannot use what ${folder} holds as the twin that it learned on must be today's, ${wanted} (${remedy}): current value is ${found}`,
    );
  }
  return { folder, learned: { ...learned, isSaved: true } };
}

/** What must be the same for what was learned to be the same. */
function circumstances(
  { modelKey, benchmark, method: { settings }, precision }: TrainedFilesKey,
): Pick<About, "modelKey" | "trainingKey" | "precision" | "settings"> {
  return {
    modelKey,
    trainingKey: trainingKey(findTwin(benchmark)),
    precision,
    settings,
  };
}

/** How it came about; undefined if it is not there. */
function readAbout(root: string, key: TrainedFilesKey): About | undefined {
  try {
    const text = Deno.readTextFileSync(aboutOf(root, key));
    return JSON.parse(text) as About;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The file that says how a method's others came about. */
function aboutOf(root: string, key: TrainedFilesKey): string {
  return `${folderOf(root, key)}.json`;
}

function folderOf(
  root: string,
  { reasoner, benchmark, method }: TrainedFilesKey,
): string {
  return join(root, reasoner, benchmark, method.id);
}
