/** Trains a mini reasoner by SFT with several seeds, for the twins' data cards. */
import { join } from "node:path";
import { Ledger } from "@/experiments/ledger.ts";
import { sftMethod } from "@/experiments/methods/sft.ts";
import type { MiniReasoner, Table1Preset } from "@/experiments/presets.ts";
import { measureSftRuns, SFT_SEEDS } from "@/experiments/sft_runs.ts";
import type { Column } from "@/experiments/table_1.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { Generator, loadModel } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { modelKey } from "@/tasks/model_key.ts";
import type { Provenance } from "@/tasks/provenance.ts";
import { TableProgress } from "@/tasks/table_progress.ts";
import {
  readTwinNumbers,
  TWIN_RESULTS,
  writeTwinNumbers,
} from "@/tasks/twin_results.ts";
import { twinStudies } from "@/tasks/twin_studies.ts";

/** Parts of a run on the progress bar. */
const RUN_WEIGHT = 100;

/** What is measured, and where. */
export interface MeasureSftOptions {
  /** Sizes. */
  readonly preset: Table1Preset;
  /** Columns of Table 1. */
  readonly columns: readonly Column[];
  /** Folder of the mini reasoners. */
  readonly reasoners: string;
  /** Folder of the ledger. */
  readonly work: string;
  /** Folder of the twins' numbers. @default {TWIN_RESULTS} */
  readonly folder?: string;
  /** What computes. */
  readonly made: Provenance;
  /** Stops between two steps. */
  readonly signal: AbortSignal;
}

/**
 * Trains by SFT, with each of `SFT_SEEDS` and a preset's steps and first rate,
 * and adds what the test says to the twins' numbers and cards.
 *
 * @throws {Interrupted} If the signal stopped it.
 * @throws {Deno.errors.NotFound} If a twin was never measured, or there is no
 * such reasoner: before any work.
 */
export async function measureSft(
  reasoner: MiniReasoner,
  options: MeasureSftOptions,
): Promise<void> {
  const { preset, columns, work, made, signal, folder = TWIN_RESULTS } =
    options;
  const twins = columns.map(({ benchmark }) => findTwin(benchmark));
  for (const twin of twins) {
    if (await readTwinNumbers(twin, folder) === undefined) {
      throw new Deno.errors.NotFound(
        `Cannot measure SFT of ${reasoner} as --measure must have measured all twins: current value is no numbers of ${twin.benchmark.name}`,
      );
    }
  }
  const model = await loadModel(join(options.reasoners, reasoner));
  const key = await modelKey(join(options.reasoners, reasoner));
  const generator = new Generator(model, "always");
  const method = sftMethod(model);
  const runs = columns.length * SFT_SEEDS.length;
  const bar = new TableProgress("SFT", RUN_WEIGHT * runs);
  using ledger = new Ledger(work);
  const study = twinStudies({
    reasoner,
    model,
    key,
    generator,
    preset,
    ledger,
    made,
    signal,
    bar,
  });
  for (const [i, { title, benchmark, learned }] of columns.entries()) {
    const measured = await measureSftRuns({
      learned: study(learned),
      asked: study(benchmark),
      method,
      rate: preset.rates.sft[0],
      onSeed: (seed) => bar.announce(`${title}, seed ${seed}`, RUN_WEIGHT),
    });
    const numbers = (await readTwinNumbers(twins[i], folder))!;
    const sft = { ...numbers.sft, [reasoner]: measured };
    await writeTwinNumbers(twins[i], { ...numbers, sft }, folder);
  }
  bar.end();
  generator.dispose();
  disposeTree(model.weights);
}
