/**
 * Figures, tables and generated texts for notebooks on Deno's Jupyter kernel.
 *
 * An output is an object that knows its own MIME bundle; the front end picks
 * the richest form that it can draw. Everything goes through `await show(x)`:
 * the kernel may lose a cell's outputs when the cell ends before they are sent
 * (measured on Deno 2.9.6: up to 1 in 6; none with the pause of `show`).
 */

import type { Figure } from "./figure.ts";
import type { Json } from "./json.ts";
import { renderMarkdown, renderText } from "./render.ts";
import {
  cellText,
  columnAlign,
  isMeasurement,
  type Table,
  tableNotes,
} from "./table.ts";

/** The forms of one output by MIME type. */
export type MimeBundle = { readonly [type: string]: Json };

/** Method by which the kernel asks an object for its MIME bundle. */
export const JUPYTER_DISPLAY: unique symbol = Symbol.for("Jupyter.display");

/** An object that a notebook can show. */
export interface Displayable {
  /** The forms of the output. */
  [JUPYTER_DISPLAY](): MimeBundle;
}

/** Settings of {@linkcode figureDisplay}. */
export interface FigureDisplayOptions {
  /**
   * The figure as SVG (`exportFigure`), for readers that cannot draw a Plotly
   * figure, such as a notebook on GitHub.
   */
  readonly svg?: string;
}

/** How the kernel replaces an output that is already there. */
export interface ReplaceOptions {
  /** Name of the output. */
  // deno-lint-ignore camelcase -- the kernel's own name
  readonly display_id: string;
  /** Whether to replace the output of this name. */
  readonly update: boolean;
}

/** Settings of {@linkcode show} and {@linkcode LiveText}. */
export interface ShowOptions {
  /**
   * Sends an output to the front end.
   *
   * @default {Deno.jupyter.display}
   */
  readonly display?: (
    value: unknown,
    options?: ReplaceOptions,
  ) => Promise<void>;
}

/** Longer than the kernel needs to send an output, short for a reader. */
const PAUSE_MS = 20;

/**
 * Shows an output in a notebook and waits until it is sent.
 *
 * @param value What {@linkcode figureDisplay}, {@linkcode tableDisplay} or
 * {@linkcode insertionDisplay} made, a text, or anything that the kernel shows.
 * @param options The display function, for use outside the kernel.
 * @throws {Error} If there is neither a kernel nor a display function.
 */
export async function show(
  value: unknown,
  options: ShowOptions = {},
): Promise<void> {
  const display = options.display ?? kernelDisplay();
  // The kernel would put a bare string in quotes.
  await display(
    typeof value === "string" ? displayable({ "text/plain": value }) : value,
  );
  await pause();
}

/**
 * A text that newer text replaces: progress without a flood of lines.
 *
 * It takes what redraws a line of a terminal (a carriage return, the line, an
 * escape code that clears the rest), so that a progress bar can write to a
 * notebook as it writes to a terminal.
 */
export class LiveText {
  readonly #display: NonNullable<ShowOptions["display"]>;
  /** Unique in the notebook, outputs of earlier kernels included. */
  readonly #name: string = crypto.randomUUID();
  #isShown = false;
  #sent: Promise<void> = Promise.resolve();

  /**
   * Shows through the notebook's kernel, or what the options give.
   *
   * @param options The display function, for use outside the kernel.
   * @throws {Error} If there is neither a kernel nor a display function.
   */
  constructor(options: ShowOptions = {}) {
    this.#display = options.display ?? kernelDisplay();
  }

  /** True: a carriage return redraws the text. */
  isTerminal(): boolean {
    return true;
  }

  /**
   * Shows a line in the place of the one before; an empty one changes nothing.
   *
   * @param bytes UTF-8 of a whole line.
   * @returns Their number.
   */
  writeSync(bytes: Uint8Array): number {
    const line = new TextDecoder().decode(bytes)
      // deno-lint-ignore no-control-regex
      .replaceAll(/[\r\n]|\x1b\[[0-9;]*[A-Za-z]/g, "");
    if (line !== "") this.#show(line);
    return bytes.length;
  }

  /** Waits until the last line is sent; gives the error if one was not. */
  async end(): Promise<void> {
    await this.#sent;
    await pause();
  }

  #show(line: string): void {
    const update = this.#isShown;
    this.#isShown = true;
    this.#sent = this.#sent.then(() =>
      this.#display(displayable({ "text/plain": line }), {
        display_id: this.#name,
        update,
      })
    );
    // An error waits for `end`; it must not end the process before.
    this.#sent.catch(() => {});
  }
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

function kernelDisplay(): NonNullable<ShowOptions["display"]> {
  try {
    // Outside the kernel the property itself throws, so it is read only here.
    const { display } = Deno.jupyter;
    return (value, options) => display(value, options);
  } catch (cause) {
    throw new Error(
      "Cannot show an output as show() must run in a Jupyter kernel of Deno: current value is a plain Deno process",
      { cause },
    );
  }
}

/**
 * A figure for a notebook: interactive where the front end has Plotly.
 *
 * @param figure A Plotly figure.
 * @param options A static form for other readers.
 * @returns Object for {@linkcode show}.
 */
export function figureDisplay(
  figure: Figure,
  options: FigureDisplayOptions = {},
): Displayable {
  const { data, layout, config } = figure;
  return displayable({
    "application/vnd.plotly.v1+json": { data, layout, config },
    ...options.svg === undefined ? {} : { "image/svg+xml": options.svg },
    "text/plain": `Plotly figure (${data.length} traces)`,
  });
}

/**
 * A table for a notebook as HTML, Markdown and text.
 *
 * @param table A table.
 * @returns Object for {@linkcode show}.
 * @throws {RangeError} If the table is malformed, see `checkTable`.
 */
export function tableDisplay(table: Table): Displayable {
  return displayable({
    "text/html": tableHtml(table),
    "text/markdown": renderMarkdown(table),
    "text/plain": renderText(table),
  });
}

function tableHtml(table: Table): string {
  const row = (tag: "th" | "td", cells: string[]) =>
    "<tr>" +
    cells.map((cell, index) =>
      `<${tag} style="text-align:${columnAlign(table, index)}">${cell}</${tag}>`
    ).join("") +
    "</tr>";
  const headers = table.columns.map(({ header }) => escapeHtml(header));
  const rows = table.rows.map((cells) =>
    row(
      "td",
      cells.map((cell, index) => {
        const text = escapeHtml(cellText(cell, table.columns[index]));
        if (!isMeasurement(cell) || cell.rank === undefined) return text;
        return cell.rank === "best" ? `<b>${text}</b>` : `<u>${text}</u>`;
      }),
    )
  );
  const notes = tableNotes(table, "Bold: best; underlined: second best")
    .map((note) => `<li>${escapeHtml(note)}</li>`);
  return [
    `<p><b>${escapeHtml(table.title)}</b><br>${escapeHtml(table.caption)}</p>`,
    `<table><thead>${row("th", headers)}</thead>`,
    `<tbody>${rows.join("")}</tbody></table>`,
    `<ul>${notes.join("")}</ul>`,
  ].join("\n");
}

/**
 * A generated text with every memory insertion marked at its place.
 *
 * @param segments The text cut at its insertions: memory was inserted between
 * each two neighbours, so `n` insertions make `n + 1` segments; a segment may
 * be empty.
 * @returns Object for {@linkcode show}; insertions are numbered from 1.
 * @throws {RangeError} If there is no segment.
 */
export function insertionDisplay(segments: readonly string[]): Displayable {
  if (segments.length === 0) {
    throw new RangeError(
      "Cannot mark insertions as there must be at least one segment: current value is 0",
    );
  }
  const count = segments.length - 1;
  const mark = (index: number) =>
    `<mark title="memory insertion ${index} of ${count}" style="` +
    'background:#e69f00;color:#000000;border-radius:3px;padding:0 3px">' +
    `◆${index}</mark>`;
  const html = segments
    .map((text, index) => (index > 0 ? mark(index) : "") + escapeHtml(text))
    .join("");
  return displayable({
    "text/html":
      `<div style="white-space:pre-wrap;font-family:monospace">${html}</div>`,
    "text/plain": segments
      .map((text, index) => (index > 0 ? `[◆${index}]` : "") + text)
      .join(""),
  });
}

function displayable(bundle: MimeBundle): Displayable {
  return { [JUPYTER_DISPLAY]: () => bundle };
}

/** Cells and generated texts are data: a front end must not run them. */
function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "<br>");
}
