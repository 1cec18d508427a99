/** Asks a mini reasoner what stands behind the twins' test splits, for their cards. */
import {
  askFurtherTasks,
  FURTHER_WEIGHT,
  furtherCount,
  furtherTwin,
} from "@/experiments/further_tasks.ts";
import type { MiniReasoner } from "@/experiments/presets.ts";
import type { Column } from "@/experiments/table_1.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { requireTrained, trainedFolder } from "@/tasks/trained_methods.ts";
import { runOnTwins, type TwinRunsOptions } from "@/tasks/twin_runs.ts";

/**
 * Asks the further test tasks of the columns' twins with every method of Table 1,
 * as its mini preset trained it, and adds what they say to the twins' numbers
 * and cards.
 *
 * @param options Columns whose twins have further tasks.
 * @param count Tasks of each, at most. @default {all}
 * @throws As `measureControls` does.
 */
export async function measureFurther(
  reasoner: MiniReasoner,
  options: TwinRunsOptions,
  count: number = mostTasks(options.columns),
): Promise<void> {
  await runOnTwins(reasoner, {
    title: "A larger test",
    weight: () => FURTHER_WEIGHT,
    check: (runner, numbers) =>
      requireTrained("further tasks", reasoner, runner, numbers, options),
    async run(runner) {
      const { column, twin, study, methods, announce } = runner;
      const measured = await askFurtherTasks({
        study: study(furtherTwin(twin)),
        methods: methods(column.benchmark),
        folderOf: (method) => trainedFolder(reasoner, runner, method, options),
        announce,
      });
      return ({ further }) => ({
        further: { ...further, [reasoner]: measured },
      });
    },
  }, { ...options, preset: { ...options.preset, testTasks: count } });
}

function mostTasks(columns: readonly Column[]): number {
  const counts = columns.map(({ benchmark }) =>
    furtherCount(findTwin(benchmark))
  );
  return Math.max(...counts);
}
