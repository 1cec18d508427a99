import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { gsm8kTwin, TWIN_NAMES } from "@/lib/benchmarks/twins/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { DEFINITION, makeTwin } from "@/tasks/make_twin.ts";
import { readTwinCard } from "@/tasks/twin_results.ts";
import { runChild } from "@/tests/run_child.ts";
import { withFolder } from "@/tests/folder.ts";

const FILES = ["README.md", "test.jsonl", "train.jsonl", "valid.jsonl"];

function list(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

Deno.test("makeTwin() writes files that load, and the card", () =>
  withFolder(async (parent) => {
    const [made, empty] = ["new/folder", "empty"].map((name) =>
      join(parent, name)
    );
    Deno.mkdirSync(empty);
    for (const folder of [made, empty]) await makeTwin(gsm8kTwin, folder);
    assertEquals(list(made), FILES);
    assertEquals(
      Deno.readTextFileSync(join(made, "README.md")),
      await readTwinCard(gsm8kTwin),
    );
    const { benchmark, sizes } = gsm8kTwin;
    assertEquals((await benchmark.load(made, "train")).length, sizes.train);
    // The same bytes at every call.
    for (const name of FILES) {
      assertEquals(
        Deno.readTextFileSync(join(empty, name)),
        Deno.readTextFileSync(join(made, name)),
      );
    }
  }));

Deno.test("makeTwin() refuses a folder that is not empty, and a file", () =>
  withFolder(async (folder) => {
    const file = join(folder, "notes.txt");
    Deno.writeTextFileSync(file, "mine");
    await assertRejects(
      () => makeTwin(gsm8kTwin, folder),
      UsageError,
      `Cannot run make-twin as --output must be a new or an empty folder: current value is ${folder} with notes.txt in it`,
    );
    await assertRejects(
      () => makeTwin(gsm8kTwin, file),
      UsageError,
      `Cannot run make-twin as --output must be a new or an empty folder: current value is file ${file}`,
    );
    assertEquals(list(folder), ["notes.txt"]);
    assertEquals(Deno.readTextFileSync(file), "mine");
  }));

Deno.test("deno task make-twin: its examples are right", () => {
  for (const example of DEFINITION.examples) {
    parseArguments(DEFINITION, example.split(" "));
  }
});

Deno.test("deno task make-twin: writes and prints as a process", () =>
  withFolder(async (parent) => {
    const folder = join(parent, "twin");
    const task = new URL("../../tasks/make_twin.ts", import.meta.url);
    const run = (benchmark: string) =>
      runChild(task, ["--benchmark", benchmark, "--output", folder]);
    const good = await run("gsm8k");
    assertEquals(good.code, 0, good.stderr);
    assertEquals(
      good.stdout,
      `${folder}: the twin of gsm8k, 4000 train, 400 valid and 1000 test tasks, and its data card, README.md\n`,
    );
    assertEquals(list(folder), FILES);
    const bad = await run("gsm9k");
    assertEquals(bad.code, 2);
    assertStringIncludes(
      bad.stderr,
      `Cannot run make-twin as --benchmark must be one of ${
        TWIN_NAMES.join(", ")
      }: current value is gsm9k`,
    );
  }));
