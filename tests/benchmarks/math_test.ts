import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pl from "nodejs-polars";
import { math } from "@/lib/benchmarks/math.ts";
import { withFolder } from "@/tests/folder.ts";

/** Six train, one validation and two test problems that we made up. */
const FIXTURE = fileURLToPath(new URL("fixtures/math", import.meta.url));

const PROMPT =
  "Solve the math problem with proper reasoning, and make sure to put the FINAL ANSWER inside \\boxed{}.Question: ";

Deno.test("math.load() gives MATH-500 with GSM8K's prompt", async () => {
  const gold = "The slope is $-\\frac34$, or \\[\\boxed{-\\frac34}.\\]";
  assertEquals((await math.load(FIXTURE, "test"))[1], {
    id: "math/test/1",
    benchmark: "math",
    split: "test",
    messages: [{
      role: "user",
      content: `${PROMPT}What is the slope?\n`,
    }],
    demonstration: [{ role: "assistant", content: gold }],
    gold,
    environment: "static",
    meta: { subject: "Intermediate Algebra", level: 4 },
  });
});

Deno.test("math.load() reads the original files in the order of their numbers", async () => {
  const train = await math.load(FIXTURE, "train");
  assertEquals(
    train.map(({ id, meta }) => [id, meta.subject, meta.level]),
    [
      ["math/train/0", "Algebra", 1],
      ["math/train/1", "Algebra", 1],
      ["math/train/2", "Algebra", 2],
      ["math/train/3", "Geometry", null],
      ["math/train/4", "Geometry", 5],
      ["math/train/5", "Prealgebra", 3],
    ],
  );
  assertEquals(train[2].messages[0].content, `${PROMPT}Solve $2x=9$.\n`);
  assert(train[5].gold.endsWith("works."));
  const valid = await math.load(FIXTURE, "valid");
  assertEquals(valid.map(({ id }) => id), ["math/valid/0"]);
});

Deno.test("math.score() is 1 for a gold against itself, but for fbox and two boxes", async () => {
  const tasks = [
    ...await math.load(FIXTURE, "train"),
    ...await math.load(FIXTURE, "test"),
  ];
  const wrong: string[] = [];
  for (const { id, gold } of tasks) {
    const { official } = await math.score([gold], gold);
    if (official === 0) wrong.push(id);
  }
  assertEquals(wrong, ["math/train/3", "math/train/4"]);
});

Deno.test("math.score() knows answers of MATH's forms", async () => {
  const [half, five, , , , set] = await math.load(FIXTURE, "train");
  const official = async (box: string, { gold }: typeof half) =>
    (await math.score([box], gold)).official;
  assertEquals(await official("\\boxed{\\frac{5}{6}}", half), 1);
  assertEquals(await official("\\boxed{5/6}", half), 1);
  assertEquals(await official("\\boxed{5}", five), 1);
  assertEquals(await official("\\boxed{\\{\\frac12,\\{2\\}\\}}", set), 1);
  assertEquals(await official("\\boxed{\\{\\frac12,\\{3\\}\\}}", set), 0);
});

const SUBJECTS = [
  "algebra",
  "counting_and_probability",
  "geometry",
  "intermediate_algebra",
  "number_theory",
  "prealgebra",
  "precalculus",
];

/** 3,500 problems: of each subject, 100 of level 1 and 400 of level 2. */
async function writeHub(folder: string, subjects = SUBJECTS): Promise<void> {
  for (const subject of subjects) {
    const rows = Array.from({ length: 500 }, (_, i) => ({
      problem: `${subject} ${i}`,
      level: `Level ${i < 100 ? 1 : 2}`,
      type: subject,
      solution: `\\boxed{${i}}`,
    }));
    await Deno.mkdir(join(folder, subject));
    pl.DataFrame(rows).writeParquet(
      join(folder, subject, "train-00000-of-00001.parquet"),
    );
  }
}

Deno.test("math.load() takes 1,600 and 100 of the hub's problems, evenly", async () => {
  await withFolder(async (folder) => {
    await writeHub(folder);
    const train = await math.load(folder, "train");
    const valid = await math.load(folder, "valid");
    assertEquals([train.length, valid.length], [1600, 100]);
    assertEquals(new Set([...train, ...valid].map(({ id }) => id)).size, 1700);
    for (
      const [tasks, ofLevel] of [[train, [46, 183]], [valid, [3, 11]]] as const
    ) {
      const counts = Map.groupBy(
        tasks,
        ({ meta: { subject, level } }) => `${subject} ${level}`,
      );
      assertEquals(counts.size, 14);
      for (const [group, { length }] of counts) {
        const share = ofLevel[group.endsWith("1") ? 0 : 1];
        assert(Math.abs(length - share) <= 1, `${length} of ${group}`);
      }
    }
    const indices = train.map(({ id }) => Number(id.split("/")[2]));
    assertEquals(indices, indices.toSorted((a, b) => a - b));
  });
});

Deno.test("math.load() needs all seven subjects of the hub", async () => {
  await withFolder(async (folder) => {
    await writeHub(folder, SUBJECTS.slice(0, 6));
    await assertRejects(
      () => math.load(folder, "train"),
      Deno.errors.NotFound,
      `Cannot load math as the folder must hold precalculus/train-00000-of-00001.parquet of EleutherAI/hendrycks_math: current value is ${folder}`,
    );
  });
});

Deno.test("math.load() says where the test file is published", async () => {
  await assertRejects(
    () => math.load("no_such_folder", "test"),
    Deno.errors.NotFound,
    "Cannot load math as the folder must hold test.jsonl of HuggingFaceH4/MATH-500: current value is no_such_folder",
  );
});

/** Makes the folders of the original files. */
async function makeSubjects(train: string): Promise<void> {
  for (const subject of SUBJECTS) {
    await Deno.mkdir(join(train, subject), { recursive: true });
  }
}

/** Writes one original file and loads the folder. */
function loadOne(problem: unknown): Promise<unknown> {
  return withFolder(async (folder) => {
    const train = join(folder, "train");
    await makeSubjects(train);
    if (problem !== undefined) {
      await Deno.writeTextFile(
        join(train, "algebra", "1.json"),
        JSON.stringify(problem, null, 4),
      );
    }
    await math.load(folder, "train");
  });
}

const PROBLEM = {
  problem: "p",
  level: "Level 1",
  type: "Algebra",
  solution: "It is $\\boxed{1}$.",
};

Deno.test("math.load() refuses bad files and too few problems", async () => {
  for (
    const [problem, errorClass, message] of [
      [
        { ...PROBLEM, level: "Level 6" },
        SyntaxError,
        'as column "level" must be "Level" and 1 to 5 or "?": current value is Level 6',
      ],
      [
        { ...PROBLEM, solution: "It is 1." },
        SyntaxError,
        'algebra/1.json as column "solution" must have \\boxed or \\fbox: current value ends in "It is 1."',
      ],
      [
        { ...PROBLEM, solution: undefined },
        SyntaxError,
        'of hendrycks/math as it must have the column "solution"',
      ],
      [
        { ...PROBLEM, type: null },
        TypeError,
        'as column "type" must be text: current value is null',
      ],
      [
        undefined,
        RangeError,
        "as it must hold SUBJECT/NUMBER.json: current value is no file",
      ],
      [
        PROBLEM,
        RangeError,
        "Cannot load math train as there must be more than 100 training problems: current value is 1",
      ],
    ] as const
  ) {
    await assertRejects(() => loadOne(problem), errorClass, message);
  }
});

Deno.test("math.load() needs all seven subjects of the original files", async () => {
  await withFolder(async (folder) => {
    const train = join(folder, "train");
    await makeSubjects(train);
    await Deno.remove(join(train, "prealgebra"));
    await assertRejects(
      () => math.load(folder, "train"),
      Deno.errors.NotFound,
      `Cannot load math as the folder must hold train/prealgebra of hendrycks/math: current value is ${folder}`,
    );
  });
});

Deno.test("math.load() refuses what is no numbered file of a subject", async () => {
  for (const stray of ["README.md", join("algebra", "1 (copy).json")]) {
    await withFolder(async (folder) => {
      const train = join(folder, "train");
      await makeSubjects(train);
      await Deno.writeTextFile(join(train, stray), JSON.stringify(PROBLEM));
      await assertRejects(
        () => math.load(folder, "train"),
        RangeError,
        `Cannot read ${train} of hendrycks/math as it must hold SUBJECT/NUMBER.json alone: current value is ${stray}`,
      );
    });
  }
});

Deno.test("math.load() leaves out names that begin with a dot", async () => {
  await withFolder(async (folder) => {
    const train = join(folder, "train");
    await makeSubjects(train);
    for (const place of [train, join(train, "algebra")]) {
      await Deno.writeTextFile(join(place, ".DS_Store"), "Bud1");
    }
    for (let number = 0; number < 101; number++) {
      await Deno.writeTextFile(
        join(train, "algebra", `${number}.json`),
        JSON.stringify(PROBLEM),
      );
    }
    assertEquals((await math.load(folder, "train")).length, 1);
  });
});

Deno.test("math.load() refuses a test solution without a box", async () => {
  const lines = (await Deno.readTextFile(join(FIXTURE, "test.jsonl")))
    .trimEnd().split("\n").map((line) => JSON.parse(line));
  await withFolder(async (folder) => {
    const path = join(folder, "test.jsonl");
    const rows = [lines[0], { ...lines[1], solution: "It is 1." }];
    await Deno.writeTextFile(
      path,
      rows.map((row) => JSON.stringify(row)).join("\n"),
    );
    await assertRejects(
      () => math.load(folder, "test"),
      SyntaxError,
      `Cannot read ${path} row 2 as column "solution" must have \\boxed or \\fbox`,
    );
  });
});
