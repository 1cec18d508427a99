/** Every comparison of a parity folder, model by model, then GRPO's. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadModel, type Model, openSafetensors } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import type { CaseResult } from "@/tasks/parity/comparison.ts";
import {
  EXPECTED_LANGUAGE,
  EXPECTED_MEMGEN,
  openMemgenCase,
} from "@/tasks/parity/expected_files.ts";
import { listOf, readJson } from "@/tasks/parity/json_reader.ts";
import {
  checkAdapter,
  checkLanguageModel,
} from "@/tasks/parity/language_model.ts";
import { checkGeneration } from "@/tasks/parity/memgen_generation.ts";
import { checkModules } from "@/tasks/parity/memgen_modules.ts";
import { checkRun, checkSupervised } from "@/tasks/parity/memgen_training.ts";
import {
  checkPolicyLoss,
  EXPECTED_POLICY_LOSS,
  type ExpectedPolicyLoss,
} from "@/tasks/parity/policy_loss.ts";

const MEMGEN_CASES = ["memgen-always", "memgen-trigger"] as const;

/** Cases of every model. */
export const CASES = ["lm", "adapter", ...MEMGEN_CASES] as const;

/** One of `CASES`. */
export type CaseName = typeof CASES[number];

/** What needs no model, in place of a model's name. */
export const GRPO = "grpo";

/** A case that was run. */
export interface CaseRun extends CaseResult {
  /** Folder of the model, or `GRPO`. */
  readonly model: string;
  /** Name of the case; of `GRPO`, its number in the file, from 0. */
  readonly case: string;
}

/** Where the parity data lies. */
export interface ParityFolders {
  /** Folder with a folder for each model. */
  readonly models: string;
  /** Folder with a folder of expected results for each model. */
  readonly expected: string;
}

/**
 * Models with expected results, in the order of their names.
 *
 * @throws {Deno.errors.NotFound} If there is none, or a model does not exist.
 */
async function listModels(
  { models, expected }: ParityFolders,
): Promise<string[]> {
  const names = (await listFolders(expected)).sort();
  if (names.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot check parity as ${expected} must hold a folder for each model: current value is none`,
    );
  }
  const present = await listFolders(models);
  const missing = names.find((name) => !present.includes(name));
  if (missing !== undefined) {
    throw new Deno.errors.NotFound(
      `Cannot check parity as ${models} must hold every model of ${expected}: current value is none for ${missing}`,
    );
  }
  return names;
}

/**
 * Refuses an expected file that is missing or malformed, before any work.
 *
 * @throws As `readJson` and `openSafetensors` do.
 */
function requireExpectedFiles(folder: string): void {
  readJson(join(folder, "lm.json"), EXPECTED_LANGUAGE);
  const tensorFiles = ["lm.safetensors", "adapter_logits.safetensors"];
  for (const name of MEMGEN_CASES) {
    readJson(join(folder, name, "expected.json"), EXPECTED_MEMGEN);
    tensorFiles.push(join(name, "expected.safetensors"));
  }
  for (const file of tensorFiles) {
    openSafetensors(join(folder, file))[Symbol.dispose]();
  }
}

/** The settings of grpo.json; none if the folder has no such file. */
function readPolicyLosses(folder: string): ExpectedPolicyLoss[] {
  const file = join(folder, "grpo.json");
  if (!existsSync(file)) return [];
  return readJson(file, listOf(EXPECTED_POLICY_LOSS));
}

/**
 * Runs all cases of all models, in turn, and GRPO's if the folder has them.
 *
 * @throws As `listModels`, `loadModel`, `readJson`, `openSafetensors` and
 * `loadMemgen` do for bad files.
 */
export async function* runParity(
  folders: ParityFolders,
): AsyncGenerator<CaseRun> {
  const names = await listModels(folders);
  for (const name of names) requireExpectedFiles(join(folders.expected, name));
  const policyLosses = readPolicyLosses(folders.expected);
  for (const name of names) {
    const model = await loadModel(join(folders.models, name));
    try {
      for (const each of CASES) {
        const folder = join(folders.expected, name);
        const result = await runCase(model, folder, each);
        yield { model: name, case: each, ...result };
      }
    } finally {
      disposeTree(model.weights);
    }
  }
  for (const [i, expected] of policyLosses.entries()) {
    yield { model: GRPO, case: `${i}`, ...checkPolicyLoss(expected) };
  }
}

async function runCase(
  model: Model,
  folder: string,
  name: CaseName,
): Promise<CaseResult> {
  if (name === "lm") return checkLanguageModel(model, folder);
  if (name === "adapter") return checkAdapter(model, folder);
  using parity = await openMemgenCase(model, join(folder, name));
  return merge([
    checkModules(parity),
    checkGeneration(parity),
    await checkSupervised(parity),
    await checkRun(parity),
  ]);
}

function merge(results: readonly CaseResult[]): CaseResult {
  return {
    values: Object.assign({}, ...results.map(({ values }) => values)),
    comparisons: results.flatMap(({ comparisons }) => comparisons),
  };
}

async function listFolders(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(path)) {
      if (entry.isDirectory) names.push(entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot check parity as ${path} must be a folder: current value is none`,
    );
  }
  return names;
}
