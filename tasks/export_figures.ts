/** `deno task export-figures`: a stored figure as SVG, PDF and PNG. */
// deno-lint-ignore-file no-console
import { dirname } from "node:path";
import { findChromium } from "@/lib/report/chromium.ts";
import {
  type Figure,
  ONE_COLUMN_MM,
  parseFigure,
} from "@/lib/report/figure.ts";
import {
  exportFigure,
  FIGURE_FORMATS,
  type FigureFormat,
} from "@/lib/report/figure_export.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task export-figures` takes. */
export const DEFINITION = {
  name: "export-figures",
  description:
    "Draws a stored Plotly figure at its size in print: SVG, PDF (vectors, embedded fonts) and PNG (300 dots per inch). Needs Chromium or Chrome on PATH, or its path in CHROME_PATH.",
  options: {
    input: {
      type: "string",
      placeholder: "FILE",
      help: "JSON of a Plotly figure, as the experiments store it",
      required: true,
    },
    output: {
      type: "string",
      placeholder: "NAME",
      help: "Files to write, without the ending: NAME.svg, NAME.pdf, NAME.png",
      required: true,
    },
    format: {
      type: "string",
      placeholder: "LIST",
      help: "Which of svg, pdf and png, with commas between",
      default: FIGURE_FORMATS.join(","),
    },
    widthMm: {
      type: "number",
      placeholder: "MM",
      help: "Width; 85 is one column of a two-column paper, 175 both",
      minimum: 10,
      maximum: 1000,
      default: ONE_COLUMN_MM,
    },
  },
  examples: [
    "--input results/loss.json --output loss --format pdf,svg --width-mm 85",
  ],
} as const satisfies TaskDefinition;

/** Settings of {@linkcode writeFigure}. */
export interface WriteFigureOptions {
  /** Formats to write. */
  readonly formats: readonly FigureFormat[];
  /** Width in millimetres. */
  readonly widthMm: number;
}

/**
 * Draws a figure and writes `NAME.svg`, `NAME.pdf`, `NAME.png`, each whole or
 * not at all.
 *
 * @param figure A Plotly figure.
 * @param name Path of the files without their ending.
 * @param options Formats and width.
 * @returns Paths of the files.
 * @throws {Deno.errors.NotFound} If there is no browser, with what to install.
 */
export async function writeFigure(
  figure: Figure,
  name: string,
  { formats, widthMm }: WriteFigureOptions,
): Promise<string[]> {
  const browser = await findChromium({
    chromePath: Deno.env.get("CHROME_PATH"),
    path: Deno.env.get("PATH"),
  });
  const contents = await exportFigure(figure, { browser, widthMm });
  await Deno.mkdir(dirname(name), { recursive: true });
  return await Promise.all(formats.map(async (format) => {
    const path = `${name}.${format}`;
    await Deno.writeFile(`${path}.part`, contents[format]);
    await Deno.rename(`${path}.part`, path);
    return path;
  }));
}

/**
 * Reads the value of `--format`.
 *
 * @param list For example `svg,pdf`.
 * @returns The formats, in the order given.
 * @throws {UsageError} If one is unknown or given twice.
 */
export function parseFormats(list: string): FigureFormat[] {
  const names = list.split(",");
  const isKnown = (name: string): name is FigureFormat =>
    FIGURE_FORMATS.some((format) => format === name);
  if (!names.every(isKnown) || new Set(names).size !== names.length) {
    throw new UsageError(
      DEFINITION.name,
      `--format must be different names out of ${FIGURE_FORMATS.join(", ")}`,
      list,
    );
  }
  return names;
}

/**
 * Reads a stored figure.
 *
 * @param path JSON file.
 * @returns The figure.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If it holds something else.
 */
export async function readFigure(path: string): Promise<Figure> {
  let text;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(
      `Cannot export a figure as --input must be a file: current value is ${path}`,
      { cause },
    );
  }
  try {
    return parseFigure(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(`${path}: ${cause.message}`, { cause });
  }
}

if (import.meta.main) {
  await runTask(DEFINITION, async ({ input, output, format, widthMm }) => {
    const formats = parseFormats(format);
    const figure = await readFigure(input);
    try {
      const paths = await writeFigure(figure, output, { formats, widthMm });
      for (const path of paths) console.log(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Deno.errors.NotFound(
        `${error.message}; the figure itself is unharmed in ${input}`,
        { cause: error },
      );
    }
  });
}
