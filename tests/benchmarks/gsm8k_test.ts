import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pl from "nodejs-polars";
import { gsm8k } from "@/lib/benchmarks/gsm8k.ts";
import type { Task } from "@/lib/benchmarks/task.ts";
import { withFolder } from "@/tests/folder.ts";

/** Ten train and three test rows that we made up. */
const FIXTURE = fileURLToPath(new URL("fixtures/gsm8k", import.meta.url));

const PROMPT =
  "Solve the math problem with proper reasoning, and make sure to put the FINAL ANSWER inside \\boxed{}.Question: ";

function byIndex(tasks: readonly Task[]): Map<number, Task> {
  return new Map(tasks.map((task) => [Number(task.id.split("/")[2]), task]));
}

async function loadTrainFile(folder: string): Promise<Map<number, Task>> {
  return byIndex([
    ...await gsm8k.load(folder, "train"),
    ...await gsm8k.load(folder, "valid"),
  ]);
}

Deno.test("gsm8k.load() gives prompt and answer as the released code", async () => {
  assertEquals((await gsm8k.load(FIXTURE, "test"))[0], {
    id: "gsm8k/test/0",
    benchmark: "gsm8k",
    split: "test",
    messages: [{
      role: "user",
      content:
        `${PROMPT}Hal sells 3 hats for $5 each. How many dollars does he get?\n`,
    }],
    demonstration: [{
      role: "assistant",
      content: "Hal gets 3*5=$<<3*5=15>>15.\\boxed{15}",
    }],
    gold: "Hal gets 3*5=$<<3*5=15>>15.\\boxed{15}",
    environment: "static",
    meta: {},
  });
});

Deno.test("gsm8k.load() strips question and answer, and nothing inside them", async () => {
  const tasks = await loadTrainFile(FIXTURE);
  assertEquals(
    tasks.get(4)?.messages[0].content,
    `${PROMPT}Bo eats ½ of 8 pears – how many are left?\n`,
  );
  assertEquals(
    tasks.get(4)?.gold,
    "Bo eats 8/2=<<8/2=4>>4 pears.\nSo 8-4=<<8-4=4>>4 are left.\\boxed{4}",
  );
  assertEquals(
    tasks.get(5)?.messages[0].content,
    `${PROMPT}Cy reads 5 pages\u2028and then 6 more. How many pages does Cy read?\n`,
  );
});

Deno.test("gsm8k.load() strips what Python's strip does", async () => {
  const write = (folder: string, space: string) => {
    const row = { question: `${space}q${space}`, answer: "w\n#### 1" };
    return Deno.writeTextFile(join(folder, "test.jsonl"), JSON.stringify(row));
  };
  await withFolder(async (folder) => {
    for (const space of ["\u001c", "\u001f", "\u0085", "\u00a0", "\u3000"]) {
      await write(folder, space);
      const [task] = await gsm8k.load(folder, "test");
      assertEquals(task.messages[0].content, `${PROMPT}q\n`);
    }
    for (const kept of ["\u200b", "\ufeff"]) {
      await write(folder, kept);
      const [task] = await gsm8k.load(folder, "test");
      assertEquals(task.messages[0].content, `${PROMPT}${kept}q${kept}\n`);
    }
  });
});

Deno.test("gsm8k.load() keeps commas and minus signs in the box", async () => {
  const tasks = await loadTrainFile(FIXTURE);
  assert(tasks.get(1)?.gold.endsWith("1,080 sacks.\\boxed{1,080}"));
  assert(tasks.get(2)?.gold.endsWith("-5 degrees.\\boxed{-5}"));
});

Deno.test("gsm8k.load() parts the train file by hash, in the file's order", async () => {
  const train = await gsm8k.load(FIXTURE, "train");
  const valid = await gsm8k.load(FIXTURE, "valid");
  const indices = (tasks: Task[]) => [...byIndex(tasks).keys()];
  // Of sha256("42gsm8k/train/0") to 9, that of 4 comes first (hashlib).
  assertEquals(indices(valid), [4]);
  assertEquals(indices(train), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
  assert(train.every((task) => task.split === "train"));
  assertEquals(valid[0].split, "valid");
  assertEquals(valid[0].id, "gsm8k/train/4");
});

Deno.test("gsm8k.load() gives tasks that survive JSON unchanged", async () => {
  const tasks = await gsm8k.load(FIXTURE, "train");
  assertEquals(JSON.parse(JSON.stringify(tasks)), tasks);
});

Deno.test("gsm8k.load() reads the hub's parquet files, in main/ or not", async () => {
  const rows = (await Deno.readTextFile(join(FIXTURE, "test.jsonl")))
    .trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const subfolder of ["main", "."]) {
    await withFolder(async (folder) => {
      await Deno.mkdir(join(folder, subfolder), { recursive: true });
      pl.DataFrame(rows).writeParquet(
        join(folder, subfolder, "test-00000-of-00001.parquet"),
      );
      assertEquals(
        await gsm8k.load(folder, "test"),
        await gsm8k.load(FIXTURE, "test"),
      );
    });
  }
});

Deno.test("gsm8k.load() says which files it looks for and where to get them", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => gsm8k.load(folder, "valid"),
      Deno.errors.NotFound,
      `Cannot load gsm8k as the folder must hold train.jsonl or main/train-00000-of-00001.parquet or train-00000-of-00001.parquet of openai/gsm8k: current value is ${folder}`,
    );
  });
  await assertRejects(
    () => gsm8k.load("no_such_folder", "test"),
    Deno.errors.NotFound,
    "current value is no_such_folder",
  );
});

/** Bad `answer` of the second row and the end of the message. */
const BAD_ANSWERS: readonly (readonly [string, string])[] = [
  ["Work.", "must have one line that starts with ####: current value has 0"],
  ["#### 7", "must have one line that starts with ####: current value has 0"],
  [
    "W.\n#### 7\n#### 8",
    "must have one line that starts with ####: current value has 2",
  ],
  [
    "W.\n####7",
    'must end in "#### " and a number: current value ends in "####7"',
  ],
  [
    "W.\n#### seven",
    'must end in "#### " and a number: current value ends in "#### seven"',
  ],
  [
    "W.\n#### 7 pens",
    'must end in "#### " and a number: current value ends in "#### 7 pens"',
  ],
  [
    "W.\n#### ,,",
    'must end in "#### " and a number: current value ends in "#### ,,"',
  ],
  [
    "W.\n#### ",
    'must end in "#### " and a number: current value ends in "####"',
  ],
];

for (const [answer, message] of BAD_ANSWERS) {
  Deno.test(`gsm8k.load() refuses the answer ${JSON.stringify(answer)}`, async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "test.jsonl");
      const rows = [{ question: "q", answer: "W.\n#### 1" }, {
        question: "q",
        answer,
      }];
      await Deno.writeTextFile(
        path,
        rows.map((row) => JSON.stringify(row)).join("\n"),
      );
      await assertRejects(
        () => gsm8k.load(folder, "test"),
        SyntaxError,
        `Cannot read ${path} row 2 as column "answer" ${message}`,
      );
    });
  });
}

Deno.test("gsm8k.load() refuses to give an empty validation split", async () => {
  await withFolder(async (folder) => {
    const row = JSON.stringify({ question: "q", answer: "W.\n#### 1" });
    await Deno.writeTextFile(join(folder, "train.jsonl"), `${row}\n`.repeat(9));
    assertEquals((await gsm8k.load(folder, "train")).length, 9);
    await assertRejects(
      () => gsm8k.load(folder, "valid"),
      RangeError,
      "Cannot load gsm8k valid as the train file must have at least 10 rows: current value is 9",
    );
  });
});

Deno.test("gsm8k.score() gives both marks, and how an answer is wrong", async () => {
  const score = (turn: string) => gsm8k.score([turn], "W.\\boxed{1,080}");
  assertEquals(await score("\\boxed{1080}"), {
    official: 0,
    lenient: 1,
    failure: "other form",
  });
  assertEquals(await score("\\boxed{108}"), {
    official: 0,
    lenient: 0,
    failure: "wrong answer",
  });
  assertEquals(await score("1,080"), {
    official: 0,
    lenient: 0,
    failure: "no box",
  });
  assertEquals(await score("\\boxed{1,080}"), { official: 1, lenient: 1 });
  await assertRejects(
    () => gsm8k.score([], "\\boxed{1}"),
    RangeError,
    "Cannot score an answer as it must have a turn: current value is none",
  );
});

const REAL = fileURLToPath(
  new URL("../../../shared/data/gsm8k", import.meta.url),
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
  name: "gsm8k.load() gives 6,726, 747 and 1,319 tasks of the real files",
  ignore: REAL_IS_ABSENT,
  fn: async () => {
    const [train, valid, test] = await Promise.all([
      gsm8k.load(REAL, "train"),
      gsm8k.load(REAL, "valid"),
      gsm8k.load(REAL, "test"),
    ]);
    assertEquals([train.length, valid.length, test.length], [6726, 747, 1319]);
    assertEquals(byIndex([...train, ...valid]).size, 7473);
  },
});

Deno.test({
  name: "gsm8k.load() finds the commas and minus signs of the real answers",
  ignore: REAL_IS_ABSENT,
  fn: async () => {
    const count = (tasks: Iterable<Task>, pattern: RegExp) =>
      [...tasks].filter((task) => pattern.test(task.gold)).length;
    const train = (await loadTrainFile(REAL)).values().toArray();
    const test = await gsm8k.load(REAL, "test");
    assertEquals(count(train, /\\boxed\{.*,.*\}$/), 79);
    assertEquals(count(test, /\\boxed\{.*,.*\}$/), 14);
    assertEquals(count(train, /\\boxed\{-.*\}$/), 3);
  },
});

Deno.test({
  name: "gsm8k.score() is 1 by both scorers for every real gold against itself",
  ignore: REAL_IS_ABSENT,
  fn: async () => {
    const train = (await loadTrainFile(REAL)).values().toArray();
    const test = await gsm8k.load(REAL, "test");
    for (const { id, demonstration, gold } of [...train, ...test]) {
      const turns = demonstration.map(({ content }) => content);
      const score = await gsm8k.score(turns, gold);
      assertEquals(score, { official: 1, lenient: 1 }, id);
    }
  },
});
