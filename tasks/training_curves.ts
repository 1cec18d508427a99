/** Curves of a run: figures, and files of them. */
// deno-lint-ignore-file no-console
import {
  type Figure,
  lineFigure,
  meanCurve,
  ONE_COLUMN_MM,
} from "@/lib/report/mod.ts";
import type { StepMetrics } from "@/lib/training/mod.ts";
import { writeFigure } from "@/tasks/export_figures.ts";

/** What is drawn of a run, where it is logged, with its axis. */
const DRAWN = { loss: "Loss", reward: "Reward" };

/** Points of a curve, at most. */
const POINTS = 50;

/**
 * Figures of a run, by name.
 *
 * @param title What was trained.
 * @param metrics Of every step, at least one.
 */
export function trainingFigures(
  title: string,
  metrics: readonly StepMetrics[],
): Map<string, Figure> {
  const size = Math.ceil(metrics.length / POINTS);
  const note = size === 1 ? "" : `, means over ${size} steps`;
  return new Map(
    Object.entries(DRAWN)
      .filter(([name]) => metrics[0][name] !== undefined)
      .map(([name, yTitle]) => {
        const values = metrics.map((step) => step[name]);
        const figure = lineFigure([meanCurve(title, values, size)], {
          title: `${yTitle} of ${title}${note}`,
          xTitle: "Step",
          yTitle,
        });
        return [name, figure];
      }),
  );
}

/**
 * Writes NAME.json, and NAME.svg where a browser draws it. A picture that
 * cannot be drawn is only reported: what was trained is worth more.
 */
export async function writeCurve(name: string, figure: Figure): Promise<void> {
  const path = `${name}.json`;
  await Deno.writeTextFile(path, `${JSON.stringify(figure)}\n`);
  try {
    const options = { formats: ["svg"], widthMm: ONE_COLUMN_MM } as const;
    await writeFigure(figure, name, options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [message] = error.message.split("\n");
    console.error(`${message}; the curve is in ${path} only`);
  }
}
