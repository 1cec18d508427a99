/**
 * Plotly figures of an executed notebook, drawn as SVG beside their JSON for
 * readers that have no Plotly, such as a notebook on GitHub.
 */
import { type Figure, PIXELS_PER_MM } from "@/lib/report/figure.ts";
import { exportFigure } from "@/lib/report/figure_export.ts";

const PLOTLY = "application/vnd.plotly.v1+json";
const SVG = "image/svg+xml";

/** What is needed of a notebook (nbformat 4). */
interface StoredNotebook {
  readonly cells: readonly {
    readonly outputs?: readonly {
      data?: Readonly<Record<string, unknown>>;
    }[];
  }[];
}

/**
 * Adds the SVG of every figure that has none.
 *
 * @param text An executed notebook that is known to be well-formed.
 * @param browser Path of Chromium or Chrome, see `findChromium`.
 * @returns The notebook's text, otherwise unchanged.
 * @throws {Error} If the browser fails or Plotly refuses a figure.
 */
export async function addStaticFigures(
  text: string,
  browser: string,
): Promise<string> {
  const notebook: StoredNotebook = JSON.parse(text);
  for (const output of notebook.cells.flatMap(({ outputs = [] }) => outputs)) {
    const figure = output.data?.[PLOTLY];
    if (figure === undefined || SVG in output.data!) continue;
    const svg = await drawSvg(figure as Figure, browser);
    // In the order of their names, as nbformat writes them.
    const forms = Object.entries({ ...output.data, [SVG]: svg });
    output.data = Object.fromEntries(forms.sort(([a], [b]) => a < b ? -1 : 1));
  }
  return JSON.stringify(notebook, null, 1) + "\n";
}

async function drawSvg(figure: Figure, browser: string): Promise<string> {
  const { width } = figure.layout;
  const { svg } = await exportFigure(figure, {
    browser,
    widthMm: typeof width === "number" ? width / PIXELS_PER_MM : undefined,
  });
  return new TextDecoder().decode(svg);
}
