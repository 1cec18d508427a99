/** Asks a mini reasoner the twins' negative controls, for their data cards. */
import {
  askedControls,
  controlsWeight,
  controlTwin,
  FORM_ONLY,
  measureControlRuns,
} from "@/experiments/control_runs.ts";
import type { MiniReasoner } from "@/experiments/presets.ts";
import { type Column, trainWeight } from "@/experiments/table_1.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { requireTrained, trainedFolder } from "@/tasks/trained_methods.ts";
import { runOnTwins, type TwinRunsOptions } from "@/tasks/twin_runs.ts";

/**
 * Asks the negative controls of the columns' twins with what Table 1's mini
 * preset trained, trains by SFT on their form alone, and adds what all say to
 * the twins' numbers and cards.
 *
 * @throws As `runOnTwins` does.
 * @throws {Deno.errors.NotFound} If nothing was trained on a twin: before any
 * work.
 * @throws {Error} If another reasoner was, or on another twin: before any work.
 */
export async function measureControls(
  reasoner: MiniReasoner,
  options: TwinRunsOptions,
): Promise<void> {
  const { preset } = options;
  const asked = (column: Column) => ({
    controls: askedControls(findTwin(column.benchmark)),
    formWeight: trainWeight(column, "sft", { reasoner, preset }),
  });
  await runOnTwins(reasoner, {
    title: "Controls",
    weight: (column) => controlsWeight(asked(column)),
    check: (runner, numbers) =>
      requireTrained("the controls", reasoner, runner, numbers, options),
    async run(runner) {
      const { column, twin, study, methods, announce } = runner;
      const learned = findTwin(column.learned);
      const measured = await measureControlRuns({
        ...asked(column),
        study: (control) =>
          study(control === undefined ? twin : controlTwin(twin, control)),
        form: study(controlTwin(learned, FORM_ONLY)),
        methods: methods(column.benchmark),
        folderOf: (method) => trainedFolder(reasoner, runner, method, options),
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
