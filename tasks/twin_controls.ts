/** Asks a mini reasoner the twins' negative controls, for their data cards. */
import {
  askedControls,
  controlsWeight,
  FORM_ONLY,
  measureControlRuns,
} from "@/experiments/control_runs.ts";
import type { MiniReasoner } from "@/experiments/presets.ts";
import {
  type Column,
  TRAINED,
  type TrainedMethods,
  trainWeight,
} from "@/experiments/table_1.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { readTrainedFiles } from "@/tasks/trained_files.ts";
import {
  runOnTwins,
  type TwinRunner,
  type TwinRunsOptions,
} from "@/tasks/twin_runs.ts";

/**
 * Asks the negative controls of the columns' twins with what Table 1's mini
 * preset trained, trains by SFT on their form alone, and adds what all say to
 * the twins' numbers and cards.
 *
 * @throws As `runOnTwins` does.
 * @throws {Deno.errors.NotFound} If nothing was trained on a twin: before any
 * work.
 * @throws {Error} If another reasoner was: before any work.
 */
export async function measureControls(
  reasoner: MiniReasoner,
  options: TwinRunsOptions,
): Promise<void> {
  const { preset, trained, made: { backend: { precision } } } = options;
  const folderOf = (
    { column: { learned: benchmark }, key, methods }: TwinRunner,
    name: keyof TrainedMethods,
  ): string => {
    const method = methods(benchmark)[name];
    return readTrainedFiles(
      trained,
      { reasoner, modelKey: key, benchmark, method, precision },
    ).folder;
  };
  const asked = (column: Column) => ({
    controls: askedControls(findTwin(column.benchmark)),
    formWeight: trainWeight(column, "sft", { reasoner, preset }),
  });
  await runOnTwins(reasoner, {
    title: "Controls",
    weight: (column) => controlsWeight(asked(column)),
    check(runner, { training = {} }) {
      for (const { method } of TRAINED) folderOf(runner, method);
      if (training[reasoner] !== undefined) return;
      const { benchmark } = runner.column;
      throw new Deno.errors.NotFound(
        `Cannot ask ${reasoner} the controls of ${benchmark} as its data card must have what training gives (deno task reproduce-table 1 --preset mini --reasoner ${reasoner} --benchmark ${benchmark} measures it): current value is nothing`,
      );
    },
    async run(runner) {
      const { column, study, methods, announce } = runner;
      const { benchmark, learned } = column;
      const measured = await measureControlRuns({
        ...asked(column),
        study: (control) => study(benchmark, control),
        form: study(learned, FORM_ONLY),
        methods: methods(benchmark),
        folderOf: (method) => folderOf(runner, method),
        rate: preset.rates.sft[0],
        seed: preset.seed,
        announce,
      });
      return ({ controls }) => ({
        controls: { ...controls, [reasoner]: measured },
      });
    },
  }, options);
}
