/** Curves of a run as files: figures as JSON, and pictures of them. */
// deno-lint-ignore-file no-console
import { type Figure, ONE_COLUMN_MM } from "@/lib/report/mod.ts";
import { writeFigure } from "@/tasks/export_figures.ts";

/**
 * Writes NAME.json, and NAME.svg where there is a browser to draw it.
 *
 * @returns Paths of the files.
 */
export async function writeCurve(
  name: string,
  figure: Figure,
): Promise<string[]> {
  const path = `${name}.json`;
  await Deno.writeTextFile(path, `${JSON.stringify(figure)}\n`);
  try {
    const options = { formats: ["svg"], widthMm: ONE_COLUMN_MM } as const;
    return [path, ...await writeFigure(figure, name, options)];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`${error.message}; the curve is in ${path} only`);
    return [path];
  }
}
