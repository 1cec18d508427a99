import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
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
import { readObject, readRows } from "@/lib/benchmarks/rows.ts";

const COLUMNS = { question: text, answer: text };
const COLUMN_OF_PROBLEM = { problem: text };

/** Runs `use` on a new file with that content, then removes it. */
async function withFile(
  name: string,
  content: string | Uint8Array | pl.DataFrame,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, name);
  try {
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else if (content instanceof Uint8Array) await Deno.writeFile(path, content);
    else content.writeParquet(path);
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

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
