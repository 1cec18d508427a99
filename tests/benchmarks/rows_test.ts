import { assertEquals, assertRejects } from "@std/assert";
import pl from "nodejs-polars";
import { text } from "@/lib/benchmarks/columns.ts";
import { readObject, readRows } from "@/lib/benchmarks/rows.ts";
import { withFile } from "@/tests/benchmarks/row_file.ts";

const COLUMNS = { question: text, answer: text };
const COLUMN_OF_PROBLEM = { problem: text };

/** Text with all that a reader could trip over. */
const ROWS = [
  { question: "What is ½ of “8”?\u2028And of 4?", answer: "4\nand 2\n#### 2" },
  { question: "", answer: "😀 é \\boxed{} \u0000 \r\n\t" },
];

Deno.test("readRows() gives the rows of a JSONL file in order", async () => {
  const text = ROWS.map((row) => JSON.stringify(row)).join("\n");
  for (const content of [text, `${text}\n`, text.replace("\n", "\r\n")]) {
    await withFile("rows.jsonl", content, async (path) => {
      assertEquals(await readRows(path, COLUMNS), ROWS);
    });
  }
});

Deno.test("readRows() gives the rows of a parquet file in order", async () => {
  for (
    const compression of ["uncompressed", "snappy", "gzip", "zstd"] as const
  ) {
    await withFile("rows.parquet", "", async (path) => {
      pl.DataFrame(ROWS).writeParquet(path, { compression });
      assertEquals(await readRows(path, COLUMNS), ROWS);
    });
  }
});

Deno.test("readRows() leaves out columns that were not asked for", async () => {
  const rows = ROWS.map((row, index) => ({ ...row, index, tags: ["a", "b"] }));
  const text = rows.map((row) => JSON.stringify(row)).join("\n");
  await withFile("rows.jsonl", text, async (path) => {
    assertEquals(await readRows(path, COLUMNS), ROWS);
  });
  await withFile("rows.parquet", pl.DataFrame(rows), async (path) => {
    assertEquals(await readRows(path, COLUMNS), ROWS);
  });
});

const GOOD = '{"question": "q", "answer": "a"}';

/** Bad content of a JSONL file, the error and the end of its message. */
const BAD_LINES: readonly (readonly [
  string,
  string | Uint8Array,
  new (message: string) => Error,
  string,
])[] = [
  [
    "is empty",
    "",
    RangeError,
    "rows.jsonl as it must have at least one row: current value is 0 rows",
  ],
  [
    "has a line that is not JSON",
    `${GOOD}\n{"question": "q", "answ\n${GOOD}`,
    SyntaxError,
    `rows.jsonl line 2 as it must be JSON: current value is '{"question": "q", "answ'`,
  ],
  [
    "has an empty line",
    `${GOOD}\n\n${GOOD}\n`,
    SyntaxError,
    'rows.jsonl line 2 as it must be JSON: current value is ""',
  ],
  [
    "has a line that is not an object",
    `${GOOD}\n["q", "a"]\n`,
    TypeError,
    'rows.jsonl line 2 as it must be an object: current value is [ "q", "a" ]',
  ],
  [
    "lacks a column",
    `${GOOD}\n{"question": "q", "anwser": "a"}\n`,
    SyntaxError,
    'rows.jsonl line 2 as it must have the column "answer": current value is question, anwser',
  ],
  [
    "has a number for a text",
    `${GOOD}\n{"question": "q", "answer": 7}\n`,
    TypeError,
    'rows.jsonl line 2 as column "answer" must be text: current value is 7',
  ],
  [
    "has a null for a text",
    `${GOOD}\n${GOOD}\n{"question": null, "answer": "a"}\n`,
    TypeError,
    'rows.jsonl line 3 as column "question" must be text: current value is null',
  ],
  [
    "has a list for a text",
    `{"question": ["q"], "answer": "a"}\n`,
    TypeError,
    'rows.jsonl line 1 as column "question" must be text: current value is [ "q" ]',
  ],
  [
    "is not UTF-8",
    new Uint8Array([
      ...new TextEncoder().encode(`${GOOD}\n`),
      0x22,
      0xe9,
      0x22,
    ]),
    SyntaxError,
    "rows.jsonl line 2 as it must be UTF-8: current value is 3 bytes of another encoding",
  ],
];

for (const [fault, content, errorClass, message] of BAD_LINES) {
  Deno.test(`readRows() refuses a JSONL file that ${fault}`, async () => {
    await withFile("rows.jsonl", content, async (path) => {
      await assertRejects(() => readRows(path, COLUMNS), errorClass, message);
    });
  });
}

/** Bad content of a parquet file, the error and the end of its message. */
const BAD_TABLES: readonly (readonly [
  string,
  string | pl.DataFrame,
  new (message: string) => Error,
  string,
])[] = [
  [
    "is empty",
    "",
    SyntaxError,
    "rows.parquet as it must be a whole file of its format: current value is one that polars refuses (",
  ],
  [
    "is another format",
    GOOD,
    SyntaxError,
    "rows.parquet as it must be a whole file of its format: current value is one that polars refuses (",
  ],
  [
    "has no rows",
    pl.DataFrame(ROWS).head(0),
    RangeError,
    "rows.parquet as it must have at least one row: current value is 0 rows",
  ],
  [
    "lacks a column",
    pl.DataFrame({ question: ["q"] }),
    SyntaxError,
    'rows.parquet as it must have the column "answer": current value is question',
  ],
  [
    "has numbers for texts",
    pl.DataFrame({ question: ["q"], answer: [7] }),
    TypeError,
    'rows.parquet row 1 as column "answer" must be text: current value is 7',
  ],
  [
    "has a null for a text",
    pl.DataFrame({ question: ["q", "r"], answer: ["a", null] }),
    TypeError,
    'rows.parquet row 2 as column "answer" must be text: current value is null',
  ],
];

for (const [fault, content, errorClass, message] of BAD_TABLES) {
  Deno.test(`readRows() refuses a parquet file that ${fault}`, async () => {
    await withFile("rows.parquet", content, async (path) => {
      await assertRejects(() => readRows(path, COLUMNS), errorClass, message);
    });
  });
}

Deno.test("readRows() refuses a parquet file that was cut off", async () => {
  await withFile("rows.parquet", pl.DataFrame(ROWS), async (path) => {
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.subarray(0, bytes.length - 20));
    await assertRejects(() => readRows(path, COLUMNS), SyntaxError, path);
  });
});

Deno.test("readRows() names a file that is not there", async () => {
  for (const name of ["no_such.jsonl", "no_such.parquet"]) {
    await assertRejects(
      () => readRows(name, COLUMNS),
      Deno.errors.NotFound,
      `Cannot read ${name} as the file must exist: current value is none`,
    );
  }
});

Deno.test("readRows() refuses a folder and other endings", async () => {
  await assertRejects(
    () => readRows(".", COLUMNS),
    TypeError,
    "Cannot read . as it must be a file: current value is another thing",
  );
  await withFile("rows.xlsx", "question,answer", async (path) => {
    await assertRejects(
      () => readRows(path, COLUMNS),
      RangeError,
      "Cannot read rows as the file name must end in .jsonl, .json, .parquet, .csv or .tsv: current value is ",
    );
  });
});

Deno.test("readRows() says where an absent file is published", async () => {
  await assertRejects(
    () => readRows("no_such.csv", COLUMNS, { source: "x/y" }),
    Deno.errors.NotFound,
    "Cannot read no_such.csv of x/y as the file must exist: current value is none",
  );
});

Deno.test("readObject() reads a file of one object, over lines or not", async () => {
  const object = { problem: "p", level: "Level 3", more: 1 };
  for (
    const file of [JSON.stringify(object), JSON.stringify(object, null, 4)]
  ) {
    await withFile("1.json", file, async (path) => {
      assertEquals(await readObject(path, COLUMN_OF_PROBLEM), { problem: "p" });
    });
  }
});

Deno.test("readObject() refuses what is not one object with the columns", async () => {
  for (
    const [content, errorClass, message] of [
      [
        "{}",
        SyntaxError,
        '1.json of x/y as it must have the column "problem": current value is no columns',
      ],
      [
        "[]",
        TypeError,
        "1.json of x/y as it must be an object: current value is []",
      ],
      [
        '{"problem": 1}',
        TypeError,
        '1.json of x/y as column "problem" must be text: current value is 1',
      ],
      ["{}\n{}", SyntaxError, "1.json of x/y as it must be JSON"],
    ] as const
  ) {
    await withFile("1.json", content, async (path) => {
      await assertRejects(
        () => readObject(path, COLUMN_OF_PROBLEM, { source: "x/y" }),
        errorClass,
        message,
      );
    });
  }
});
