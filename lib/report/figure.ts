/**
 * Figures as plain Plotly specifications.
 *
 * A figure is JSON: the same object is stored under results/, shown in a
 * notebook, compared in a test and exported to SVG, PDF and PNG. Sizes are
 * those of a printed paper, so that text has its real size when a figure is
 * included unscaled. Series differ in colour and in dash or symbol, so that
 * they can be told apart in print and by colour-blind readers.
 */

import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** A Plotly figure: https://plotly.com/javascript/plotlyjs-function-reference. */
export interface Figure {
  /** Traces. */
  readonly data: readonly JsonObject[];
  /** Axes, fonts, and `width` and `height` in CSS pixels. */
  readonly layout: JsonObject;
  /** Behaviour of the interactive figure. */
  readonly config: JsonObject;
}

/** One named line. */
export interface Series {
  /** Name in the legend. */
  readonly name: string;
  /** Horizontal positions, for example training steps. */
  readonly x: readonly number[];
  /** Values, as many as `x`. */
  readonly y: readonly number[];
}

/** One point of a two-dimensional embedding. */
export interface ScatterPoint {
  /** Horizontal position. */
  readonly x: number;
  /** Vertical position. */
  readonly y: number;
  /** Category, one colour and symbol each. */
  readonly category: string;
  /** Text shown when the pointer is on the point. */
  readonly label?: string;
}

/** Titles and size of a figure. */
export interface FigureOptions {
  /** Title above the plot. */
  readonly title: string;
  /** Title of the horizontal axis, with its unit. */
  readonly xTitle: string;
  /** Title of the vertical axis, with its unit. */
  readonly yTitle: string;
  /**
   * Width in millimetres.
   *
   * @default {ONE_COLUMN_MM}
   */
  readonly widthMm?: number;
}

/** Width of a figure in one column of a two-column paper. */
export const ONE_COLUMN_MM = 85;

/** Width of a figure across both columns. */
export const TWO_COLUMN_MM = 175;

/** CSS pixels in a millimetre: 96 per inch of 25.4 mm. */
export const PIXELS_PER_MM = 96 / 25.4;

/** Height of a figure as a part of its width. */
const ASPECT = 0.75;

/** 8 points, the size of captions in most journals, in CSS pixels. */
const FONT_PIXELS = 8 * 96 / 72;

/**
 * Okabe and Ito's colour-blind-safe palette, darkest contrast first; its
 * yellow is left out because thin yellow lines vanish on white.
 */
const PALETTE = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#000000",
];

const DASHES = ["solid", "dash", "dot", "dashdot"];

const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "x", "star"];

/**
 * Lines over a common horizontal axis, for example loss curves.
 *
 * @param series Lines, drawn and listed in this order.
 * @param options Titles and size.
 * @returns A Plotly figure.
 * @throws {RangeError} If there is no series, a series has no points, its `x`
 * and `y` differ in length, or a value is not finite.
 */
export function lineFigure(
  series: readonly Series[],
  options: FigureOptions,
): Figure {
  if (series.length === 0) fail(options, "it must have at least one series", 0);
  const data = series.map(({ name, x, y }, index) => {
    if (x.length === 0 || x.length !== y.length) {
      fail(
        options,
        `series '${name}' must have as many x as y, at least one`,
        `${x.length} and ${y.length}`,
      );
    }
    for (const value of [...x, ...y]) {
      if (!Number.isFinite(value)) {
        fail(options, `series '${name}' must be finite`, value);
      }
    }
    return {
      type: "scatter",
      mode: "lines",
      name: plainText(name),
      x: [...x],
      y: [...y],
      line: {
        color: PALETTE[index % PALETTE.length],
        dash: DASHES[index % DASHES.length],
        width: 1.5,
      },
    };
  });
  return houseFigure(data, options);
}

/**
 * Points in two dimensions, coloured by category, for example a UMAP of
 * latents.
 *
 * Categories get their colours in order of first appearance.
 *
 * @param points Points, at least one.
 * @param options Titles and size.
 * @returns A Plotly figure with one trace per category.
 * @throws {RangeError} If there is no point or a position is not finite.
 */
export function scatterFigure(
  points: readonly ScatterPoint[],
  options: FigureOptions,
): Figure {
  if (points.length === 0) fail(options, "it must have at least one point", 0);
  for (const [index, { x, y }] of points.entries()) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      fail(options, `point ${index} must be finite`, `(${x}, ${y})`);
    }
  }
  const groups = Map.groupBy(points, ({ category }) => category);
  const data = [...groups].map(([category, members], index) => ({
    type: "scatter",
    mode: "markers",
    name: plainText(category),
    x: members.map(({ x }) => x),
    y: members.map(({ y }) => y),
    text: members.map(({ label }) => plainText(label ?? category)),
    hoverinfo: "text",
    marker: {
      color: PALETTE[index % PALETTE.length],
      symbol: SYMBOLS[index % SYMBOLS.length],
      size: 5,
      opacity: 0.8,
    },
  }));
  return houseFigure(data, options);
}

/**
 * Reads a stored figure.
 *
 * @param text JSON text of a Plotly figure; `config` may be left out.
 * @returns The figure.
 * @throws {SyntaxError} If the text is something else.
 */
export function parseFigure(text: string): Figure {
  let figure: Json;
  let cause: unknown;
  try {
    figure = JSON.parse(text);
  } catch (error) {
    figure = null;
    cause = error;
  }
  if (!isFigure(figure)) {
    throw new SyntaxError(
      `Cannot read a figure as it must be a JSON object with 'data' and 'layout': current value is ${
        JSON.stringify(text.slice(0, 40))
      }`,
      { cause },
    );
  }
  return { config: {}, ...figure };
}

function isFigure(json: Json): json is Omit<Figure, "config"> & JsonObject {
  return isJsonObject(json) && isJsonObject(json.layout) &&
    Array.isArray(json.data) && json.data.every(isJsonObject);
}

function houseFigure(
  data: readonly JsonObject[],
  options: FigureOptions,
): Figure {
  const { title, xTitle, yTitle, widthMm = ONE_COLUMN_MM } = options;
  if (!(widthMm > 0 && widthMm < Infinity)) {
    fail(options, "its width in mm must be positive", widthMm);
  }
  const width = Math.round(widthMm * PIXELS_PER_MM);
  return {
    data,
    layout: {
      title: { text: title, font: { size: FONT_PIXELS * 1.1 }, x: 0.5 },
      width,
      height: Math.round(width * ASPECT),
      margin: { l: 46, r: 8, t: 26, b: 36 },
      font: {
        family: "Arial, Liberation Sans, Helvetica, sans-serif",
        size: FONT_PIXELS,
        color: "#000000",
      },
      paper_bgcolor: "#ffffff",
      plot_bgcolor: "#ffffff",
      xaxis: axis(xTitle),
      yaxis: axis(yTitle),
      showlegend: data.length > 1,
      // Below the plot, where it cannot cover a point.
      legend: {
        orientation: "h",
        x: 0.5,
        xanchor: "center",
        yref: "container",
        y: 0,
        yanchor: "bottom",
      },
    },
    // The tool bar would cover the title; dragging zooms without it.
    config: { displayModeBar: false },
  };
}

/** Plotly reads a small HTML in texts; names and labels are no HTML. */
function plainText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("\n", "<br>");
}

function axis(title: string): JsonObject {
  return {
    title: { text: title, standoff: 6, font: { size: FONT_PIXELS } },
    showline: true,
    mirror: true,
    ticks: "outside",
    ticklen: 3,
    linecolor: "#000000",
    gridcolor: "#e5e5e5",
    zeroline: false,
    automargin: true,
  };
}

function fail(options: FigureOptions, rule: string, value: unknown): never {
  throw new RangeError(
    `Cannot draw figure '${options.title}' as ${rule}: current value is ${value}`,
  );
}
