import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pl from "nodejs-polars";
import { CODE_FAILURES } from "@/lib/benchmarks/code_score.ts";
import { kodcode, scoreKodCode } from "@/lib/benchmarks/kodcode.ts";
import type { Score, Split, Task } from "@/lib/benchmarks/task.ts";
import { withFolder } from "@/tests/folder.ts";

/** Ten rows that we made up. */
const FIXTURE = fileURLToPath(new URL("fixtures/kodcode", import.meta.url));
/** The same, with the tests in `test_code`. */
const FIXTURE_V1 = fileURLToPath(
  new URL("fixtures/kodcode_v1", import.meta.url),
);
const SPLITS: readonly Split[] = ["train", "valid", "test"];

const indices = (tasks: readonly Task[]) =>
  tasks.map(({ id }) => Number(id.split("/")[2]));

/** The tasks of all splits, by their row. */
async function loadAll(folder: string): Promise<Task[]> {
  const parts = await Promise.all(
    SPLITS.map((split) => kodcode.load(folder, split)),
  );
  return parts.flat().sort((a, b) => indices([a])[0] - indices([b])[0]);
}

async function writeRows(folder: string, rows: unknown[]): Promise<void> {
  const lines = rows.map((row) => JSON.stringify(row)).join("\n");
  await Deno.writeTextFile(join(folder, "train.jsonl"), lines);
}

async function fixtureRows(): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(join(FIXTURE, "train.jsonl"));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("kodcode.load() gives prompt and solution as the released code", async () => {
  const [task] = await kodcode.load(FIXTURE, "test");
  assertEquals(task, {
    id: "kodcode/train/0",
    benchmark: "kodcode",
    split: "test",
    messages: [{
      role: "user",
      content:
        "Write an efficient and correct Python function to solve the following problem.Question: Write a function to add two numbers.\n",
    }],
    demonstration: [{
      role: "assistant",
      content: "def add(a, b):\n    return a + b",
    }],
    gold: JSON.stringify({
      test:
        "from solution import add\n\ndef test_add():\n    assert add(1, 2) == 3",
      functionName: "add",
    }),
    environment: "static",
    meta: {
      questionId: "Invented_0_I",
      style: "instruct",
      subset: "Prefill",
      difficulty: "easy",
    },
  });
});

Deno.test("kodcode.load() parts the file by hash into 7, 1 and 2 of 10", async () => {
  // Of sha256("42kodcode/train/0") to 9, those of 4, 0, 1 come first (hashlib).
  assertEquals(indices(await kodcode.load(FIXTURE, "test")), [0, 4]);
  assertEquals(indices(await kodcode.load(FIXTURE, "valid")), [1]);
  assertEquals(indices(await kodcode.load(FIXTURE, "train")), [
    2,
    3,
    5,
    6,
    7,
    8,
    9,
  ]);
});

Deno.test("kodcode.load() reads the column test_code, and the hub's parquet", async () => {
  const tasks = await loadAll(FIXTURE);
  assertEquals(await loadAll(FIXTURE_V1), tasks);
  const lines = await Deno.readFile(join(FIXTURE, "train.jsonl"));
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "data"));
    pl.readJSON(Buffer.from(lines), { format: "lines" })
      .writeParquet(join(folder, "data", "train-00000-of-00001.parquet"));
    assertEquals(await loadAll(folder), tasks);
  });
});

Deno.test("kodcode.load() reads a file for each split where there is test.jsonl", async () => {
  const rows = await fixtureRows();
  await withFolder(async (folder) => {
    for (const [i, split] of SPLITS.entries()) {
      await Deno.writeTextFile(
        join(folder, `${split}.jsonl`),
        JSON.stringify(rows[i]),
      );
    }
    for (const split of SPLITS) {
      const tasks = await kodcode.load(folder, split);
      assertEquals(tasks.map(({ id }) => id), [`kodcode/${split}/0`]);
    }
  });
});

Deno.test("kodcode.load() refuses what is not KodCode's", async () => {
  const [row] = await fixtureRows();
  const { test: _, ...withoutTest } = row;
  await withFolder(async (folder) => {
    await assertRejects(
      () => kodcode.load(folder, "train"),
      Deno.errors.NotFound,
      `Cannot load kodcode as the folder must hold train.jsonl or data/train-00000-of-00001.parquet or train-00000-of-00001.parquet of KodCode/KodCode-Light-RL-10K: current value is ${folder}`,
    );
    await writeRows(folder, [withoutTest]);
    await assertRejects(
      () => kodcode.load(folder, "train"),
      SyntaxError,
      'must have the column "test"',
    );
    await writeRows(folder, [row, row]);
    await assertRejects(
      () => kodcode.load(folder, "train"),
      RangeError,
      'column "question_id" must name each row differently',
    );
    await writeRows(folder, [{ ...row, test_info: "add" }]);
    await assertRejects(
      () => kodcode.load(folder, "train"),
      TypeError,
      'column "test_info" must be a list of a struct of docstring (text or null), function_declaration',
    );
    await writeRows(folder, [{
      ...row,
      test_info: [{ function_name: "add" }],
    }]);
    await assertRejects(
      () => kodcode.load(folder, "train"),
      TypeError,
      'column "test_info" must be a list of a struct of',
    );
    await writeRows(folder, [{ ...row, gpt_pass_percentage: "0.5" }]);
    await assertRejects(
      () => kodcode.load(folder, "train"),
      TypeError,
      'column "gpt_pass_percentage" must be a number or null',
    );
    await writeRows(folder, [row]);
    await assertRejects(
      () => kodcode.load(folder, "test"),
      RangeError,
      "Cannot load kodcode test as the file must have more rows: current value is 1",
    );
  });
});

/** Row of the fixture, and what its own solution scores. */
const OWN_SOLUTIONS: readonly (readonly [number, string, Score])[] = [
  [0, "a function", { official: 1, lenient: 1, passedShare: 1 }],
  [1, "no test_info", {
    official: 0,
    lenient: 1,
    passedShare: 1,
    failure: "no function name",
  }],
  [2, "a helper before the function", {
    official: 0,
    lenient: 1,
    passedShare: 1,
    failure: "unknown name",
  }],
  [3, "a test without an import", { official: 1, lenient: 1, passedShare: 1 }],
  [4, "a test that imports all", {
    official: 0,
    lenient: 1,
    passedShare: 1,
    failure: "missing module",
  }],
  [5, "a class", {
    official: 0,
    lenient: 1,
    passedShare: 1,
    failure: "syntax error",
  }],
  [7, "an import of two names", {
    official: 0,
    lenient: 1,
    passedShare: 1,
    failure: "syntax error",
  }],
  [8, "an import of two types", {
    official: 0,
    lenient: 1,
    passedShare: 1,
    failure: "unknown name",
  }],
  [9, "tests in a class, which the released code does not run", {
    official: 1,
    lenient: 0,
    passedShare: 0,
  }],
];

for (const [row, name, expected] of OWN_SOLUTIONS) {
  Deno.test(`kodcode.score() of a row's own solution: ${name}`, async () => {
    const { demonstration, gold } = (await loadAll(FIXTURE))[row];
    assertEquals(
      await kodcode.score([demonstration[0].content], gold),
      expected,
    );
  });
}

/** An answer to "add two numbers" and what it scores. */
const ANSWERS: readonly (readonly [string, string, Score])[] = [
  [
    "in a fence, of another name",
    "Here:\n```python\ndef plus(a, b):\n    return a + b\n```\nDone.",
    { official: 1, lenient: 1, passedShare: 1 },
  ],
  [
    "in a fence that the released code does not know",
    "```py\ndef add(a, b):\n    return a + b\n```",
    { official: 0, lenient: 1, passedShare: 1, failure: "syntax error" },
  ],
  [
    "wrong",
    "def add(a, b):\n    return a - b",
    { official: 0, lenient: 0, passedShare: 0, failure: "failed test" },
  ],
  [
    "prose",
    "I cannot.",
    { official: 0, lenient: 0, passedShare: 0, failure: "no code" },
  ],
  [
    "of a library that is not there",
    "import no_such_library\ndef add(a, b):\n    return a + b",
    { official: 0, lenient: 0, passedShare: 0, failure: "missing module" },
  ],
  [
    "with an error of its own",
    "def add(a, b):\n    return a.b",
    { official: 0, lenient: 0, passedShare: 0, failure: "exception" },
  ],
  [
    "that ends the process",
    "import os\ndef add(a, b):\n    os._exit(0)",
    { official: 0, lenient: 0, passedShare: 0, failure: "crash" },
  ],
];

for (const [name, answer, expected] of ANSWERS) {
  Deno.test(`kodcode.score() of an answer ${name}`, async () => {
    const [{ gold }] = await loadAll(FIXTURE);
    const score = await kodcode.score([answer], gold);
    assertEquals(score, expected);
    assert(!score.failure || kodcode.failures.includes(score.failure));
  });
}

Deno.test("kodcode.score() runs tests without code, as the released code", async () => {
  const { gold } = (await loadAll(FIXTURE))[9]; // its tests are in a class
  for (const answer of ["I cannot.", ""]) {
    assertEquals(await kodcode.score([answer], gold), {
      official: 1,
      lenient: 0,
      passedShare: 0,
    });
  }
});

Deno.test("scoreKodCode() ends a program that does not end", async () => {
  const { demonstration, gold } = (await loadAll(FIXTURE))[6];
  const limits = { officialMs: 1000, lenientMs: 1000 };
  assertEquals(
    await scoreKodCode([demonstration[0].content], gold, limits),
    { official: 0, lenient: 0, passedShare: 0, failure: "timeout" },
  );
});

Deno.test("kodcode.failures are those of programs", () => {
  assertEquals(kodcode.failures, CODE_FAILURES);
});
