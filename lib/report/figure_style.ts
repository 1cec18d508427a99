/** Size, fonts and colours of every figure: those of a printed paper. */
import type { JsonObject } from "./json.ts";

/** A Plotly figure: https://plotly.com/javascript/plotlyjs-function-reference. */
export interface Figure {
  /** Traces. */
  readonly data: readonly JsonObject[];
  /** Axes, fonts, and `width` and `height` in CSS pixels. */
  readonly layout: JsonObject;
  /** Behaviour of the interactive figure. */
  readonly config: JsonObject;
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
export const FONT_PIXELS = 8 * 96 / 72;

/**
 * Okabe and Ito's colour-blind-safe palette, darkest contrast first; its
 * yellow is left out because thin yellow lines vanish on white.
 */
export const PALETTE = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#000000",
];

/** Of lines, in the order of the palette. */
export const DASHES = ["solid", "dash", "dot", "dashdot"];

/** Of points, likewise. */
export const SYMBOLS = [
  "circle",
  "square",
  "diamond",
  "triangle-up",
  "x",
  "star",
];

/** A figure of one panel with these traces. */
export function houseFigure(
  data: readonly JsonObject[],
  options: FigureOptions,
): Figure {
  const { title, xTitle, yTitle, widthMm = ONE_COLUMN_MM } = options;
  if (!(widthMm > 0 && widthMm < Infinity)) {
    failFigure(options, "its width in mm must be positive", widthMm);
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
export function plainText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("\n", "<br>");
}

/** An axis with its title. */
export function axis(title: string): JsonObject {
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

/** @throws {RangeError} That says what figure breaks which rule. */
export function failFigure(
  options: Pick<FigureOptions, "title">,
  rule: string,
  value: unknown,
): never {
  throw new RangeError(
    `Cannot draw figure '${options.title}' as ${rule}: current value is ${value}`,
  );
}
