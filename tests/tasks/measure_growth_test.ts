import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  fitGrowth,
  type GrowthPlan,
  type GrowthPoint,
} from "@/experiments/cost_growth.ts";
import { parseFigure } from "@/lib/report/mod.ts";
import { benchDecoder } from "@/tasks/bench/cases.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { caseOf, residentBytes } from "@/tasks/growth/measure_point.ts";
import { measurePoint } from "@/tasks/growth/point_process.ts";
import { formatHelp } from "@/tasks/help_text.ts";
import {
  DEFINITION,
  measureGrowth,
  writeGrowth,
} from "@/tasks/measure_growth.ts";
import { withFolder } from "@/tests/folder.ts";

const MODEL = benchDecoder("qwen2", {
  hiddenSize: 8,
  layers: 1,
  heads: 2,
  intermediateSize: 8,
});

const POINT: GrowthPoint = {
  work: "generate",
  length: 8,
  batch: 1,
  insertions: 2,
  latents: 2,
};

/** Two processes measure it: a weaver without insertions is refused. */
const PLAN: GrowthPlan = {
  base: { length: 8, batch: 1, insertions: 0, latents: 2 },
  sizes: { length: [8], batch: [1], insertions: [0], latents: [2] },
  longestWeaver: 8,
};

/** More than Deno and TensorFlow need. */
const LIMIT = { limitBytes: 4e9, model: MODEL, runs: 3, threads: 1 };

Deno.test("measure-growth explains itself and refuses what it cannot measure", () => {
  const help = formatHelp(DEFINITION);
  assert(help.includes("--memory-limit-gb GB"));
  assert(help.includes("deno task measure-growth --plan quick"));
  assertEquals(parseArguments(DEFINITION, []).plan, "full");
  for (
    const [argv, rule] of [
      [["--plan", "huge"], "--plan must be one of full, quick"],
      [["--runs", "2"], "--runs must be an integer of at least 3"],
    ] as const
  ) {
    assertThrows(() => parseArguments(DEFINITION, argv), UsageError, rule);
  }
});

Deno.test("caseOf() writes the second half of each row", () => {
  const tokens = (changes: Partial<GrowthPoint>) =>
    caseOf({ ...POINT, batch: 3, ...changes }, MODEL).tokens;
  assertEquals(tokens({ work: "train" }), 24);
  assertEquals(tokens({ work: "weaver" }), 24);
  assertEquals(tokens({}), 12);
  assertEquals(tokens({ insertions: 0 }), 12);
});

Deno.test("residentBytes() reads a line of the process' status", () => {
  const status = "VmPeak:\t   9 kB\nVmHWM:\t  12 kB\nVmRSS:\t   5 kB\n";
  assertEquals(residentBytes(status, "VmHWM"), 12_288);
  assertEquals(residentBytes(status, "VmRSS"), 5120);
  assertThrows(
    () => residentBytes("VmPeak:\t9 kB\n", "VmRSS"),
    Error,
    "Cannot measure memory as the process status must have VmRSS: current value is none",
  );
});

Deno.test({
  name:
    "measureGrowth() measures in processes, keeps what is done, and writes it whole",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      const work = join(folder, "work");
      const measured = await measureGrowth(PLAN, { ...LIMIT, work });
      const [train, weaver, generate] = measured.findings;
      assert("cost" in train && "cost" in generate);
      assert("refused" in weaver);
      for (const { cost } of [train, generate]) {
        assert(cost.seconds.length >= 3);
        assert(cost.seconds.every((seconds) => seconds > 0));
        assert(cost.peakBytes > 0 && cost.peakBytes < LIMIT.limitBytes);
      }
      // No process could run within one byte: nothing is measured again.
      const again = await measureGrowth(PLAN, {
        ...LIMIT,
        limitBytes: 1,
        work,
      });
      assertEquals(again, measured);

      const output = join(folder, "output");
      await writeGrowth(output, measured, {
        plan: PLAN,
        load: 0,
        made: {
          command: "test",
          commit: "none",
          date: "2026-01-01",
          deno: Deno.version.deno,
          backend: measured.backend,
          processor: "any",
          cores: 1,
        },
      });
      const read = (name: string): string =>
        Deno.readTextFileSync(join(output, name));
      const data = JSON.parse(read("growth.json"));
      assertEquals(data.findings, measured.findings);
      assertEquals(data.fits, fitGrowth(measured.findings, PLAN));
      assert(read("growth.md").includes("any, Deno"));
      assert(parseFigure(read("growth-figure.json")).data.length > 0);
      const names = Array.from(Deno.readDirSync(output), ({ name }) => name);
      assertEquals(names.filter((name) => name.endsWith(".part")), []);
    }),
});

Deno.test({
  name: "measureGrowth() refuses, by name, what takes too much memory",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      await assertRejects(
        () => measureGrowth(PLAN, { ...LIMIT, limitBytes: 1, work: folder }),
        Error,
        "Cannot report growth as a point must have been measured",
      );
    }),
});

Deno.test("measurePoint() says what its process failed of", async () => {
  const point = { ...POINT, work: "weaver", insertions: 5 } as const;
  await assertRejects(
    () => measurePoint({ ...LIMIT, point }, LIMIT.limitBytes),
    Error,
    "Cannot measure a point as its process must not fail: current value is",
  );
});
