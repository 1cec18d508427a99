import { assertEquals, assertRejects } from "@std/assert";
import {
  integer,
  jsonText,
  listOf,
  nullable,
  number,
  text,
} from "@/lib/benchmarks/columns.ts";
import { readRows } from "@/lib/benchmarks/rows.ts";
import { withFile } from "@/tests/benchmarks/row_file.ts";

/** A CSV field as others write it, and its text. */
const FIELDS: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  [" kept ", " kept "],
  ['"a, b"', "a, b"],
  ['"line\nand ""quotes"""', 'line\nand "quotes"'],
  ['"line\r\nof Windows"', "line\r\nof Windows"],
  ["007", "007"],
  ["true", "true"],
  ['""', ""],
  ["½ é 😀 \\u00e9", "½ é 😀 \\u00e9"],
];

Deno.test("readRows() gives the texts of CSV fields as they were", async () => {
  for (const mark of ["", "\uFEFF"]) {
    for (const end of ["\n", "\r\n"]) {
      const lines = FIELDS.map(([field]) => `x,${field},1`);
      const file = `${mark}"more",field,"other, more"${end}${lines.join(end)}`;
      await withFile("rows.csv", file, async (path) => {
        assertEquals(
          await readRows(path, { field: text }),
          FIELDS.map(([, field]) => ({ field })),
        );
      });
    }
  }
});

Deno.test("readRows() reads a TSV file with doubled quotes, numbers and JSON", async () => {
  const file = [
    "id\tpopularity\tshare\tanswers\taliases",
    `7\t142\t0.5\t"[""a"", ""b \\u00e9"", ""c\\td""]"\tnull`,
    `8\t-3\t1e-3\t[]\t"[""x, y""]"`,
    `9\t\t2\t[]\t`,
  ].join("\n");
  const names = listOf(text);
  await withFile("rows.tsv", file, async (path) => {
    const columns = {
      id: integer,
      popularity: nullable(integer),
      share: number,
      answers: jsonText(names),
      aliases: nullable(jsonText(nullable(names))),
    };
    assertEquals(await readRows(path, columns, { id: "id" }), [
      {
        id: 7,
        popularity: 142,
        share: 0.5,
        answers: ["a", "b é", "c\td"],
        aliases: null,
      },
      { id: 8, popularity: -3, share: 0.001, answers: [], aliases: ["x, y"] },
      { id: 9, popularity: null, share: 2, answers: [], aliases: null },
    ]);
  });
});

/** Bad content of a CSV file, the error and the end of its message. */
const BAD_FIELDS: readonly (readonly [
  string,
  string | Uint8Array,
  new (message: string) => Error,
  string,
])[] = [
  [
    "is empty",
    "",
    SyntaxError,
    "rows.csv of x/y as it must be a whole file of its format: current value is one that polars refuses (",
  ],
  [
    "has no rows",
    "id,name\n",
    RangeError,
    "rows.csv of x/y as it must have at least one row: current value is 0 rows",
  ],
  [
    "lacks a column",
    "id,nam\n1,a\n",
    SyntaxError,
    'rows.csv of x/y as it must have the column "name": current value is id, nam',
  ],
  [
    "has a row with a field too many",
    "id,name\n1,a,b\n",
    SyntaxError,
    "found more fields",
  ],
  [
    "has a row with a field too few",
    "id,name\n1,a\n2\n",
    TypeError,
    'row 2 as column "name" must be text: current value is null',
  ],
  [
    "has an empty line",
    "id,name\n1,a\n\n2,b\n",
    TypeError,
    'row 2 as column "id" must be an integer: current value is null',
  ],
  [
    "has quotes that never close",
    'id,name\n1,"a\n2,b\n',
    SyntaxError,
    "polars refuses (",
  ],
  [
    "has a word for a number",
    "id,name\n1,a\none,b\n",
    TypeError,
    'rows.csv of x/y row 2 as column "id" must be an integer: current value is "one"',
  ],
  [
    "has a fraction for an integer",
    "id,name\n1.5,a\n",
    TypeError,
    'row 1 as column "id" must be an integer: current value is "1.5"',
  ],
  [
    "has an id twice",
    "id,name\n1,a\n2,b\n1,c\n",
    RangeError,
    'rows.csv of x/y as column "id" must name each row differently: current value is 1 in rows 1 and 3',
  ],
  [
    "is not UTF-8",
    new Uint8Array([
      0x69,
      0x64,
      0x2c,
      0x6e,
      0x61,
      0x6d,
      0x65,
      0x0a,
      0x31,
      0x2c,
      0xe9,
      0x0a,
    ]),
    SyntaxError,
    "polars refuses (",
  ],
];

for (const [fault, content, errorClass, message] of BAD_FIELDS) {
  Deno.test(`readRows() refuses a CSV file that ${fault}`, async () => {
    await withFile("rows.csv", content, async (path) => {
      await assertRejects(
        () =>
          readRows(path, { id: integer, name: text }, {
            source: "x/y",
            id: "id",
          }),
        errorClass,
        message,
      );
    });
  });
}
