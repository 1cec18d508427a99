import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fever, SEARCH_SYSTEM_PROMPT } from "@/lib/benchmarks/mod.ts";
import { withFolder } from "@/tests/folder.ts";

/** Three claims that we made up, one of each verdict. */
const FIXTURE = fileURLToPath(new URL("fixtures/fever", import.meta.url));
const CORPUS = fileURLToPath(new URL("fixtures/triviaqa", import.meta.url));

Deno.test("fever.load() gives claims with their verdicts", async () => {
  const tasks = await fever.load(FIXTURE, "test");
  assertEquals(tasks.map(({ gold }) => gold), [
    "SUPPORTS",
    "REFUTES",
    "NOT ENOUGH INFO",
  ]);
  assertEquals(tasks[0], {
    id: "fever/test/0",
    benchmark: "fever",
    split: "test",
    messages: [
      { role: "system", content: SEARCH_SYSTEM_PROMPT },
      {
        role: "user",
        content:
          "Is this claim right? Answer SUPPORTS, REFUTES or NOT ENOUGH INFO.\nThe River Tarn crosses Elmford.",
      },
    ],
    demonstration: [],
    gold: "SUPPORTS",
    environment: "search",
    meta: {},
  });
});

Deno.test("fever.load() has no other split, and names its file", async () => {
  await assertRejects(
    () => fever.load(FIXTURE, "train"),
    RangeError,
    "Cannot load fever train as it is for evaluation, with the split test alone: current value is train",
  );
  await assertRejects(
    () => fever.load("no_such_folder", "test"),
    Deno.errors.NotFound,
    "Cannot load fever as the folder must hold paper_test.jsonl of fever.ai: current value is no_such_folder",
  );
});

Deno.test("fever.load() refuses rows without a verdict, as of the hidden test", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "paper_test.jsonl");
    const row = {
      id: 1,
      verifiable: "VERIFIABLE",
      label: "toString",
      claim: "",
    };
    await Deno.writeTextFile(path, JSON.stringify(row));
    await assertRejects(
      () => fever.load(folder, "test"),
      RangeError,
      `Cannot read ${path} line 1 as its label must be one of SUPPORTS, REFUTES, NOT ENOUGH INFO: current value is toString`,
    );
    await Deno.writeTextFile(path, JSON.stringify({ id: 1, claim: "" }));
    await assertRejects(
      () => fever.load(folder, "test"),
      SyntaxError,
      'must have the column "verifiable"',
    );
  });
});

Deno.test("fever.score() gives label accuracy and the verdict named", async () => {
  // Answer, gold, official, lenient, what is wrong.
  const vectors: [string, string, 0 | 1, 0 | 1, string?][] = [
    ["<answer> SUPPORTS </answer>", "SUPPORTS", 1, 1],
    ["<answer> Not  enough info </answer>", "NOT ENOUGH INFO", 1, 1],
    ["<answer> supported. </answer>", "SUPPORTS", 0, 1, "other form"],
    ["<answer> It refutes the claim. </answer>", "REFUTES", 0, 1, "other form"],
    ["<answer> REFUTES </answer>", "SUPPORTS", 0, 0, "wrong verdict"],
    ["<answer> SUPPORTS or REFUTES </answer>", "SUPPORTS", 0, 0, "no verdict"],
    ["<answer> yes </answer>", "SUPPORTS", 0, 0, "no verdict"],
    ["SUPPORTS", "SUPPORTS", 0, 0, "no answer"],
    ["<answer> not supported </answer>", "SUPPORTS", 0, 0, "no verdict"],
    ["<answer> It isn't supported. </answer>", "SUPPORTS", 0, 0, "no verdict"],
    ["<answer> cannot be refuted </answer>", "REFUTES", 0, 0, "no verdict"],
    ["<answer> never refuted </answer>", "REFUTES", 0, 0, "no verdict"],
    [
      "<answer> Not supported, REFUTES </answer>",
      "REFUTES",
      0,
      1,
      "other form",
    ],
    [
      "<answer> There is not enough information to say it is supported </answer>",
      "NOT ENOUGH INFO",
      0,
      1,
      "other form",
    ],
    [
      "<answer> There is not enough information to say it is supported </answer>",
      "SUPPORTS",
      0,
      0,
      "wrong verdict",
    ],
    [
      "<answer> NOT ENOUGH INFO or SUPPORTS </answer>",
      "NOT ENOUGH INFO",
      0,
      0,
      "no verdict",
    ],
  ];
  for (const [turn, gold, official, lenient, failure] of vectors) {
    assertEquals(
      await fever.score([turn], gold),
      failure === undefined
        ? { official, lenient }
        : { official, lenient, failure },
      turn,
    );
  }
});

Deno.test("fever plays an episode with a corpus", async () => {
  const [, task] = await fever.load(FIXTURE, "test");
  const environment = (await fever.openEnvironments!(CORPUS))(task);
  await environment.reset({ seed: 0 });
  const { observation } = await environment.step("<search> Belk </search>");

  assertEquals(
    observation,
    'Doc 1(Title: "Ana Belk") Ana Belk is a painter.\nDoc 2(Title: "Ana Belk") Ana Belk is a painter.\n',
  );
  const { reward } = await environment.step("<answer> refutes </answer>");
  assertEquals(reward, 1);
});
