import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MINI, type Table1Preset } from "@/experiments/presets.ts";
import { COLUMNS } from "@/experiments/table_1.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import type { Provenance } from "@/tasks/provenance.ts";
import { readTwinNumbers, writeTwinNumbers } from "@/tasks/twin_results.ts";
import type { TwinRunsOptions } from "@/tasks/twin_runs.ts";
import { measureSft } from "@/tasks/twin_sft.ts";
import { withFolder } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

const TINY: Table1Preset = {
  ...MINI,
  steps: 2,
  batchSize: 2,
  validTasks: 2,
  testTasks: 3,
  answerBatch: 4,
};
const KODCODE = COLUMNS.filter(({ benchmark }) => benchmark === "kodcode");

/** Of KodCode's twin, with everything kept in a folder. */
function options(folder: string): TwinRunsOptions {
  return {
    preset: TINY,
    columns: KODCODE,
    reasoners: join("results", "reasoners"),
    work: join(folder, "work"),
    folder,
    made: { command: "a test", backend: {} } as Provenance,
    signal: new AbortController().signal,
  };
}

tensorTest(
  "measureSft() adds three runs to a twin's numbers, and only these",
  () =>
    withFolder(async (folder) => {
      const twin = findTwin("kodcode");
      const { sft: _, ...before } = (await readTwinNumbers(twin))!;
      await writeTwinNumbers(twin, before, folder);
      await measureSft("mini-qwen2.5", options(folder));
      const { sft, ...others } = (await readTwinNumbers(twin, folder))!;
      assertEquals(others, before);
      const { n, correct, made } = sft!["mini-qwen2.5"];
      assertEquals([n, correct.length], [3, 3]);
      assert(correct.every((each) => each >= 0 && each <= 3));
      assert(made.startsWith("a test"));
      const card = await Deno.readTextFile(join(folder, "kodcode.md"));
      assert(card.includes("by LoRA, a run for each seed"));
    }),
);

tensorTest(
  "measureSft() needs the twins' numbers before it begins",
  () =>
    withFolder(async (folder) => {
      await assertRejects(
        () => measureSft("mini-qwen2.5", options(folder)),
        Deno.errors.NotFound,
        "Cannot run mini-qwen2.5 as --measure must have measured all twins: current value is no numbers of kodcode",
      );
      assert(!existsSync(join(folder, "work")));
    }),
);
