import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROWS } from "@/experiments/table_1.ts";
import { alfworldTwin } from "@/lib/benchmarks/twins/mod.ts";
import { columnsFor } from "@/tasks/column_runs.ts";
import { measureFurther } from "@/tasks/twin_further.ts";
import { readTwinNumbers, writeTwinNumbers } from "@/tasks/twin_results.ts";
import { withFolder } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import { twinRunOptions } from "@/tests/tasks/twin_run_options.ts";

const COLUMNS = columnsFor("further-tasks");

Deno.test("columnsFor() has all for training, and for further tasks ALFWorld alone", () => {
  assertEquals(columnsFor("sft").length, 9);
  assertEquals(COLUMNS.map(({ benchmark }) => benchmark), ["alfworld"]);
});

tensorTest(
  "measureFurther() adds further tasks to a twin's numbers, and only these",
  () =>
    withFolder(async (folder) => {
      const { further: _, ...before } = (await readTwinNumbers(alfworldTwin))!;
      await writeTwinNumbers(alfworldTwin, before, folder);
      const options = { ...twinRunOptions(folder), columns: COLUMNS };
      await measureFurther("mini-qwen2.5", options, 1);
      const numbers = (await readTwinNumbers(alfworldTwin, folder))!;
      const { further, ...others } = numbers;
      assertEquals(others, before);
      const { n, correct, made } = further!["mini-qwen2.5"];
      assertEquals(n, 1);
      assertEquals(Object.keys(correct), ROWS.map(({ label }) => label));
      // On its test split it has all games right.
      assertEquals(correct["SFT (LoRA)"], 1);
      assert(made.startsWith("a test"));
      const card = await Deno.readTextFile(join(folder, "alfworld.md"));
      assert(card.includes("## A larger test"));
    }),
);

tensorTest(
  "measureFurther() needs what was trained before it begins",
  () =>
    withFolder(async (folder) => {
      const numbers = (await readTwinNumbers(alfworldTwin))!;
      const options = { ...twinRunOptions(folder), columns: COLUMNS };
      const bare = { ...numbers, training: {}, controls: {}, further: {} };
      await writeTwinNumbers(alfworldTwin, bare, folder);
      await assertRejects(
        () => measureFurther("mini-qwen2.5", options, 1),
        Deno.errors.NotFound,
        "Cannot ask mini-qwen2.5 further tasks of alfworld as its data card must have what training gives (deno task reproduce-table 1 --preset mini --reasoner mini-qwen2.5 --benchmark alfworld measures it): current value is nothing",
      );
      assert(!existsSync(join(folder, "work")));
    }),
);
