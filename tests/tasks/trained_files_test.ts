import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { MINI, QUICK } from "@/experiments/presets.ts";
import { mathTwin, trainingKey } from "@/lib/benchmarks/twins/mod.ts";
import {
  readTrainedFiles,
  savedFiles,
  type SavedOptions,
  type TrainedFilesKey,
  writeTrainedFiles,
} from "@/tasks/trained_files.ts";
import { withFolder } from "@/tests/folder.ts";

const KEY: TrainedFilesKey = {
  reasoner: "mini-qwen2.5",
  modelKey: "abc",
  benchmark: "math",
  method: { id: "sft", settings: { rank: 16 } },
  precision: "fp32",
};

const LEARNED = {
  rate: 3e-3,
  tried: [{ rate: 3e-3, validTasks: 8, validCorrect: 5 }],
  steps: 4,
  batchSize: 2,
  seed: 0,
  seconds: 1.5,
  made: "a test",
};

Deno.test("readTrainedFiles() gives what writeTrainedFiles() wrote", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const from = join(folder, "from");
    await Deno.mkdir(join(from, "weaver"), { recursive: true });
    await Deno.writeTextFile(join(from, "weaver", "adapter.bin"), "weights");
    const root = join(folder, "trained");
    writeTrainedFiles(root, KEY, { folder: from, learned: LEARNED });
    const read = readTrainedFiles(root, KEY);
    assertEquals(read.learned, { ...LEARNED, isSaved: true });
    assertEquals(read.folder, join(root, "mini-qwen2.5", "math", "sft"));
    assertEquals(
      await Deno.readTextFile(join(read.folder, "weaver", "adapter.bin")),
      "weights",
    );
    assertThrows(
      () => readTrainedFiles(root, { ...KEY, modelKey: "other" }),
      Error,
      "as mini-qwen2.5, other, must have learned it (deno task reproduce-table 1 --preset mini --reasoner mini-qwen2.5 --benchmark math makes it): current value is abc",
    );
    // Of a twin that has changed since.
    const path = join(root, "mini-qwen2.5", "math", "sft.json");
    const about = JSON.parse(await Deno.readTextFile(path));
    const former = JSON.stringify({ ...about, trainingKey: "former" });
    await Deno.writeTextFile(path, former);
    assertThrows(
      () => readTrainedFiles(root, KEY),
      Error,
      `holds as the twin that it learned on must be today's, ${
        trainingKey(mathTwin)
      } (deno task reproduce-table 1 --preset mini --reasoner mini-qwen2.5 --benchmark math makes it): current value is former`,
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
      join("nowhere", "mini-qwen2.5", "math", "sft.json")
    } must exist (deno task reproduce-table 1 --preset mini --reasoner mini-qwen2.5 --benchmark math makes it): current value is no file`,
  );
});

Deno.test("savedFiles() are those of each method that were learned as the preset says", () =>
  withFolder((folder) => {
    const from = join(folder, "from");
    Deno.mkdirSync(from);
    const trained = join(folder, "trained");
    const learned = { ...LEARNED, steps: 1800, batchSize: 16 };
    writeTrainedFiles(trained, KEY, { folder: from, learned });
    const ask = (changes: Partial<SavedOptions>, key = KEY) =>
      savedFiles(key, {
        preset: MINI,
        rates: [3e-3],
        trained,
        reuse: true,
        ...changes,
      });
    assert(ask({}) !== undefined);
    assertEquals(ask({ reuse: false }), undefined);
    // Another method of the same column was not learned yet.
    const append = { ...KEY.method, id: "memgen-append" };
    assertEquals(ask({}, { ...KEY, method: append }), undefined);
    const wider = { ...KEY.method, settings: { rank: 32 } };
    assertEquals(ask({}, { ...KEY, method: wider }), undefined);
    assertEquals(ask({}, { ...KEY, modelKey: "other" }), undefined);
    assertEquals(ask({}, { ...KEY, precision: "bf16" }), undefined);
    assertEquals(ask({ rates: [1e-3] }), undefined);
    assertEquals(ask({ preset: { ...MINI, seed: 1 } }), undefined);
    assertEquals(ask({ preset: { ...MINI, batchSize: 8 } }), undefined);
    assertEquals(ask({ preset: { ...MINI, stepsOn: {} } }), undefined);
    const stepsOf = { "mini-qwen2.5": { math: 3600 } };
    assertEquals(ask({ preset: { ...MINI, stepsOf } }), undefined);
    const about = join(trained, "mini-qwen2.5", "math", "sft.json");
    const text = Deno.readTextFileSync(about);
    Deno.writeTextFileSync(
      about,
      text.replace(trainingKey(mathTwin), "former"),
    );
    assertEquals(ask({}), undefined);
    Deno.writeTextFileSync(about, text);
    // The quick preset takes what is there, and trains KodCode's.
    assert(ask({ preset: QUICK, reuse: false }) !== undefined);
    const kodcode = { ...KEY, benchmark: "kodcode" };
    assertEquals(ask({ preset: QUICK, reuse: false }, kodcode), undefined);
    assertThrows(
      () => ask({ preset: QUICK }, { ...KEY, modelKey: "other" }),
      Error,
      "must have learned it",
    );
  }));
