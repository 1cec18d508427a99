import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  ADAPTER,
  adapterJson,
  WARMUP_SHARE,
} from "@/experiments/methods/method.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { modelKey as keyOf } from "@/tasks/model_key.ts";
import { writeTrainedFiles } from "@/tasks/trained_files.ts";
import { readTwinNumbers, writeTwinNumbers } from "@/tasks/twin_results.ts";
import { measureSft } from "@/tasks/twin_sft.ts";
import { withFolder } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import {
  TINY,
  trainedRuns,
  twinRunOptions,
} from "@/tests/tasks/twin_run_options.ts";

tensorTest(
  "measureSft() adds three runs to a twin's numbers, and trains what is not there",
  () =>
    withFolder(async (folder) => {
      const twin = findTwin("bigcodebench");
      const { sft: _, ...before } = (await readTwinNumbers(twin))!;
      await writeTwinNumbers(twin, before, folder);
      const reasoner = "mini-qwen2.5";
      const settings = { adapter: adapterJson(ADAPTER), warmup: WARMUP_SHARE };
      const method = { id: "sft", settings };
      const precision = "fp32";
      const saved = {
        reasoner,
        benchmark: "bigcodebench",
        method,
        precision,
      } as const;
      const modelKey = await keyOf(join("results", "reasoners", reasoner));
      const { rates: { sft: [rate] }, steps, batchSize, validTasks } = TINY;
      writeTrainedFiles(join(folder, "trained"), { ...saved, modelKey }, {
        folder: join(
          "results",
          "mini",
          "trained",
          reasoner,
          "bigcodebench",
          "sft",
        ),
        learned: {
          rate,
          tried: [{ rate, validTasks, validCorrect: 0 }],
          steps,
          batchSize,
          seed: 1,
          seconds: 1,
          made: "a test",
        },
      });
      await measureSft("sft", reasoner, {
        ...twinRunOptions(folder),
        trained: join(folder, "trained"),
      });
      assertEquals(trainedRuns(folder), ["sft 0", "sft 2"]);
      const { sft, ...others } = (await readTwinNumbers(twin, folder))!;
      assertEquals(others, before);
      const { n, correct, made } = sft![reasoner];
      assertEquals([n, correct.length], [3, 3]);
      assert(correct.every((each) => each >= 0 && each <= 3));
      assert(made.startsWith("a test"));
      const card = await Deno.readTextFile(join(folder, "bigcodebench.md"));
      assert(card.includes("by SFT (LoRA) |"));
      assert(card.includes(", a run for each seed"));
    }),
);

tensorTest(
  "measureSft() of all weights trains every seed, beside the runs through an adapter",
  () =>
    withFolder(async (folder) => {
      const twin = findTwin("bigcodebench");
      const { fullSft: _, ...before } = (await readTwinNumbers(twin))!;
      await writeTwinNumbers(twin, before, folder);
      const reasoner = "mini-qwen2.5";
      await measureSft("fullSft", reasoner, twinRunOptions(folder));
      assertEquals(trainedRuns(folder), [
        "full-sft 0",
        "full-sft 1",
        "full-sft 2",
      ]);
      const { fullSft, ...others } = (await readTwinNumbers(twin, folder))!;
      assertEquals(others, before);
      const { n, correct } = fullSft![reasoner];
      assertEquals([n, correct.length], [3, 3]);
    }),
);

tensorTest(
  "measureSft() needs the twins' numbers before it begins",
  () =>
    withFolder(async (folder) => {
      await assertRejects(
        () => measureSft("sft", "mini-qwen2.5", twinRunOptions(folder)),
        Deno.errors.NotFound,
        "Cannot run mini-qwen2.5 as deno task describe-benchmarks --measure must have measured the twin of bigcodebench: current value is no numbers",
      );
      assert(!existsSync(join(folder, "work")));
    }),
);
