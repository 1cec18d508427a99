/**
 * Figures as plain Plotly specifications.
 *
 * A figure is JSON: the same object is stored under results/, shown in a
 * notebook, compared in a test and exported to SVG, PDF and PNG. Sizes are
 * those of a printed paper, so that text has its real size when a figure is
 * included unscaled. Series differ in colour and in dash or symbol, so that
 * they can be told apart in print and by colour-blind readers.
 */

import {
  DASHES,
  failFigure,
  type Figure,
  type FigureOptions,
  houseFigure,
  PALETTE,
  plainText,
  SYMBOLS,
} from "./figure_style.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

export {
  type Figure,
  type FigureOptions,
  ONE_COLUMN_MM,
  PIXELS_PER_MM,
  TWO_COLUMN_MM,
} from "./figure_style.ts";

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
  if (series.length === 0) {
    failFigure(options, "it must have at least one series", 0);
  }
  const data = series.map(({ name, x, y }, index) => {
    if (x.length === 0 || x.length !== y.length) {
      failFigure(
        options,
        `series '${name}' must have as many x as y, at least one`,
        `${x.length} and ${y.length}`,
      );
    }
    for (const value of [...x, ...y]) {
      if (!Number.isFinite(value)) {
        failFigure(options, `series '${name}' must be finite`, value);
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
  if (points.length === 0) {
    failFigure(options, "it must have at least one point", 0);
  }
  for (const [index, { x, y }] of points.entries()) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      failFigure(options, `point ${index} must be finite`, `(${x}, ${y})`);
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
