/**
 * Trains a mini reasoner by SFT with several seeds, through an adapter or of all
 * weights, for the twins' data cards.
 */
import type { MiniReasoner } from "@/experiments/presets.ts";
import { measureSftRuns, SFT_SEEDS } from "@/experiments/sft_runs.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { savedFiles } from "@/tasks/trained_files.ts";
import { runOnTwins, type TwinRunsOptions } from "@/tasks/twin_runs.ts";

/** Parts of a run on the progress bar. */
const RUN_WEIGHT = 100;

/**
 * Trains by SFT, with each of `SFT_SEEDS` and a preset's steps and first rate,
 * and adds what the test says to the twins' numbers and cards. What Table 1's
 * mini preset trained so is not trained again.
 *
 * @param kind Through an adapter, or of all weights.
 * @throws As `runOnTwins` does.
 */
export async function measureSft(
  kind: "sft" | "fullSft",
  reasoner: MiniReasoner,
  options: TwinRunsOptions,
): Promise<void> {
  const { preset, trained, made: { backend: { precision } } } = options;
  const rates = preset.rates[kind].slice(0, 1);
  await runOnTwins(reasoner, {
    title: kind === "sft" ? "SFT" : "SFT of all weights",
    weight: () => RUN_WEIGHT * SFT_SEEDS.length,
    async run({ column, twin, key, study, methods, announce }) {
      const { benchmark, learned } = column;
      const method = methods(benchmark)[kind];
      const about = {
        reasoner,
        modelKey: key,
        benchmark: learned,
        method,
        precision,
      };
      const measured = await measureSftRuns({
        learned: study(findTwin(learned)),
        asked: study(twin),
        method,
        rate: rates[0],
        learnedBefore: (seed) =>
          savedFiles(about, {
            preset: { ...preset, seed },
            rates,
            trained,
            reuse: true,
          })?.folder,
        onSeed: (seed) => announce(`seed ${seed}`, RUN_WEIGHT),
      });
      return (numbers) => ({
        [kind]: { ...numbers[kind], [reasoner]: measured },
      });
    },
  }, options);
}
