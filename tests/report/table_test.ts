import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { seededRandom } from "@/lib/random.ts";
import {
  accuracyCell,
  cellText,
  checkTable,
  gainCell,
  type Table,
  tableNotes,
} from "@/lib/report/table.ts";

const COLUMN = { header: "GSM8K" };
const MEASURED = { value: 41.23, low: 38.14, high: 44.26, n: 200, seeds: 1 };
const PAPER = { paperPercent: 47.6, source: "arXiv 2509.24704, Table 1" };

function tableOf(rows: Table["rows"]): Table {
  return {
    title: "T",
    caption: "C",
    columns: [{ header: "Method" }, COLUMN],
    rows,
  };
}

Deno.test("cellText() shows each kind of cell as what it is", () => {
  assertEquals(cellText("SFT", COLUMN), "SFT");
  assertEquals(cellText(7473, COLUMN), "7473");
  assertEquals(cellText(MEASURED, COLUMN), "41.2 [38.1, 44.3]");
  assertEquals(
    cellText({ ...MEASURED, rank: "best" }, COLUMN),
    "41.2 [38.1, 44.3]",
  );
  assertEquals(cellText(PAPER, COLUMN), "47.60 †");
  assertEquals(cellText({ ...PAPER, paperPercent: null }, COLUMN), "– †");
});

Deno.test("cellText() never shows a missing number as a number", () => {
  assertEquals(cellText({ missing: "unfinished" }, COLUMN), "unfinished");
  assertEquals(cellText({ missing: "failed", reason: "0" }, COLUMN), "failed");
  assertEquals(cellText({ missing: "not measured" }, COLUMN), "not measured");
});

Deno.test("cellText() uses the column's format for value and interval", () => {
  const format = (value: number) => `${Math.round(value)} s`;
  assertEquals(cellText(MEASURED, { ...COLUMN, format }), "41 s [38 s, 44 s]");
});

Deno.test("accuracyCell() is the percentage with its Wilson interval", () => {
  const cell = accuracyCell(5, 10, 3);
  assertEquals([cell.value, cell.n, cell.seeds], [50, 10, 3]);
  assertAlmostEquals(cell.low, 23.6593, 1e-4);
  assertAlmostEquals(cell.high, 76.3407, 1e-4);
  assertThrows(() => accuracyCell(11, 10, 1), RangeError, "successes");
});

Deno.test("gainCell() is the difference in points with its paired interval", () => {
  const rng = seededRandom("gain");
  // One gained, one lost, one gained, one as before.
  const cell = gainCell([1, 0, 1, 1], [0, 1, 0, 1], { seeds: 2, rng });
  assertEquals([cell.value, cell.n, cell.seeds], [25, 4, 2]);
  // The mean of four of +1, -1, +1 and 0 is hardly ever below -1/2.
  assertEquals([cell.low, cell.high], [-50, 100]);
  const same = gainCell([1, 0], [1, 0], { seeds: 1, rng });
  assertEquals([same.value, same.low, same.high], [0, 0, 0]);
});

Deno.test("tableNotes() explains only what the table has", () => {
  assertEquals(tableNotes(tableOf([["SFT", 3]]), "R"), []);
  assertEquals(tableNotes(tableOf([["SFT", MEASURED]]), "R"), [
    "Brackets: 95 % interval",
  ]);
});

Deno.test("tableNotes() labels the paper's numbers and gives reasons of missing ones", () => {
  const table = tableOf([
    ["SFT", { ...MEASURED, rank: "best" }],
    ["SFT, paper", PAPER],
    ["CoT, paper", { ...PAPER, source: "arXiv 2509.24704, Table 4" }],
    ["GRPO", { missing: "failed", reason: "loss is NaN at step 12" }],
    ["ExpeL", { missing: "unfinished" }],
  ]);
  assertEquals(tableNotes({ ...table, footnotes: ["Own note"] }, "R"), [
    "Brackets: 95 % interval",
    "R",
    "† the paper's number (arXiv 2509.24704, Table 1; arXiv 2509.24704, Table 4), not run by this project",
    "GRPO, GSM8K: failed: loss is NaN at step 12",
    "Own note",
  ]);
});

Deno.test("checkTable() refuses rows and numbers that cannot be shown", () => {
  const fails = (rows: Table["rows"], message: string) =>
    assertThrows(() => checkTable(tableOf(rows)), RangeError, message);
  assertThrows(
    () => checkTable({ ...tableOf([]), columns: [] }),
    RangeError,
    "Cannot show table 'T' as it must have at least one column: current value is 0",
  );
  fails(
    [["SFT", 1], ["CoT"]],
    "Cannot show table 'T' as row 2 must have 2 cells: current value is 1",
  );
  fails(
    [["SFT", NaN]],
    "row 1, column 'GSM8K' must be a finite number: current value is NaN",
  );
  fails(
    [["SFT", { ...MEASURED, high: Infinity }]],
    "current value is Infinity",
  );
  fails([["SFT", { ...PAPER, paperPercent: NaN }]], "current value is NaN");
  fails(
    [["SFT", { ...MEASURED, low: 45 }]],
    "the interval in row 1, column 'GSM8K' must not be reversed: current value is [45, 44.26]",
  );
});
