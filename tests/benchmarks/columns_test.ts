import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import pl from "nodejs-polars";
import {
  type Columns,
  integer,
  jsonText,
  listOf,
  nullable,
  number,
  structOf,
  text,
} from "@/lib/benchmarks/columns.ts";
import { readRows } from "@/lib/benchmarks/rows.ts";
import { withFile } from "@/tests/benchmarks/row_file.ts";

const NESTED = [
  {
    id: 1,
    note: "n",
    options: ["A)1", "B)½"],
    answer: { aliases: ["x", "y"], value: "x" },
    conversations: [{ from: "human", value: "q" }, { from: "gpt", value: "a" }],
  },
  {
    id: 2,
    note: null,
    options: [],
    answer: { aliases: [], value: "" },
    conversations: [],
  },
];

const NESTED_COLUMNS = {
  id: integer,
  note: nullable(text),
  options: listOf(text),
  answer: structOf({ aliases: listOf(text), value: text }),
  conversations: listOf(structOf({ from: text, value: text })),
};

Deno.test("readRows() gives lists, structs and nulls of JSONL and parquet files", async () => {
  const lines = NESTED.map((row) => JSON.stringify(row)).join("\n");
  await withFile("rows.json", lines, async (path) => {
    assertEquals(await readRows(path, NESTED_COLUMNS), NESTED);
  });
  const table = pl.readJSON(Buffer.from(lines), { format: "lines" });
  await withFile("rows.parquet", table, async (path) => {
    assertEquals(await readRows(path, NESTED_COLUMNS), NESTED);
  });
});

/** A column of JSON values, its type, and the rule that the message names. */
const WRONG_TYPES: readonly (readonly [unknown, Columns, string])[] = [
  [{ c: 1.5 }, { c: integer }, "an integer: current value is 1.5"],
  [
    { c: 2 ** 53 },
    { c: integer },
    "an integer: current value is 9007199254740992",
  ],
  [{ c: "1" }, { c: number }, 'a number: current value is "1"'],
  [{ c: 1 }, { c: nullable(text) }, "text or null: current value is 1"],
  [
    { c: ["a", null] },
    { c: listOf(text) },
    'a list of text: current value is [ "a", null ]',
  ],
  [{ c: "[]" }, { c: listOf(text) }, 'a list of text: current value is "[]"'],
  [
    { c: "['a']" },
    { c: jsonText(listOf(text)) },
    `JSON text of a list of text: current value is "['a']"`,
  ],
  [
    { c: ["a"] },
    { c: jsonText(listOf(text)) },
    'JSON text of a list of text: current value is [ "a" ]',
  ],
  [
    { c: { from: "gpt" } },
    { c: structOf({ from: text, value: nullable(text) }) },
    'a struct of from (text), value (text or null): current value is { from: "gpt" }',
  ],
];

Deno.test("readRows() says which type a column must have", async () => {
  for (const [row, columns, rule] of WRONG_TYPES) {
    await withFile("rows.jsonl", JSON.stringify(row), async (path) => {
      await assertRejects(
        () => readRows(path, columns),
        TypeError,
        `Cannot read ${path} line 1 as column "c" must be ${rule}`,
      );
    });
  }
});
