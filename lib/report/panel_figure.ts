/**
 * Small multiples: one series of lines for every pair of what is measured (a
 * row) and what is varied (a column), over logarithmic values.
 */
import {
  axis,
  DASHES,
  failFigure,
  type Figure,
  FONT_PIXELS,
  houseFigure,
  PALETTE,
  plainText,
  SYMBOLS,
  TWO_COLUMN_MM,
} from "./figure_style.ts";
import type { JsonObject } from "./json.ts";
import type { Series } from "./figure.ts";

/** What is varied. */
export interface PanelColumn {
  /** Title of its horizontal axes, with the unit. */
  readonly xTitle: string;
  /** Whether equal factors take equal room; else x may be 0. */
  readonly isLogarithmic: boolean;
}

/** What is measured. */
export interface PanelRow {
  /** Title of its vertical axes, with the unit. */
  readonly yTitle: string;
  /** Lines of each column; positive values only. */
  readonly panels: readonly (readonly Series[])[];
}

/** Titles of a figure of panels. */
export interface PanelFigureOptions {
  /** Title above the panels. */
  readonly title: string;
  /** One or two small lines below: machine and date. */
  readonly note: string;
  /** What is varied, from left to right. */
  readonly columns: readonly PanelColumn[];
}

/** In CSS pixels; a row's height leaves room for its labels. */
const MARGIN = { l: 58, r: 10, t: 28, b: 96 };
const NOTE_HEIGHT = 30;
const ROW_HEIGHT = 165;
/** Between panels, as parts of the figure. */
const COLUMN_GAP = 0.025;
const ROW_GAP = 0.05;
/** More labels would touch. */
const MOST_TICKS = 4;

/**
 * A figure across both columns of a paper. A name has the same colour, dash and
 * symbol in all panels; panels of a row share their vertical axis.
 *
 * @throws {RangeError} If a row has another number of panels than there are
 * columns or no line at all, x and y differ in length, or a logarithmic axis
 * has a number that is not positive.
 */
export function panelFigure(
  rows: readonly PanelRow[],
  options: PanelFigureOptions,
): Figure {
  requirePanels(rows, options);
  const { columns, note } = options;
  const names = [
    ...new Set(rows.flatMap(({ panels }) => panels.flat()).map((s) => s.name)),
  ];
  const drawn = new Set<string>();
  const data: JsonObject[] = [];
  const axes: Record<string, JsonObject> = {};
  rows.forEach((row, r) => {
    const range = decades(row.panels.flat().flatMap(({ y }) => y));
    row.panels.forEach((series, c) => {
      const id = axisId(r * columns.length + c);
      const isBottom = r === rows.length - 1;
      axes[`xaxis${id}`] = {
        ...axis(isBottom ? plainText(columns[c].xTitle) : ""),
        ...horizontal(columns[c], rows.flatMap(({ panels }) => panels[c])),
        domain: share(c, columns.length, COLUMN_GAP),
        anchor: `y${id}`,
        showticklabels: isBottom,
      };
      axes[`yaxis${id}`] = {
        ...axis(c === 0 ? plainText(row.yTitle) : ""),
        type: "log",
        range,
        dtick: 1,
        exponentformat: "none",
        separatethousands: true,
        domain: share(rows.length - 1 - r, rows.length, ROW_GAP),
        anchor: `x${id}`,
        showticklabels: c === 0,
      };
      for (const { name, x, y } of series) {
        const style = names.indexOf(name);
        data.push({
          type: "scatter",
          mode: "lines+markers",
          name: plainText(name),
          legendgroup: plainText(name),
          showlegend: !drawn.has(name),
          x: [...x],
          y: [...y],
          xaxis: `x${id}`,
          yaxis: `y${id}`,
          line: {
            color: PALETTE[style % PALETTE.length],
            dash: DASHES[style % DASHES.length],
            width: 1.5,
          },
          // A marker on the frame is drawn whole.
          cliponaxis: false,
          marker: { symbol: SYMBOLS[style % SYMBOLS.length], size: 5 },
        });
        drawn.add(name);
      }
    });
  });
  const house = houseFigure(data, {
    title: options.title,
    xTitle: "",
    yTitle: "",
    widthMm: TWO_COLUMN_MM,
  });
  const { legend } = house.layout as { legend: JsonObject };
  const height = MARGIN.t + rows.length * ROW_HEIGHT + MARGIN.b;
  return {
    ...house,
    layout: {
      ...house.layout,
      ...axes,
      height,
      margin: MARGIN,
      legend: { ...legend, y: NOTE_HEIGHT / height },
      annotations: [{
        text: plainText(note),
        showarrow: false,
        font: { size: FONT_PIXELS * 0.85, color: "#444444" },
        xref: "paper",
        x: 0.5,
        xanchor: "center",
        yref: "paper",
        y: 0,
        yanchor: "bottom",
        yshift: -(MARGIN.b - 2),
      }],
    },
  };
}

/** Plotly's first axis has no number. */
function axisId(index: number): string {
  return index === 0 ? "" : `${index + 1}`;
}

/** Place of one of `count` equal parts with gaps between, from 0 to 1. */
function share(index: number, count: number, gap: number): [number, number] {
  const size = (1 - gap * (count - 1)) / count;
  const start = index * (size + gap);
  return [start, start + size];
}

/** Whole decades that hold the values, as powers of ten. */
function decades(values: readonly number[]): [number, number] {
  const powers = values.map(Math.log10);
  const low = Math.floor(Math.min(...powers));
  return [low, Math.max(Math.ceil(Math.max(...powers)), low + 1)];
}

/** Labels are sizes that were measured, the largest always. */
function horizontal(
  { isLogarithmic }: PanelColumn,
  series: readonly Series[],
): JsonObject {
  const sizes = [...new Set(series.flatMap(({ x }) => x))]
    .sort((a, b) => a - b);
  const step = Math.ceil(sizes.length / MOST_TICKS);
  const labelled = sizes.length <= MOST_TICKS
    ? sizes
    : isLogarithmic
    ? sizes.filter((_, i) => (sizes.length - 1 - i) % step === 0)
    // Small sizes stand close together.
    : [sizes[0], ...sizes.slice(1 - MOST_TICKS)];
  return {
    type: isLogarithmic ? "log" : "linear",
    tickvals: labelled,
    ticktext: labelled.map((size) => size.toLocaleString("en")),
  };
}

function requirePanels(
  rows: readonly PanelRow[],
  options: PanelFigureOptions,
): void {
  const { columns } = options;
  const refuse = (rule: string, value: unknown): never =>
    failFigure(options, rule, value);
  if (rows.length === 0) refuse("it must have at least one row", 0);
  for (const { yTitle, panels } of rows) {
    if (panels.length !== columns.length) {
      refuse(
        `row '${yTitle}' must have ${columns.length} panels`,
        panels.length,
      );
    }
    if (panels.flat().length === 0) {
      refuse(`row '${yTitle}' must have a series`, "none");
    }
    panels.forEach((series, c) => {
      const { isLogarithmic } = columns[c];
      for (const { name, x, y } of series) {
        if (x.length === 0 || x.length !== y.length) {
          refuse(
            `series '${name}' must have as many x as y, at least one`,
            `${x.length} and ${y.length}`,
          );
        }
        const odd = [...isLogarithmic ? x : [], ...y]
          .find((value) => !(value > 0 && value < Infinity));
        if (odd !== undefined || x.some((value) => !Number.isFinite(value))) {
          refuse(
            `series '${name}' must be positive where an axis is logarithmic`,
            odd,
          );
        }
      }
    });
  }
}
