/**
 * Figures as SVG, PDF and PNG files for papers and web pages.
 *
 * plotly.js draws the figure to SVG in a headless Chromium; the same SVG is
 * then printed to a PDF page of its size (vectors, embedded fonts; Chromium rounds
 * a page to whole points) and photographed at print resolution. This file is not part of `mod.ts`, because
 * whoever imports it downloads plotly.js.
 */

import { type ChromiumPage, withChromium } from "./chromium.ts";
import { type Figure, ONE_COLUMN_MM, PIXELS_PER_MM } from "./figure.ts";

/** All formats that a figure can be exported to. */
export const FIGURE_FORMATS = ["svg", "pdf", "png"] as const;

/** A format that a figure can be exported to. */
export type FigureFormat = typeof FIGURE_FORMATS[number];

/** Settings of {@linkcode exportFigure}. */
export interface FigureExportOptions {
  /** Path of Chromium or Chrome, see `findChromium`. */
  readonly browser: string;
  /**
   * Width of the drawing in millimetres; the height follows.
   *
   * @default {ONE_COLUMN_MM}
   */
  readonly widthMm?: number;
}

/** Dots per inch that journals ask for in colour images. */
const PNG_DOTS_PER_INCH = 300;

const MM_PER_INCH = 25.4;

/** Plotly's own ratio of width to height for a figure without a size. */
const DEFAULT_ASPECT = 450 / 700;

/** Size of the drawing in its own whole pixels and on paper. */
interface Size {
  readonly width: number;
  readonly height: number;
  readonly widthMm: number;
  readonly heightMm: number;
}

/**
 * Draws a figure in all formats.
 *
 * Text keeps its size in points at any width, because the figure is laid out
 * anew for the width and not scaled.
 *
 * @param figure A Plotly figure.
 * @param options Browser and width.
 * @returns The content of one file per format. In the SVG, fonts are named, not
 * embedded.
 * @throws {RangeError} If the width is not positive.
 * @throws {Error} If the browser fails or Plotly refuses the figure.
 */
export async function exportFigure(
  figure: Figure,
  options: FigureExportOptions,
): Promise<Record<FigureFormat, Uint8Array<ArrayBuffer>>> {
  const { browser, widthMm = ONE_COLUMN_MM } = options;
  if (!(widthMm > 0 && widthMm < Infinity)) {
    throw new RangeError(
      `Cannot export a figure as its width in mm must be positive: current value is ${widthMm}`,
    );
  }
  const size = sizeAt(figure, widthMm);
  const { default: plotly } = await import(
    "plotly.js/dist/plotly.min.js",
    { with: { type: "text" } }
  );
  return await withChromium(browser, async (page) => {
    await evaluate(page, `${plotly}; "loaded"`);
    const svg = withSizeInMm(await drawSvg(page, figure, size), size);
    await evaluate(
      page,
      `document.documentElement.innerHTML = ${
        JSON.stringify(pageAround(svg, size))
      }; document.fonts.ready.then(() => "ready")`,
    );
    return {
      svg: new TextEncoder().encode(svg),
      pdf: await printPdf(page),
      png: await capturePng(page, size),
    };
  });
}

/** Size in CSS pixels at a width; the figure's own ratio is kept. */
function sizeAt({ layout }: Figure, widthMm: number): Size {
  const { width: ownWidth, height: ownHeight } = layout;
  const hasSize = Number(ownWidth) > 0 && Number(ownHeight) > 0;
  const aspect = hasSize
    ? Number(ownHeight) / Number(ownWidth)
    : DEFAULT_ASPECT;
  const width = Math.round(widthMm * PIXELS_PER_MM);
  const height = Math.round(width * aspect);
  return { width, height, widthMm, heightMm: widthMm * height / width };
}

async function drawSvg(
  page: ChromiumPage,
  { data, layout }: Figure,
  { width, height }: Size,
): Promise<string> {
  const figure = JSON.stringify({ data, layout });
  const options = { format: "svg", imageDataOnly: true, width, height };
  // Plotly names clip paths at random. The same figure shall give the same file,
  // and two figures on one web page shall have different names.
  await evaluate(
    page,
    `
    let state = 1;
    for (const letter of ${JSON.stringify(figure)}) {
      state = (31 * state + letter.codePointAt(0)) % 2147483647;
    }
    Math.random = () => (state = 16807 * state % 2147483647) / 2147483647;
    "seeded"`,
  );
  return await evaluate(
    page,
    `Plotly.toImage(${figure}, ${JSON.stringify(options)})`,
  );
}

/** The root element gets its size in print; the drawing keeps its own units. */
function withSizeInMm(svg: string, { widthMm, heightMm }: Size): string {
  const start = svg.indexOf("<svg ");
  const end = svg.indexOf(">", start);
  const root = svg.slice(start, end)
    .replace(/ width="[^"]*"/, ` width="${widthMm}mm"`)
    .replace(/ height="[^"]*"/, ` height="${heightMm}mm"`);
  return root + svg.slice(end);
}

/** A page that holds the drawing and nothing else. */
function pageAround(svg: string, { widthMm, heightMm }: Size): string {
  return `<head><style>
    @page { size: ${widthMm}mm ${heightMm}mm; margin: 0 }
    body { margin: 0 }
    svg { display: block }
  </style></head><body>${svg}</body>`;
}

async function printPdf(page: ChromiumPage): Promise<Uint8Array<ArrayBuffer>> {
  const { data } = await page.send("Page.printToPDF", {
    preferCSSPageSize: true,
    printBackground: true,
    // Rounding must not make a second page.
    pageRanges: "1",
  });
  return Uint8Array.fromBase64(String(data));
}

async function capturePng(
  page: ChromiumPage,
  { widthMm, heightMm }: Size,
): Promise<Uint8Array<ArrayBuffer>> {
  const { data } = await page.send("Page.captureScreenshot", {
    format: "png",
    captureBeyondViewport: true,
    clip: {
      x: 0,
      y: 0,
      width: widthMm * PIXELS_PER_MM,
      height: heightMm * PIXELS_PER_MM,
      scale: PNG_DOTS_PER_INCH / (PIXELS_PER_MM * MM_PER_INCH),
    },
  });
  return Uint8Array.fromBase64(String(data));
}

/** Value of a JavaScript expression in the page; a promise is awaited. */
async function evaluate(
  page: ChromiumPage,
  expression: string,
): Promise<string> {
  const { result, exceptionDetails } = await page.send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  }) as {
    result: { value: string };
    exceptionDetails?: { text: string; exception?: { description?: string } };
  };
  if (exceptionDetails !== undefined) {
    const { text, exception } = exceptionDetails;
    // The description goes on with the stack of plotly.js.
    const [reason] = (exception?.description ?? text).split("\n");
    throw new Error(
      `Cannot draw the figure as plotly.js must accept it: it says ${reason}`,
    );
  }
  return result.value;
}
