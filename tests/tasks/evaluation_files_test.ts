import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  defaultOutput,
  readBaseline,
  writeEvaluation,
} from "@/tasks/evaluation_files.ts";
import { summarize } from "@/tasks/evaluation_summary.ts";
import { withFolderSync } from "@/tests/folder.ts";

/** Writes lines to a file, then calls `use` with its path. */
function withLines(lines: readonly string[], use: (path: string) => void) {
  withFolderSync((folder) => {
    const path = join(folder, "vanilla.jsonl");
    Deno.writeTextFileSync(path, lines.map((line) => `${line}\n`).join(""));
    use(path);
  });
}

const RECORDS = ["a", "b"].map((id) => ({ id, official: 1, lenient: 0 }));
const LINES = RECORDS.map((record) => JSON.stringify(record));

Deno.test("readBaseline() reads the records of the same tasks", () => {
  withLines(LINES, (path) => {
    assertEquals<unknown>(readBaseline(path, ["a", "b"]), RECORDS);
  });
});

for (
  const [ids, message] of [
    [["a", "c"], "record 2 must be of c: current value is b"],
    [["a"], "record 2 must be of no task: current value is b"],
    [["a", "b", "c"], "record 3 must be of c: current value is none"],
  ] as const
) {
  Deno.test(`readBaseline() refuses records that are not of ${ids}`, () => {
    withLines(LINES, (path) => {
      assertThrows(
        () => readBaseline(path, ids),
        RangeError,
        `Cannot compare with ${path} as ${message}`,
      );
    });
  });
}

Deno.test("readBaseline() refuses what is no record", () => {
  withLines([LINES[0], "half a"], (path) => {
    assertThrows(
      () => readBaseline(path, ["a", "b"]),
      SyntaxError,
      `Cannot read ${path} line 2 as it must be a record: current value is half a`,
    );
  });
});

Deno.test("readBaseline() names a file that is not there", () => {
  assertThrows(
    () => readBaseline("none.jsonl", []),
    Deno.errors.NotFound,
    "Cannot read none.jsonl as the file must exist",
  );
});

/** What `deno task evaluate` leaves in its files of one task. */
function writtenText(benchmark: string): string {
  return withFolderSync((folder) => {
    const output = join(folder, "records.jsonl");
    const records = [{
      id: `${benchmark}/test/0`,
      turns: ["You ask which gas forms."],
      observations: ["Gas."],
      tokens: 6,
      turnTokens: [6],
      insertions: [],
      official: 0,
      lenient: 0,
      failure: "no box",
    }] as const;
    const summary = summarize(records, {
      settings: {
        benchmark,
        data: "data",
        split: "test",
        model: "models/tiny",
        method: "vanilla",
        maxNewTokens: 9,
        batchSize: 32,
        seed: 0,
        output,
      },
      splitTasks: 1,
      seconds: 1,
      processes: 1,
      made: {
        command: "deno task evaluate",
        commit: "0123456789",
        date: "2026-11-21",
        deno: "2.9.6",
        backend: {
          name: "cpu",
          version: "4.22.0",
          device: "CPU",
          threads: 1,
          precision: "fp32",
        },
        processor: "Some CPU",
        cores: 2,
      },
    });
    writeEvaluation(output, records, summary);
    return [...Deno.readDirSync(folder)].map(({ name }) =>
      Deno.readTextFileSync(join(folder, name))
    ).join("");
  });
}

Deno.test("writeEvaluation() writes no text of GPQA, and all texts of others", () => {
  const gpqa = writtenText("gpqa");
  assertEquals(gpqa.toLowerCase().includes("gas"), false);
  assertStringIncludes(gpqa, '{"id":"gpqa/test/0","tokens":6,');
  assertStringIncludes(
    writtenText("gsm8k"),
    '"turns":["You ask which gas forms."],"observations":["Gas."]',
  );
});

const OPTIONS = {
  benchmark: "gsm8k",
  split: "test",
  model: "results/reasoners/mini-qwen2.5",
  method: "vanilla",
  batchSize: 32,
  seed: 0,
  precision: "fp32",
} as const;

Deno.test("defaultOutput() names a reasoner's records in words alone", () => {
  assertEquals(
    defaultOutput(OPTIONS),
    ".runs/evaluate/gsm8k-test-mini-qwen2.5-vanilla.jsonl",
  );
  assertEquals(
    defaultOutput({ ...OPTIONS, maxNewTokens: 8, precision: "bf16" }),
    ".runs/evaluate/gsm8k-test-mini-qwen2.5-tokens-8-vanilla-bf16.jsonl",
  );
});

Deno.test("defaultOutput() gives other records another name", () => {
  const memgen = { memgen: "memory", trigger: "always" };
  const changes = [
    {},
    { limit: 8 },
    { data: "data/gsm8k" },
    { data: "more/gsm8k" },
    { maxNewTokens: 8 },
    { retriever: "http://127.0.0.1:8000/retrieve" },
    { retriever: "http://127.0.0.1:8001/retrieve" },
    { model: "models/mini-qwen2.5" },
    { adapter: "lora" },
    { adapter: "other/lora" },
    memgen,
    { memgen: "other/memory", trigger: "always" },
    { ...memgen, weaverModel: "models/weaver" },
    { ...memgen, externalMemory: "texts.txt" },
    { ...memgen, externalMemory: "texts.txt", externalTexts: 2 },
    { ...memgen, maxPromptAugmentations: 0 },
    { method: "cot" },
    { seed: 1 },
  ] as const;
  const names = changes.map((change) =>
    defaultOutput({ ...OPTIONS, ...change })
  );
  assertEquals(new Set(names).size, changes.length);
  // The same folder, however it is written; what changes the speed alone.
  for (const same of [{ data: "data/../data/gsm8k/" }, { batchSize: 1 }]) {
    const plain = "data" in same ? { data: "data/gsm8k" } : {};
    assertEquals(
      defaultOutput({ ...OPTIONS, ...same }),
      defaultOutput({ ...OPTIONS, ...plain }),
    );
  }
});
