import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pl from "nodejs-polars";
import {
  bigcodebench,
  bigCodeBenchPrompt,
} from "@/lib/benchmarks/bigcodebench.ts";
import type { Score, Split, Task } from "@/lib/benchmarks/task.ts";
import { withFolder } from "@/tests/folder.ts";

const SPLITS: readonly Split[] = ["train", "valid", "test"];

type FixtureRow = Readonly<Record<string, string>>;

/** Five rows that we made up. */
const ROWS: readonly FixtureRow[] = (await Deno.readTextFile(
  fileURLToPath(new URL("fixtures/bigcodebench/rows.jsonl", import.meta.url)),
)).trimEnd().split("\n").map((line) => JSON.parse(line));

/** The fixture's rows three times, as one version of the hub. */
async function writeVersion(
  folder: string,
  version: string,
  rows: readonly FixtureRow[] = fifteenRows(),
): Promise<void> {
  await Deno.mkdir(join(folder, "data"), { recursive: true });
  pl.readRecords([...rows]).writeParquet(
    join(folder, "data", `${version}-00000-of-00001.parquet`),
  );
}

function fifteenRows(): FixtureRow[] {
  return [0, 1, 2].flatMap((i) =>
    ROWS.map((row) => ({ ...row, task_id: `${row.task_id}${i}` }))
  );
}

Deno.test("bigcodebench.load() gives tasks as KodCode's", async () => {
  await withFolder(async (folder) => {
    for (const split of SPLITS) {
      await Deno.writeTextFile(
        join(folder, `${split}.jsonl`),
        JSON.stringify(ROWS[0]),
      );
    }
    assertEquals(await bigcodebench.load(folder, "test"), [{
      id: "bigcodebench/test/0",
      benchmark: "bigcodebench",
      split: "test",
      messages: [{
        role: "user",
        content:
          "Write an efficient and correct Python function to solve the following problem.Question: Return the sum of squares of xs. You should write self-contained code starting with:\n```\nimport math\ndef task_func(xs):\n```\n",
      }],
      demonstration: [{
        role: "assistant",
        content:
          "import math\ndef task_func(xs):\n    return sum(x * x for x in xs)",
      }],
      gold: JSON.stringify({
        prelude: "import math\ndef task_func(xs):\n\n    pass\n",
        test: ROWS[0].test,
        entryPoint: "task_func",
      }),
      environment: "static",
      meta: { taskId: "BigCodeBench/0", libraries: ["math"] },
    }]);
  });
});

Deno.test("bigcodebench.load() parts a version by hash", async () => {
  await withFolder(async (folder) => {
    await writeVersion(folder, "v0.1.4");
    const indices = async (split: Split) =>
      (await bigcodebench.load(folder, split)).map(({ id }) =>
        Number(id.split("/")[2])
      );
    // Of sha256("42bigcodebench/v0.1.4/0") to 14, those of 7, 4, 10 and then
    // 8 come first (hashlib).
    assertEquals(await indices("test"), [4, 7, 10]);
    assertEquals(await indices("valid"), [8]);
    assertEquals(await indices("train"), [
      ...[0, 1, 2, 3, 5, 6, 9, 11, 12, 13, 14],
    ]);
  });
});

Deno.test("bigcodebench.load() reads the newest version in the folder", async () => {
  await withFolder(async (folder) => {
    for (const version of ["v0.1.0_hf", "v0.1.2"]) {
      await writeVersion(folder, version);
    }
    const [task] = await bigcodebench.load(folder, "test");
    assertEquals(task.id.split("/")[1], "v0.1.2");
  });
});

Deno.test("bigcodebench.load() refuses what is not BigCodeBench's", async () => {
  const refuse = async (
    changed: Partial<FixtureRow>,
    kind: typeof TypeError | typeof RangeError,
    message: string,
  ) => {
    await withFolder(async (folder) => {
      const [first, ...others] = fifteenRows();
      await writeVersion(folder, "v0.1.4", [
        { ...first, ...changed } as FixtureRow,
        ...others,
      ]);
      await assertRejects(
        () => bigcodebench.load(folder, "train"),
        kind,
        message,
      );
    });
  };
  await refuse(
    { doc_struct: "{" },
    TypeError,
    'row 1 as column "doc_struct" must be JSON text of a struct',
  );
  await refuse(
    { libs: "random" },
    TypeError,
    "row 1 as column \"libs\" must be a Python list of texts, such as ['random', 'csv']: current value is \"random\"",
  );
  await refuse(
    { task_id: "BigCodeBench/10" },
    RangeError,
    'column "task_id" must name each row differently',
  );
  await withFolder(async (folder) => {
    await assertRejects(
      () => bigcodebench.load(folder, "test"),
      Deno.errors.NotFound,
      "Cannot load bigcodebench as the folder must hold data/v0.1.4-00000-of-00001.parquet or",
    );
  });
});

Deno.test("bigCodeBenchPrompt() is BigCodeBench's own", () => {
  assertEquals(
    bigCodeBenchPrompt(" Do it.\n"),
    "Please provide a self-contained Python script that solves the following problem in a markdown code block:\nDo it.\n",
  );
});

/** Task number `row` of the fixture. */
async function fixtureTask(row: number): Promise<Task> {
  return await withFolder(async (folder) => {
    await Deno.writeTextFile(
      join(folder, "test.jsonl"),
      JSON.stringify(ROWS[row]),
    );
    return (await bigcodebench.load(folder, "test"))[0];
  });
}

const RIGHT: Score = { official: 1, lenient: 1, passedShare: 1 };

for (
  const [row, name] of [
    "a sum",
    "one that floods the output",
    "one that ends the process",
    "a slow one",
    "one of two libraries",
  ].entries()
) {
  Deno.test(`bigcodebench.score() of a row's own solution: ${name}`, async () => {
    const { demonstration, gold } = await fixtureTask(row);
    const [{ content }] = demonstration;
    assertEquals(await bigcodebench.score([content], gold), RIGHT);
  });
}

/** An answer to "the sum of squares" and what it scores. */
const ANSWERS: readonly (readonly [string, string, Score])[] = [
  [
    "in a fence",
    "Sure!\n```python\nimport math\ndef task_func(xs):\n    return sum(x ** 2 for x in xs)\n```\nIt sums.",
    RIGHT,
  ],
  [
    "with prose and no fence",
    "Sure!\ndef task_func(xs):\n    return sum(x ** 2 for x in xs)\nIt sums.",
    {
      official: 1,
      lenient: 0,
      passedShare: 0,
    },
  ],
  [
    "with a decorator, of which the sanitiser finds nothing",
    "```python\ndef same(f): return f\n@same\ndef task_func(xs):\n    return sum(x ** 2 for x in xs)\n```",
    { official: 1, lenient: 1, passedShare: 1 },
  ],
  [
    "that uses os without importing it",
    "def task_func(xs):\n    return sum(x ** 2 for x in xs) + len(os.path.join(''))",
    { official: 1, lenient: 1, passedShare: 1 },
  ],
  [
    "right for one of two tests",
    "def task_func(xs):\n    return 0",
    { official: 0, lenient: 0, passedShare: 0.5, failure: "failed test" },
  ],
  [
    "of another name",
    "def squares(xs):\n    return sum(x ** 2 for x in xs)",
    { official: 0, lenient: 0, passedShare: 0, failure: "failed test" },
  ],
];

for (const [name, answer, expected] of ANSWERS) {
  Deno.test(`bigcodebench.score() of an answer ${name}`, async () => {
    const { gold } = await fixtureTask(0);
    assertEquals(await bigcodebench.score([answer], gold), expected);
  });
}
