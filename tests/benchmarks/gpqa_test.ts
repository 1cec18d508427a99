import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gpqa } from "@/lib/benchmarks/gpqa.ts";
import { withFolder } from "@/tests/folder.ts";

/** Twelve rows that we made up, two of them in the diamond file. */
const FIXTURE = fileURLToPath(new URL("fixtures/gpqa", import.meta.url));

const INSTRUCTION =
  "Solve the problem with proper reasoning, and make sure to put the FINAL CHOICE inside \\boxed{}.Question: ";

Deno.test("gpqa.load() gives prompt and label as the released code", async () => {
  const gold =
    "Acid plus carbonate gives it in experiment 2.\n\nTherefore, the final answer is \\boxed{D}";
  assertEquals((await gpqa.load(FIXTURE, "test"))[0], {
    id: "gpqa/diamond/0",
    benchmark: "gpqa",
    split: "test",
    messages: [{
      role: "user",
      // The order of sha256("42rec2/0") to 3 is 3, 2, 1, 0 (hashlib).
      content:
        `${INSTRUCTION}Which gas forms in experiment 2?\n\nPlease choose one of the following options:\nA. H2\nB. N2\nC. O2\nD. CO2\n\n`,
    }],
    demonstration: [{ role: "assistant", content: gold }],
    gold,
    environment: "static",
    meta: {
      recordId: "rec2",
      domain: "Chemistry",
      subdomain: "Chemistry (general)",
    },
  });
});

async function loadMain() {
  return [
    ...await gpqa.load(FIXTURE, "train"),
    ...await gpqa.load(FIXTURE, "valid"),
  ];
}

Deno.test("gpqa.load() reads line ends, commas and quotes, and strips", async () => {
  const task = (await loadMain()).find(({ meta }) => meta.recordId === "rec3")!;
  assertEquals(
    task.messages[0].content,
    `${INSTRUCTION}Two salts, "A" and "B", are mixed.\nWhich one dissolves, and why?\n\nPlease choose one of the following options:\nA. A, as it is "soft"\nB. A, as it is ionic\nC. neither,\nas both are hard\nD. B, as it is ionic\n\n`,
  );
  // The row has no explanation.
  assertEquals(task.gold, "\n\nTherefore, the final answer is \\boxed{B}");
});

Deno.test("gpqa.load() keeps two equal options apart", async () => {
  const [, task] = await gpqa.load(FIXTURE, "test");
  assertEquals(
    task.messages[0].content.split("\n").slice(3, 7),
    ["A. 1 kg", "B. 3 kg", "C. 2 kg", "D. 2 kg"],
  );
  assert(task.gold.endsWith("\\boxed{A}"));
});

Deno.test("gpqa.load() orders options alike in every file, and differently by row", async () => {
  const letters = (await loadMain()).map(({ gold }) => gold.at(-2));
  assertEquals(new Set(letters), new Set(["A", "B", "C", "D"]));
});

Deno.test("gpqa.load() trains on no row of the test split", async () => {
  const test = (await gpqa.load(FIXTURE, "test")).map(({ meta }) =>
    meta.recordId
  );
  assertEquals(test, ["rec2", "rec5"]);
  const valid = await gpqa.load(FIXTURE, "valid");
  const train = await gpqa.load(FIXTURE, "train");
  // Of the other ten, sha256("42gpqa/main/8") comes first (hashlib).
  assertEquals(valid.map(({ id }) => id), ["gpqa/main/8"]);
  assertEquals(
    train.map(({ id }) => id),
    [0, 2, 3, 5, 6, 7, 9, 10, 11].map((index) => `gpqa/main/${index}`),
  );
});

Deno.test("gpqa.score() is 1 for every gold against itself, without a row's reasons too", async () => {
  for (const { gold } of await loadMain()) {
    assertEquals(await gpqa.score([gold], gold), { official: 1, lenient: 1 });
  }
});

/** Copies the fixture, changes the main file, and loads it. */
function loadChanged(change: (csv: string) => string): Promise<unknown> {
  return withFolder(async (folder) => {
    for (const part of ["main", "diamond"]) {
      const name = `gpqa_${part}.csv`;
      const csv = await Deno.readTextFile(join(FIXTURE, name));
      const text = part === "main" ? change(csv) : csv;
      await Deno.writeTextFile(join(folder, name), text);
    }
    await gpqa.load(folder, "train");
  });
}

Deno.test("gpqa.load() refuses a bad file", async () => {
  const file = "gpqa_main.csv of Idavidrein/gpqa";
  await assertRejects(
    () => loadChanged((csv) => csv.replace("Record ID", "Record")),
    SyntaxError,
    `${file} as it must have the column "Record ID"`,
  );
  await assertRejects(
    () => loadChanged((csv) => csv.replace("rec4", "rec1")),
    RangeError,
    `${file} as column "Record ID" must name each row differently: current value is "rec1" in rows 1 and 4`,
  );
  await assertRejects(
    () => loadChanged((csv) => csv.split("\n")[0]),
    RangeError,
    `${file} as it must have at least one row`,
  );
  await assertRejects(
    () => loadChanged((csv) => csv.replace("CO2,O2,N2,H2", "CO2,O2,,H2")),
    TypeError,
    `${file} row 1 as column "Incorrect Answer 2" must be text: current value is null`,
  );
});

Deno.test("gpqa.load() refuses a test row that is not among all rows", async () => {
  await withFolder(async (folder) => {
    for (const part of ["main", "diamond"]) {
      const name = `gpqa_${part}.csv`;
      const csv = await Deno.readTextFile(join(FIXTURE, name));
      await Deno.writeTextFile(
        join(folder, name),
        part === "main" ? csv : csv.replace("rec2", "other"),
      );
    }
    await assertRejects(
      () => gpqa.load(folder, "train"),
      RangeError,
      'Cannot load gpqa train as gpqa_main.csv must have all rows of gpqa_diamond.csv, or none: current value is Record ID "other", which is not',
    );
  });
});

Deno.test("gpqa.load() refuses a train file with nothing but test rows", async () => {
  await withFolder(async (folder) => {
    for (const part of ["main", "diamond"]) {
      await Deno.copyFile(
        join(FIXTURE, "gpqa_diamond.csv"),
        join(folder, `gpqa_${part}.csv`),
      );
    }
    await assertRejects(
      () => gpqa.load(folder, "train"),
      RangeError,
      "Cannot load gpqa train as gpqa_main.csv must have a row that is not in gpqa_diamond.csv: current value is none of 2",
    );
  });
});

Deno.test("gpqa.load() needs both files to train, and says where to get them", async () => {
  await withFolder(async (folder) => {
    await Deno.copyFile(
      join(FIXTURE, "gpqa_main.csv"),
      join(folder, "gpqa_main.csv"),
    );
    await assertRejects(
      () => gpqa.load(folder, "train"),
      Deno.errors.NotFound,
      `Cannot load gpqa as the folder must hold gpqa_diamond.csv of Idavidrein/gpqa: current value is ${folder}`,
    );
  });
});
