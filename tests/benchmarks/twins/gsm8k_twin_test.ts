import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  FACT_NAMES,
  GSM8K_HELD_OUT,
  gsm8kTwin,
  play,
  readGsm8kNotes,
  splitProblems,
} from "@/lib/benchmarks/twins/mod.ts";
import { bigrams } from "@/lib/benchmarks/twins/mod.ts";

const { problem } = gsm8kTwin;

Deno.test("the GSM8K twin's problems are those of the results under results/", () => {
  const { task, facts } = problem("test", 0);
  assertEquals(
    task.messages[0].content.split("Question: ")[1],
    "Gus has 23 plums. Gus hings the plums. Hana has 3 times as many plums as Gus. Hana plonks the plums. How many plums does Hana have?\n",
  );
  assertEquals(
    task.gold,
    `To hing is to take away 7.
Gus has 23-7=<<23-7=16>>16 plums.
Hana has 16*3=<<16*3=48>>48 plums.
To plonk is to take away 6.
Hana has 48-6=<<48-6=42>>42 plums.\\boxed{42}`,
  );
  assertEquals(facts, ["hing", "plonk"]);
});

Deno.test("the GSM8K twin keeps the splits apart by pairs of operations", () => {
  for (const split of ["train", "valid", "test"] as const) {
    for (const { kind } of splitProblems(gsm8kTwin, split, 200)) {
      const pairs = bigrams(kind.operations);
      const inTest = pairs.some((pair) => GSM8K_HELD_OUT.test.has(pair));
      const inValid = pairs.some((pair) => GSM8K_HELD_OUT.valid.has(pair));
      assertEquals(inTest, split === "test");
      if (split !== "test") assertEquals(inValid, split === "valid");
    }
  }
});

Deno.test("the GSM8K twin shows every fact and operation in training", () => {
  const problems = splitProblems(gsm8kTwin, "train", 1000);
  assertEquals(
    new Set(problems.flatMap(({ facts }) => facts)),
    new Set<string>(FACT_NAMES),
  );
  assertEquals(
    new Set(problems.flatMap(({ kind }) => kind.operations)),
    new Set(["buy", "do", "fewer", "give", "half", "more", "sell", "times"]),
  );
});

Deno.test("the GSM8K twin's notes are all that one must know", async () => {
  for (const world of ["own", "redrawn"] as const) {
    for (let i = 0; i < 100; i++) {
      const noted = gsm8kTwin.noted(world, i, i % 3);
      const { score } = await play(gsm8kTwin, noted, readGsm8kNotes);
      assertEquals(score.official, 1, noted.task.id);
    }
  }
});

Deno.test("the GSM8K twin's controls change one thing each", async () => {
  const { controls } = gsm8kTwin;
  const [oracle] = gsm8kTwin.policies();
  let same = 0;
  for (let i = 0; i < 50; i++) {
    const plain = problem("test", i);
    const skin = controls["permuted skin"]("test", i);
    const shape = (text: string): string => text.replace(/[a-z]+/g, "w");
    const text = (of: typeof plain): string => of.task.messages[0].content;
    assertNotEquals(text(skin), text(plain));
    assertEquals(shape(skin.question), shape(plain.question));
    assertEquals(
      skin.task.gold.match(/\d+/g),
      plain.task.gold.match(/\d+/g),
    );

    const shifted = controls["shifted facts"]("test", i);
    const { score } = await play(
      gsm8kTwin,
      shifted,
      oracle.start(shifted, () => 0),
    );
    same += score.official;

    const form = controls["format only"]("train", i);
    assertEquals(text(form), text(problem("train", i)));
    assertEquals(
      form.task.demonstration,
      problem("train", i + 1).task.demonstration,
    );
  }
  assert(same < 15, "the world's facts must not help with other facts");
});
