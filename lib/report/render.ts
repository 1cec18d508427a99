/**
 * A table as Markdown, CSV, JSON and terminal text.
 *
 * Markdown and text are for people and show `41.2 [38.1, 44.3]`. CSV and JSON
 * are for programs: numbers at full precision, one field each.
 */

import {
  type Cell,
  cellText,
  checkTable,
  type Column,
  columnAlign,
  isMeasurement,
  isPaperNumber,
  type Table,
  tableNotes,
} from "./table.ts";

/**
 * A table as GitHub Markdown; the best number is bold, the second best
 * underlined.
 *
 * @param table A table.
 * @returns Markdown that ends in a line break.
 * @throws {RangeError} If the table is malformed, see {@linkcode checkTable}.
 */
export function renderMarkdown(table: Table): string {
  checkTable(table);
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const rules = { left: ":---", right: "---:", center: ":---:" };
  const lines = [
    `## ${escapeMarkdown(table.title)}`,
    "",
    escapeMarkdown(table.caption),
    "",
    line(table.columns.map(({ header }) => escapeMarkdown(header))),
    line(table.columns.map((_, index) => rules[columnAlign(table, index)])),
    ...table.rows.map((row) =>
      line(row.map((cell, index) => markdownCell(cell, table.columns[index])))
    ),
  ];
  const notes = tableNotes(table, "Bold: best; underlined: second best")
    .map((note) => `- ${escapeMarkdown(note)}`);
  if (notes.length > 0) lines.push("", ...notes);
  return lines.join("\n") + "\n";
}

function markdownCell(cell: Cell, column: Column): string {
  const text = escapeMarkdown(cellText(cell, column));
  if (!isMeasurement(cell) || cell.rank === undefined) return text;
  return cell.rank === "best" ? `**${text}**` : `<u>${text}</u>`;
}

/** Cells are model and error text too: no character may end or style a cell. */
function escapeMarkdown(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\|*_`]/g, "\\$&")
    .replace(/\r\n|\r|\n/g, "<br>");
}

/**
 * A table as CSV (RFC 4180): a column that holds measurements becomes six
 * (value, low, high, n, seeds, source), where source is `measured`, the paper's
 * table, or why the value's field is empty.
 *
 * @param table A table.
 * @returns CSV with a header line and CRLF line ends; title, caption and notes
 * are left to the other forms.
 * @throws {RangeError} If the table is malformed, see {@linkcode checkTable}.
 */
export function renderCsv(table: Table): string {
  checkTable(table);
  const isNumeric = table.columns.map((_, index) =>
    table.rows.some((row) => typeof row[index] === "object")
  );
  const parts = ["low", "high", "n", "seeds", "source"];
  const header = table.columns.flatMap(({ header }, index) =>
    isNumeric[index]
      ? [header, ...parts.map((part) => `${header} ${part}`)]
      : [header]
  );
  const rows = table.rows.map((row) =>
    row.flatMap((cell, index) =>
      isNumeric[index] ? csvFields(cell) : [String(cell)]
    )
  );
  return [header, ...rows]
    .map((fields) => fields.map(escapeCsv).join(",") + "\r\n")
    .join("");
}

function csvFields(cell: Cell): string[] {
  if (typeof cell !== "object") return [String(cell), "", "", "", "", ""];
  if (isMeasurement(cell)) {
    const { value, low, high, n, seeds } = cell;
    return [...[value, low, high, n, seeds].map(String), "measured"];
  }
  if (isPaperNumber(cell)) {
    return [String(cell.paperPercent ?? ""), "", "", "", "", cell.source];
  }
  const { missing, reason } = cell;
  return ["", "", "", "", "", reason ? `${missing}: ${reason}` : missing];
}

function escapeCsv(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/**
 * A table as JSON: the model itself, with all notes spelled out.
 *
 * @param table A table.
 * @returns JSON text, indented, that ends in a line break.
 * @throws {RangeError} If the table is malformed, see {@linkcode checkTable}.
 */
export function renderJson(table: Table): string {
  checkTable(table);
  const { title, caption, columns, rows } = table;
  const notes = tableNotes(table, "rank: best and second best");
  const headers = columns.map(({ header }) => header);
  return JSON.stringify(
    { title, caption, columns: headers, rows, notes },
    null,
    2,
  ) + "\n";
}

/**
 * A table as text for a terminal: aligned columns, rules above and below. What
 * is wider than the terminal stands in parts below each other, each with the
 * labels of the rows, and long lines are broken between words.
 *
 * @param table A table.
 * @param terminalWidth Characters of a line; a line is longer only if labels and
 * one column, or one word, do not fit. @default {Infinity}
 * @returns Text that ends in a line break, without colours.
 * @throws {RangeError} If the table is malformed, see {@linkcode checkTable}.
 */
export function renderText(
  table: Table,
  terminalWidth: number = Infinity,
): string {
  checkTable(table);
  const header = table.columns.map(({ header }) => oneLine(header));
  const rows = table.rows.map((row) =>
    row.map((cell, index) => textCell(cell, table.columns[index]))
  );
  const widths = header.map((_, index) =>
    Math.max(...[header, ...rows].map((cells) => textWidth(cells[index])))
  );
  const ruleOver = (columns: readonly number[]) =>
    "─".repeat(joinedWidth(columns.map((index) => widths[index])));
  const part = (columns: readonly number[]): string[] => {
    const line = (cells: readonly string[]) =>
      columns
        .map((index) =>
          pad(cells[index], widths[index], columnAlign(table, index))
        )
        .join("  ")
        .trimEnd();
    const rule = ruleOver(columns);
    return [rule, line(header), rule, ...rows.map(line)];
  };
  const prose = (text: string) => breakLine(oneLine(text), terminalWidth);
  const parts = columnParts(table, widths, terminalWidth);
  return [
    ...prose(table.title),
    ...prose(table.caption),
    ...parts.flatMap(part),
    ruleOver(parts.at(-1)!),
    ...tableNotes(table, "* best, ° second best").flatMap(prose),
  ].join("\n") + "\n";
}

/**
 * The columns of each part of a table: the labels, which are the columns at its
 * left that are aligned to the left, and as many others as fit.
 */
function columnParts(
  table: Table,
  widths: readonly number[],
  terminalWidth: number,
): number[][] {
  const indices = widths.map((_, index) => index);
  const first = indices.find((index) => columnAlign(table, index) !== "left") ??
    indices.length;
  const labels = indices.slice(0, first);
  const parts = [[...labels]];
  for (const index of indices.slice(first)) {
    const part = parts.at(-1)!;
    const width = joinedWidth([...part, index].map((each) => widths[each]));
    if (part.length > first && width > terminalWidth) {
      parts.push([...labels, index]);
    } else {
      part.push(index);
    }
  }
  return parts;
}

/** Of columns side by side. */
function joinedWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 2, -2);
}

/** A text in lines that are no longer than a width, if its words are not. */
function breakLine(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && textWidth(longer) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function textCell(cell: Cell, column: Column): string {
  const sign = isMeasurement(cell) && cell.rank !== undefined
    ? { best: " *", second: " °" }[cell.rank]
    : "";
  return oneLine(cellText(cell, column)) + sign;
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, " ");
}

/** Width in characters as a reader counts them, combining marks included. */
function textWidth(text: string): number {
  return [...new Intl.Segmenter().segment(text)].length;
}

function pad(
  text: string,
  width: number,
  align: "left" | "right" | "center",
): string {
  const space = width - textWidth(text);
  const before = { left: 0, right: space, center: Math.floor(space / 2) }[
    align
  ];
  return " ".repeat(before) + text + " ".repeat(space - before);
}
