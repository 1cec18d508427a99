/**
 * The model of a results table and the text of its cells.
 *
 * A table holds numbers, not text, so that Markdown, CSV, JSON, terminal and
 * notebook show the same thing (`render.ts`, `display.ts`). What a reader must
 * never mistake is kept apart by type: a number measured here, a number of the
 * paper, and a cell that has no number because its run is unfinished, has
 * failed or was left out.
 */

import {
  type Interval,
  pairedBootstrapInterval,
  wilsonInterval,
} from "./interval.ts";
import type { PaperNumber } from "./paper_numbers.ts";

/** A number measured by this project, with its 95 % interval. */
export interface Measurement extends Interval {
  /** The estimate, in the unit of its column. */
  readonly value: number;
  /** Number of tasks behind the estimate. */
  readonly n: number;
  /** Number of training seeds behind the estimate. */
  readonly seeds: number;
  /** Rank among the measurements that the caller compares. */
  readonly rank?: "best" | "second";
}

/** A cell without a number. */
export interface MissingCell {
  /** Why there is no number. */
  readonly missing: "unfinished" | "failed" | "not measured";
  /** The error of a failed run, what an unfinished one waits for, or why not. */
  readonly reason?: string;
}

/** What a cell can hold; text and plain numbers are labels and counts. */
export type Cell = string | number | Measurement | PaperNumber | MissingCell;

/** One column of a table. */
export interface Column {
  /** Column title. */
  readonly header: string;
  /**
   * Alignment of title and cells.
   *
   * @default {"right"} and "left" for the first column of a table.
   */
  readonly align?: "left" | "right" | "center";
  /**
   * Text of a measured value and of the ends of its interval.
   *
   * @default {formatTenths}
   */
  readonly format?: (value: number) => string;
}

/** A table: every row has one cell per column. */
export interface Table {
  /** Title, one line. */
  readonly title: string;
  /** What the numbers are: scale, data, preset, command that made them. */
  readonly caption: string;
  /** Columns, at least one. */
  readonly columns: readonly Column[];
  /** Rows from top to bottom. */
  readonly rows: readonly (readonly Cell[])[];
  /** Notes below the table, one line each. */
  readonly footnotes?: readonly string[];
}

/** Sign after a number of the paper, explained by {@linkcode tableNotes}. */
const PAPER_SIGN = "†";

/**
 * A number with one digit after the point.
 *
 * @param value Any finite number.
 * @returns For example `41.2`.
 */
export function formatTenths(value: number): string {
  return value.toFixed(1);
}

/**
 * The cell of an accuracy in percent with its Wilson interval.
 *
 * @param successes Right answers, an integer from 0 to `n`.
 * @param n Tasks, a positive integer.
 * @param seeds Training seeds behind the answers.
 * @returns Measurement in percent.
 * @throws {RangeError} If `successes` or `n` is out of range.
 */
export function accuracyCell(
  successes: number,
  n: number,
  seeds: number,
): Measurement {
  const { low, high } = wilsonInterval(successes, n);
  return {
    value: 100 * successes / n,
    low: 100 * low,
    high: 100 * high,
    n,
    seeds,
  };
}

/**
 * The cell of a gain in points, with its paired bootstrap interval.
 *
 * @param scores Scores (0 or 1), one per task.
 * @param baseline Scores without what is measured, in the same task order.
 * @param options Training seeds behind the scores, and random numbers.
 * @returns Measurement in points: percent less percent.
 * @throws {RangeError} As `pairedBootstrapInterval` does.
 */
export function gainCell(
  scores: readonly number[],
  baseline: readonly number[],
  { seeds, rng }: { readonly seeds: number; readonly rng: () => number },
): Measurement {
  const { low, high } = pairedBootstrapInterval(scores, baseline, { rng });
  const n = scores.length;
  const gained = scores.reduce((sum, x, i) => sum + x - baseline[i], 0);
  return {
    value: 100 * gained / n,
    low: 100 * low,
    high: 100 * high,
    n,
    seeds,
  };
}

/**
 * Whether a cell is a number measured by this project.
 *
 * @param cell Any cell.
 * @returns True for a {@linkcode Measurement}.
 */
export function isMeasurement(cell: Cell): cell is Measurement {
  return typeof cell === "object" && "value" in cell;
}

/**
 * Whether a cell is a number of the paper.
 *
 * @param cell Any cell.
 * @returns True for a {@linkcode PaperNumber}.
 */
export function isPaperNumber(cell: Cell): cell is PaperNumber {
  return typeof cell === "object" && "paperPercent" in cell;
}

/**
 * Text of a cell, unescaped and without its rank: `41.2 [38.1, 44.3]`,
 * `47.63 †`, `unfinished`.
 *
 * @param cell Any cell.
 * @param column Its column.
 * @returns One line unless the cell is a text with several.
 */
export function cellText(cell: Cell, column: Column): string {
  if (typeof cell !== "object") return String(cell);
  if (isMeasurement(cell)) {
    const [value, low, high] = [cell.value, cell.low, cell.high]
      .map(column.format ?? formatTenths);
    return `${value} [${low}, ${high}]`;
  }
  if (isPaperNumber(cell)) {
    const { paperPercent } = cell;
    return `${paperPercent?.toFixed(2) ?? "–"} ${PAPER_SIGN}`;
  }
  return cell.missing;
}

/**
 * All notes below a table: what its cells mean, why some have no number, then
 * the table's own footnotes.
 *
 * @param table A table.
 * @param rankNote How this form of the table marks best and second best.
 * @returns One line per note, unescaped.
 */
export function tableNotes(table: Table, rankNote: string): string[] {
  const cells = table.rows.flat();
  const notes: string[] = [];
  if (cells.some(isMeasurement)) {
    notes.push("Brackets: 95 % interval");
  }
  if (cells.some((cell) => isMeasurement(cell) && cell.rank !== undefined)) {
    notes.push(rankNote);
  }
  const papers = cells.filter(isPaperNumber);
  if (papers.length > 0) {
    const sources = [...new Set(papers.map(({ source }) => source))];
    notes.push(
      `${PAPER_SIGN} the paper's number (${
        sources.join("; ")
      }), not run by this project`,
    );
  }
  for (const row of table.rows) {
    for (const [index, cell] of row.entries()) {
      if (typeof cell === "object" && "missing" in cell && cell.reason) {
        const name = cellText(row[0], table.columns[0]);
        const { header } = table.columns[index];
        notes.push(`${name}, ${header}: ${cell.missing}: ${cell.reason}`);
      }
    }
  }
  return [...notes, ...table.footnotes ?? []];
}

/** Alignment of a column: labels to the left, numbers to the right. */
export function columnAlign(
  table: Table,
  index: number,
): "left" | "right" | "center" {
  return table.columns[index].align ?? (index === 0 ? "left" : "right");
}

/**
 * Checks that a table can be shown as it is.
 *
 * @param table A table.
 * @throws {RangeError} If there is no column, a row has another number of
 * cells than there are columns, a number is not finite, or the ends of an
 * interval are in the wrong order.
 */
export function checkTable(table: Table): void {
  const fail = (rule: string, value: unknown): never => {
    throw new RangeError(
      `Cannot show table '${table.title}' as ${rule}: current value is ${value}`,
    );
  };
  const { columns, rows } = table;
  if (columns.length === 0) fail("it must have at least one column", 0);
  for (const [index, row] of rows.entries()) {
    if (row.length !== columns.length) {
      fail(`row ${index + 1} must have ${columns.length} cells`, row.length);
    }
    for (const [column, cell] of row.entries()) {
      const where = `row ${index + 1}, column '${columns[column].header}'`;
      for (const number of numbersOf(cell)) {
        if (!Number.isFinite(number)) {
          fail(`${where} must be a finite number`, number);
        }
      }
      if (isMeasurement(cell) && cell.low > cell.high) {
        fail(
          `the interval in ${where} must not be reversed`,
          `[${cell.low}, ${cell.high}]`,
        );
      }
    }
  }
}

function numbersOf(cell: Cell): number[] {
  if (typeof cell === "number") return [cell];
  if (typeof cell === "string") return [];
  if (isMeasurement(cell)) {
    return [cell.value, cell.low, cell.high, cell.n, cell.seeds];
  }
  if (isPaperNumber(cell)) {
    return cell.paperPercent === null ? [] : [cell.paperPercent];
  }
  return [];
}
