/**
 * Tables and figures: ours beside the paper's, with intervals, for terminals,
 * files and notebooks.
 *
 * Exporting a figure to SVG, PDF and PNG is apart, in `figure_export.ts`, so
 * that plotly.js is downloaded only by who exports.
 *
 * @module
 */

export * from "./curve.ts";
export * from "./display.ts";
export * from "./figure.ts";
export * from "./interval.ts";
export * from "./json.ts";
export * from "./least_squares.ts";
export * from "./notebook.ts";
export * from "./panel_figure.ts";
export * from "./paper_numbers.ts";
export * from "./render.ts";
export * from "./spread.ts";
export * from "./table.ts";
