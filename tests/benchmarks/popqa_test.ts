import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { popqa, SEARCH_SYSTEM_PROMPT } from "@/lib/benchmarks/mod.ts";
import { withFolder } from "@/tests/folder.ts";

/** Two rows that we made up: the second has quotes, \u00e9 and nulls. */
const FIXTURE = fileURLToPath(new URL("fixtures/popqa", import.meta.url));
const TSV = Deno.readTextFileSync(join(FIXTURE, "test.tsv"));

/** Loads a changed copy of the fixture. */
function loadChanged(from: string, to: string) {
  return withFolder(async (folder) => {
    const text = TSV.replace(from, to);
    assertEquals(text === TSV, false);
    await Deno.writeTextFile(join(folder, "test.tsv"), text);
    return await popqa.load(folder, "test");
  });
}

Deno.test("popqa.load() reads the TSV with its lists in JSON", async () => {
  const tasks = await popqa.load(FIXTURE, "test");
  assertEquals(tasks, [
    {
      id: "popqa/test/0",
      benchmark: "popqa",
      split: "test",
      messages: [
        { role: "system", content: SEARCH_SYSTEM_PROMPT },
        { role: "user", content: "What is Ana Belk's occupation?" },
      ],
      demonstration: [],
      gold: '["painter","artist"]',
      environment: "search",
      meta: { subject: "Ana Belk", relation: "occupation", popularity: 142 },
    },
    {
      id: "popqa/test/1",
      benchmark: "popqa",
      split: "test",
      messages: [
        { role: "system", content: SEARCH_SYSTEM_PROMPT },
        { role: "user", content: 'Who is the author of The "Red" Tower?' },
      ],
      demonstration: [],
      gold: '["Zoé Hill"]',
      environment: "search",
      meta: { subject: 'The "Red" Tower', relation: "author", popularity: 3 },
    },
  ]);
});

Deno.test("popqa.load() has no other split", async () => {
  for (const split of ["train", "valid"] as const) {
    await assertRejects(
      () => popqa.load(FIXTURE, split),
      RangeError,
      `Cannot load popqa ${split} as it is for evaluation, with the split test alone: current value is ${split}`,
    );
  }
});

Deno.test("popqa.load() names the file that it looks for", async () => {
  await assertRejects(
    () => popqa.load("no_such_folder", "test"),
    Deno.errors.NotFound,
    "Cannot load popqa as the folder must hold test.tsv of akariasai/PopQA: current value is no_such_folder",
  );
});

Deno.test("popqa.load() refuses other rows", async () => {
  const answers = '"[""painter"", ""artist""]"';
  const cases: [string, string, new (message: string) => Error, string][] = [
    ["s_pop", "pop", SyntaxError, 'must have the column "s_pop"'],
    ["142", "many", TypeError, 'column "s_pop" must be an integer'],
    [answers, "painter", TypeError, 'column "possible_answers" must be JSON'],
    [
      answers,
      "[]",
      RangeError,
      "row 1 as possible_answers must name the answer",
    ],
    [answers, "[null]", RangeError, "row 1 as possible_answers must name"],
    [
      "\n7\t",
      "\n1\t",
      RangeError,
      'column "id" must name each row differently',
    ],
  ];
  for (const [from, to, errorClass, message] of cases) {
    await assertRejects(() => loadChanged(from, to), errorClass, message);
  }
});
