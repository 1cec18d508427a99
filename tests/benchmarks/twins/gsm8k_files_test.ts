import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { chooseIds, gsm8k } from "@/lib/benchmarks/mod.ts";
import {
  gsm8kTwinCard,
  measurePolicies,
  SPLIT_SIZES,
  splitProblem,
  TRAINING_SIZES,
  writeGsm8kTwin,
} from "@/lib/benchmarks/twins/mod.ts";

Deno.test("writeGsm8kTwin() writes files that GSM8K's loader reads", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeGsm8kTwin(folder);
    for (const split of ["train", "valid", "test"] as const) {
      const tasks = await gsm8k.load(folder, split);
      assertEquals(tasks.length, SPLIT_SIZES[split]);
      assertEquals(tasks[3].id, `gsm8k/${split}/3`);
      const problem = splitProblem(split, 3);
      assertStringIncludes(tasks[3].messages[0].content, problem.question);
      for (const { gold } of tasks) {
        assertEquals((await gsm8k.score([gold], gold)).official, 1);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("training sizes are nested parts of the training split", () => {
  const ids = Array.from({ length: SPLIT_SIZES.train }, (_, i) => `t/${i}`);
  const [all, quarter, sixteenth] = TRAINING_SIZES.map((count) =>
    chooseIds(ids, { count, seed: 0 })
  );
  assertEquals([all.size, quarter.size, sixteenth.size], [4000, 1000, 250]);
  assert(sixteenth.isSubsetOf(quarter) && quarter.isSubsetOf(all));
});

Deno.test("measurePolicies() admits the twin: oracle 1, shortcuts near chance", () => {
  const policies = measurePolicies();
  const chance = policies.find(({ kind }) => kind === "chance")!.accuracy;
  const ignorant = policies.find(({ kind }) => kind === "ignorant")!.accuracy;
  for (const { name, kind, accuracy } of policies) {
    if (kind === "oracle") assertEquals(accuracy, 1);
    if (kind === "shortcut") assert(accuracy <= chance + 0.05, name);
  }
  assert(ignorant <= 0.75, "knowing the world must be worth 25 points");
  assertEquals(measurePolicies(), policies);
});

Deno.test("gsm8kTwinCard() shows the facts, files, splits, policies and an example", () => {
  const card = gsm8kTwinCard();
  for (
    const text of [
      "There are 52 facts, the twin's world: drawn once (seed 1)",
      "bring 30 % of them",
      "| train.jsonl | 4000 |",
      "train on 4000, 1000, 250 problems",
      "17 pairs of successive operations",
      "6 other pairs",
      "| solver that knows the world | oracle | 100.0 |",
      splitProblem("test", 0).question,
      splitProblem("test", 0).answer,
    ]
  ) {
    assertStringIncludes(card, text);
  }
});

Deno.test("gsm8kTwinCard() is the card under results/", async () => {
  const path = new URL("../../../results/twins/gsm8k.md", import.meta.url);
  assertEquals(await Deno.readTextFile(path), gsm8kTwinCard());
});
