import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  hasTrainedFiles,
  readTrainedFiles,
  writeTrainedFiles,
} from "@/tasks/trained_files.ts";

const KEY = {
  reasoner: "mini",
  modelKey: "abc",
  benchmark: "math",
  method: "sft",
};

const LEARNED = {
  rate: 3e-3,
  tried: [{ rate: 3e-3, validTasks: 8, validCorrect: 5 }],
  steps: 4,
  batchSize: 2,
  seed: 0,
  seconds: 1.5,
};

Deno.test("readTrainedFiles() gives what writeTrainedFiles() wrote", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const from = join(folder, "from");
    await Deno.mkdir(join(from, "weaver"), { recursive: true });
    await Deno.writeTextFile(join(from, "weaver", "adapter.bin"), "weights");
    const root = join(folder, "trained");
    assertEquals(hasTrainedFiles(root, KEY), false);
    writeTrainedFiles(root, KEY, { folder: from, learned: LEARNED }, "a test");
    assertEquals(hasTrainedFiles(root, KEY), true);
    const read = readTrainedFiles(root, KEY);
    assertEquals(read.learned, { ...LEARNED, made: "a test" });
    assertEquals(read.folder, join(root, "mini", "math", "sft"));
    assertEquals(
      await Deno.readTextFile(join(read.folder, "weaver", "adapter.bin")),
      "weights",
    );
    assertThrows(
      () => readTrainedFiles(root, { ...KEY, modelKey: "other" }),
      Error,
      "as mini, other, must have learned it (deno task reproduce-table 1 --preset mini --reasoner mini --benchmark math makes it): current value is abc",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readTrainedFiles() says how to make what is not there", () => {
  assertThrows(
    () => readTrainedFiles("nowhere", KEY),
    Deno.errors.NotFound,
    `Cannot use what sft learned on math as ${
      join("nowhere", "mini", "math", "sft", "trained.json")
    } must exist (deno task reproduce-table 1 --preset mini --reasoner mini --benchmark math makes it): current value is no file`,
  );
});
