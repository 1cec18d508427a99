import { assertEquals, assertThrows } from "@std/assert";
import {
  renderCsv,
  renderJson,
  renderMarkdown,
  renderText,
} from "@/lib/report/render.ts";
import type { Table } from "@/lib/report/table.ts";

const MEASURED = { value: 41.23, low: 38.14, high: 44.26, n: 200, seeds: 1 };

const TABLE: Table = {
  title: "Table 1, GSM8K column",
  caption: "Mini scale: a reasoner of 0.6M parameters",
  columns: [{ header: "Method" }, { header: "Rows" }, { header: "GSM8K" }],
  rows: [
    ["MemGen SFT", 400, { ...MEASURED, rank: "best" }],
    ["SFT", 400, {
      ...MEASURED,
      value: 8.5,
      low: 5.25,
      high: 12,
      rank: "second",
    }],
    ["SFT (paper)", 7473, {
      paperPercent: 63.48,
      source: "arXiv 2509.24704, Table 1",
    }],
    ["GRPO", 400, { missing: "failed", reason: "no gain" }],
    ["CoT", 0, { missing: "unfinished" }],
  ],
  footnotes: ["deno task reproduce-table 1"],
};

Deno.test("renderMarkdown() marks ranks and lists notes", () => {
  assertEquals(
    renderMarkdown(TABLE),
    `## Table 1, GSM8K column

Mini scale: a reasoner of 0.6M parameters

| Method | Rows | GSM8K |
| :--- | ---: | ---: |
| MemGen SFT | 400 | **41.2 [38.1, 44.3]** |
| SFT | 400 | <u>8.5 [5.3, 12.0]</u> |
| SFT (paper) | 7473 | 63.48 † |
| GRPO | 400 | failed |
| CoT | 0 | unfinished |

- Brackets: 95 % interval
- Bold: best; underlined: second best
- † the paper's number (arXiv 2509.24704, Table 1), not run by this project
- GRPO, GSM8K: failed: no gain
- deno task reproduce-table 1
`,
  );
});

Deno.test("renderMarkdown() keeps any text inside its cell", () => {
  const markdown = renderMarkdown({
    title: "a *b*",
    caption: "c",
    columns: [{ header: "x|y", align: "center" }],
    rows: [["one\ntwo\r\nthree"], ["\\| <b>&_`"]],
  });
  assertEquals(markdown.split("\n").slice(4, 8), [
    "| x\\|y |",
    "| :---: |",
    "| one<br>two<br>three |",
    "| \\\\\\| &lt;b>&amp;\\_\\` |",
  ]);
  assertEquals(markdown.split("\n")[0], "## a \\*b\\*");
});

Deno.test("renderCsv() gives every number a field of its own at full precision", () => {
  assertEquals(
    renderCsv(TABLE),
    [
      "Method,Rows,GSM8K,GSM8K low,GSM8K high,GSM8K n,GSM8K seeds,GSM8K source",
      "MemGen SFT,400,41.23,38.14,44.26,200,1,measured",
      "SFT,400,8.5,5.25,12,200,1,measured",
      'SFT (paper),7473,63.48,,,,,"arXiv 2509.24704, Table 1"',
      "GRPO,400,,,,,,failed: no gain",
      "CoT,0,,,,,,unfinished",
      "",
    ].join("\r\n"),
  );
});

Deno.test("renderCsv() quotes commas, quotes and line breaks", () => {
  const columns = [{ header: 'a "b"' }, { header: "c" }];
  const rows = [["x,y", "1\n2"]];
  assertEquals(
    renderCsv({ title: "", caption: "", columns, rows }),
    '"a ""b""",c\r\n"x,y","1\n2"\r\n',
  );
});

Deno.test("renderJson() holds the whole table", () => {
  const { title, caption, rows } = TABLE;
  const json = JSON.parse(renderJson(TABLE));
  assertEquals(json.title, title);
  assertEquals(json.caption, caption);
  assertEquals(json.columns, ["Method", "Rows", "GSM8K"]);
  assertEquals(json.rows, JSON.parse(JSON.stringify(rows)));
  assertEquals(json.notes.at(-1), "deno task reproduce-table 1");
});

Deno.test("renderText() aligns columns and marks ranks by signs", () => {
  assertEquals(
    renderText(TABLE),
    `Table 1, GSM8K column
Mini scale: a reasoner of 0.6M parameters
──────────────────────────────────────
Method       Rows                GSM8K
──────────────────────────────────────
MemGen SFT    400  41.2 [38.1, 44.3] *
SFT           400    8.5 [5.3, 12.0] °
SFT (paper)  7473              63.48 †
GRPO          400               failed
CoT             0           unfinished
──────────────────────────────────────
Brackets: 95 % interval
* best, ° second best
† the paper's number (arXiv 2509.24704, Table 1), not run by this project
GRPO, GSM8K: failed: no gain
deno task reproduce-table 1
`,
  );
});

Deno.test("renderText() counts characters as a reader does and keeps rows in a line", () => {
  const text = renderText({
    title: "t",
    caption: "c",
    columns: [{ header: "name" }, { header: "n", align: "center" }],
    rows: [["e\u0301\nx", 1], ["abc", 234]],
  });
  assertEquals(text.split("\n").slice(3, 7), [
    "name   n",
    "─────────",
    "e\u0301 x    1",
    "abc   234",
  ]);
});

Deno.test("renderText() sets what is too wide below, with its labels, by hand", () => {
  const table: Table = {
    title: "title",
    caption: "one two three four five",
    columns: [
      { header: "Model" },
      { header: "Row", align: "left" },
      ...["AA", "BBB", "C"].map((header) => ({ header })),
    ],
    rows: [["tiny", "first", 1, 22, 333], ["", "b", 4, 5, 6]],
  };
  // The labels take 12 characters, the columns 4, 5 and 5 more.
  assertEquals(
    renderText(table, 21),
    `title
one two three four
five
─────────────────────
Model  Row    AA  BBB
─────────────────────
tiny   first   1   22
       b       4    5
─────────────────
Model  Row      C
─────────────────
tiny   first  333
       b        6
─────────────────
`,
  );
  const parts = (width: number) =>
    renderText(table, width).match(/Model/g)!.length;
  assertEquals([26, 25, 21, 20, 1].map(parts), [1, 2, 2, 3, 3]);
  assertEquals(renderText(table, 26), renderText(table));
});

Deno.test("every rendering refuses a malformed table", () => {
  const malformed = { ...TABLE, rows: [["SFT"]] };
  for (const render of [renderMarkdown, renderCsv, renderJson, renderText]) {
    assertThrows(
      () => render(malformed),
      RangeError,
      "Cannot show table 'Table 1, GSM8K column' as row 1 must have 3 cells: current value is 1",
    );
  }
});
