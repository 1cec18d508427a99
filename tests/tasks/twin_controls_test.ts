import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { measureControls } from "@/tasks/twin_controls.ts";
import { readTwinNumbers, writeTwinNumbers } from "@/tasks/twin_results.ts";
import { withFolder } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import { twinRunOptions } from "@/tests/tasks/twin_run_options.ts";

tensorTest(
  "measureControls() adds the controls to a twin's numbers, and only these",
  () =>
    withFolder(async (folder) => {
      const twin = findTwin("bigcodebench");
      const { controls: _, ...before } = (await readTwinNumbers(twin))!;
      await writeTwinNumbers(twin, before, folder);
      await measureControls("mini-qwen2.5", twinRunOptions(folder));
      const { controls, ...others } = (await readTwinNumbers(twin, folder))!;
      assertEquals(others, before);
      const { n, correct, made } = controls!["mini-qwen2.5"];
      assertEquals(n, 3);
      assertEquals(
        Object.entries(correct).map(([row, right]) => [
          row,
          ...Object.keys(right),
        ]),
        [
          ["Vanilla", "permuted skin", "shifted facts"],
          ["SFT (LoRA)", "permuted skin", "shifted facts", "format only"],
          ["MemGen SFT, prepended", "permuted skin", "shifted facts"],
          ["MemGen SFT, appended", "permuted skin", "shifted facts"],
        ],
      );
      assert(
        Object.values(correct).flatMap(Object.values)
          .every((each) => each >= 0 && each <= 3),
      );
      assert(made.startsWith("a test"));
      const card = await Deno.readTextFile(join(folder, "bigcodebench.md"));
      assert(card.includes("## Negative controls"));
    }),
);

tensorTest(
  "measureControls() needs what was trained before it begins",
  () =>
    withFolder(async (folder) => {
      const twin = findTwin("bigcodebench");
      const numbers = (await readTwinNumbers(twin))!;
      await writeTwinNumbers(twin, numbers, folder);
      await assertRejects(
        () =>
          measureControls("mini-qwen2.5", {
            ...twinRunOptions(folder),
            trained: join(folder, "nothing"),
          }),
        Deno.errors.NotFound,
        "Cannot use what sft learned on bigcodebench as",
      );
      const bare = { ...numbers, training: {}, controls: {} };
      await writeTwinNumbers(twin, bare, folder);
      await assertRejects(
        () => measureControls("mini-qwen2.5", twinRunOptions(folder)),
        Deno.errors.NotFound,
        "Cannot ask mini-qwen2.5 the controls of bigcodebench as its data card must have what training gives (deno task reproduce-table 1 --preset mini --reasoner mini-qwen2.5 --benchmark bigcodebench measures it): current value is nothing",
      );
      assert(!existsSync(join(folder, "work")));
    }),
);
