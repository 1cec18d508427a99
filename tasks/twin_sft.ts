/** Trains a mini reasoner by SFT with several seeds, for the twins' data cards. */
import type { MiniReasoner } from "@/experiments/presets.ts";
import { measureSftRuns, SFT_SEEDS } from "@/experiments/sft_runs.ts";
import { runOnTwins, type TwinRunsOptions } from "@/tasks/twin_runs.ts";

/** Parts of a run on the progress bar. */
const RUN_WEIGHT = 100;

/**
 * Trains by SFT, with each of `SFT_SEEDS` and a preset's steps and first rate,
 * and adds what the test says to the twins' numbers and cards.
 *
 * @throws As `runOnTwins` does.
 */
export async function measureSft(
  reasoner: MiniReasoner,
  options: TwinRunsOptions,
): Promise<void> {
  await runOnTwins(reasoner, {
    title: "SFT",
    weight: () => RUN_WEIGHT * SFT_SEEDS.length,
    async run({ column: { benchmark, learned }, study, methods, announce }) {
      const measured = await measureSftRuns({
        learned: study(learned),
        asked: study(benchmark),
        method: methods(benchmark).sft,
        rate: options.preset.rates.sft[0],
        onSeed: (seed) => announce(`seed ${seed}`, RUN_WEIGHT),
      });
      return ({ sft }) => ({ sft: { ...sft, [reasoner]: measured } });
    },
  }, options);
}
