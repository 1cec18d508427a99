import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pl from "nodejs-polars";
import { aqua } from "@/lib/benchmarks/aqua.ts";
import { withFolder } from "@/tests/folder.ts";

/** Three train, one dev and two test rows that we made up. */
const FIXTURE = fileURLToPath(new URL("fixtures/aqua", import.meta.url));

const INSTRUCTION =
  "Solve the problem with proper reasoning, and make sure to put the FINAL CHOICE inside \\boxed{}.Question: ";

Deno.test("aqua.load() gives prompt, demonstration and gold", async () => {
  const gold =
    "6/√2 = 3√2.\nAnswer : A\n\nTherefore, the final answer is \\boxed{A}";
  assertEquals((await aqua.load(FIXTURE, "test"))[0], {
    id: "aqua/test/0",
    benchmark: "aqua",
    split: "test",
    messages: [{
      role: "user",
      content:
        `${INSTRUCTION}A square has the diagonal 6. What is its side?\n\nPlease choose one of the following options:\nA) 3(√2)\nB) 3√3\nC) 6(√2 – 1)\nD) 2,000\nE) None of these\n\n`,
    }],
    demonstration: [{ role: "assistant", content: gold }],
    gold,
    environment: "static",
    meta: {},
  });
});

Deno.test("aqua.load() writes options alike, and strips question and reasons", async () => {
  const [first, second, third] = await aqua.load(FIXTURE, "train");
  assertEquals(
    first.messages[0].content,
    `${INSTRUCTION}Ann buys 3 pens at $2 each. What does she pay?\n\nPlease choose one of the following options:\nA) $3\nB) $4\nC) $5\nD) $6\nE) None of these\n\n`,
  );
  assertEquals(
    second.messages[0].content.split("\n").slice(3, 8),
    ["A) 2", "B) 3", "C) 4", "D) 5", "E) 6"],
  );
  assertEquals(
    second.gold,
    "1/(1/4) = 4, so it takes 4 hours.\nANSWER:C\n\nTherefore, the final answer is \\boxed{C}",
  );
  // The reasons say B, the file says D: what the file says is taught.
  assertEquals(
    third.gold,
    "55/5 = 11, the correct option is B\n\nTherefore, the final answer is \\boxed{D}",
  );
});

Deno.test("aqua.load() reads dev.json as the validation split", async () => {
  const [task] = await aqua.load(FIXTURE, "valid");
  assertEquals([task.id, task.split], ["aqua/valid/0", "valid"]);
});

Deno.test("aqua.load() gives the same tasks of the hub's parquet files", async () => {
  const names = {
    train: ["train.json", "train-00000-of-00001.parquet"],
    valid: ["dev.json", "validation-00000-of-00001.parquet"],
    test: ["test.json", "test-00000-of-00001.parquet"],
  } as const;
  for (const split of ["train", "valid", "test"] as const) {
    const [json, parquet] = names[split];
    const rows = await Deno.readFile(join(FIXTURE, json));
    for (const subfolder of ["raw", "."]) {
      await withFolder(async (folder) => {
        await Deno.mkdir(join(folder, subfolder), { recursive: true });
        pl.readJSON(Buffer.from(rows), { format: "lines" })
          .writeParquet(join(folder, subfolder, parquet));
        assertEquals(
          await aqua.load(folder, split),
          await aqua.load(FIXTURE, split),
        );
      });
    }
  }
});

const ROW = {
  question: "q",
  options: ["A)1", "B)2", "C)3", "D)4", "E)5"],
  rationale: "r",
  correct: "A",
};

function writeRows(folder: string, name: string, rows: readonly unknown[]) {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  return Deno.writeTextFile(join(folder, name), lines.join(""));
}

Deno.test("aqua.load() takes 4,000 training rows by hash, in the file's order", async () => {
  await withFolder(async (folder) => {
    const rows = Array.from({ length: 4001 }, () => ROW);
    await writeRows(folder, "train.json", rows);
    const indices = (await aqua.load(folder, "train"))
      .map(({ id }) => Number(id.split("/")[2]));
    // Of sha256("42aqua/train/0") to 4000, that of 2680 comes last (hashlib).
    assertEquals(indices, rows.keys().toArray().filter((i) => i !== 2680));
  });
});

Deno.test("aqua.load() refuses a bad training row that is not chosen", async () => {
  await withFolder(async (folder) => {
    const rows: unknown[] = Array.from({ length: 4001 }, () => ROW);
    rows[2680] = { ...ROW, correct: "Z" };
    await writeRows(folder, "train.json", rows);
    await assertRejects(
      () => aqua.load(folder, "train"),
      RangeError,
      'row 2681 as column "correct" must be one of A, B, C, D, E: current value is Z',
    );
  });
});

/** A bad row, its error and the message's end. */
const BAD_ROWS = [
  [
    { ...ROW, correct: "F" },
    RangeError,
    'column "correct" must be one of A, B, C, D, E: current value is F',
  ],
  [
    { ...ROW, options: ROW.options.slice(1) },
    RangeError,
    'column "options" must be five texts that start with A) to E): current value is ["B)2",',
  ],
  [
    { ...ROW, options: ["A)1", "B)2", "C)3", "D 4", "E)5"] },
    RangeError,
    'column "options" must be five texts that start with A) to E)',
  ],
  [
    { ...ROW, options: "A)1" },
    TypeError,
    'column "options" must be a list of text: current value is "A)1"',
  ],
  [
    { question: "q", options: [], correct: "A" },
    SyntaxError,
    'it must have the column "rationale"',
  ],
] as const;

Deno.test("aqua.load() refuses bad rows", async () => {
  for (const [row, errorClass, message] of BAD_ROWS) {
    await withFolder(async (folder) => {
      await writeRows(folder, "test.json", [ROW, row]);
      await assertRejects(
        () => aqua.load(folder, "test"),
        errorClass,
        message,
      );
    });
  }
});

Deno.test("aqua.load() says which files it looks for and where to get them", async () => {
  await assertRejects(
    () => aqua.load("no_such_folder", "valid"),
    Deno.errors.NotFound,
    "Cannot load aqua as the folder must hold dev.json or raw/validation-00000-of-00001.parquet or validation-00000-of-00001.parquet of deepmind/aqua_rat (on GitHub: google-deepmind/AQuA): current value is no_such_folder",
  );
});

const REAL = fileURLToPath(
  new URL("../../../shared/data/aqua", import.meta.url),
);
const REAL_IS_ABSENT = !isFolder(REAL);

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

Deno.test({
  name: "aqua.score() is 1 by both scorers for every real gold against itself",
  ignore: REAL_IS_ABSENT,
  fn: async () => {
    for (const split of ["valid", "test"] as const) {
      const tasks = await aqua.load(REAL, split);
      assertEquals(tasks.length, 254);
      for (const { id, demonstration, gold } of tasks) {
        const score = await aqua.score([demonstration[0].content], gold);
        assertEquals(score, { official: 1, lenient: 1 }, id);
      }
    }
  },
});

Deno.test({
  name: "aqua.load() finds the letters of the real test answers",
  ignore: REAL_IS_ABSENT,
  fn: async () => {
    const golds = (await aqua.load(REAL, "test")).map(({ gold }) => gold);
    const count = (letter: string) =>
      golds.filter((gold) => gold.endsWith(`\\boxed{${letter}}`)).length;
    assertEquals([..."ABCDE"].map(count), [63, 58, 46, 53, 34]);
  },
});
