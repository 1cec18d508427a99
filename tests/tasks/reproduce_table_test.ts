import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { MINI, QUICK } from "@/experiments/presets.ts";
import { COLUMNS } from "@/experiments/table_1.ts";
import { seededRandom } from "@/lib/random.ts";
import type { Table } from "@/lib/report/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import type { Provenance } from "@/tasks/provenance.ts";
import { DEFINITION, writeTable } from "@/tasks/reproduce_table.ts";
import { reproduceTable1 } from "@/tasks/table_1_run.ts";
import { withFolder } from "@/tests/folder.ts";
import { runChild } from "@/tests/run_child.ts";

const CHILD = new URL("./reproduce_table_child.ts", import.meta.url);

function child(work: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", fileURLToPath(CHILD), work],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The cells that are done, with the checksums of their files. */
function finished(work: string): Map<string, string> {
  try {
    using database = new DatabaseSync(join(work, "ledger.sqlite"));
    const rows = database.prepare(
      "SELECT key, checksum FROM cells WHERE status = 'done'",
    ).all() as { key: string; checksum: string }[];
    return new Map(rows.map(({ key, checksum }) => [key, checksum]));
  } catch {
    return new Map();
  }
}

async function runToTheEnd(work: string): Promise<string> {
  const { code, stdout, stderr } = await child(work).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("reproduceTable1() killed at five random moments loses no finished cell and gives the same table", async () => {
  const folder = await Deno.makeTempDir();
  const [whole, killed] = ["whole", "killed"].map((name) => join(folder, name));
  try {
    const expected = await runToTheEnd(whole);
    assertStringIncludes(expected, "MemGen SFT, prepended");
    assertMatch(expected, /^cells\/[0-9a-f]{16}$/m);
    const cells = finished(whole);
    const random = seededRandom("kills");
    let before = new Map<string, string>();
    for (let kill = 0; kill < 5; kill++) {
      const process = child(killed);
      let ended = false;
      const output = process.output().finally(() => ended = true);
      // Within a second after the first cells: something must be left to do.
      const wanted = Math.floor(kill * (cells.size - 1) / 5);
      while (!ended && finished(killed).size < wanted) await delay(50);
      await delay(random() * 1000);
      process.kill("SIGKILL");
      assertEquals((await output).signal, "SIGKILL");
      const after = finished(killed);
      assert(after.size < cells.size);
      for (const [key, checksum] of before) {
        assertEquals(after.get(key), checksum);
      }
      before = after;
    }
    assertEquals(await runToTheEnd(killed), expected);
    assertEquals(finished(killed), cells);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("reproduceTable1() asks for all reasoners before it begins", async () => {
  const error = await assertRejects(
    () =>
      reproduceTable1({
        preset: MINI,
        columns: COLUMNS,
        reasoners: "nowhere",
        work: "nowhere",
        trained: "nowhere",
        made: {} as Provenance,
        signal: new AbortController().signal,
      }),
    Deno.errors.NotFound,
  );
  assertEquals(
    error.message,
    `Cannot reproduce the table as there must be a reasoner in ${
      join("nowhere", "mini-qwen2.5")
    } (deno task pretrain --reasoner mini-qwen2.5 makes it): current value is no folder`,
  );
});

const TABLE: Table = {
  title: "A table",
  caption: "Made up.",
  columns: [{ header: "Method" }, { header: "Right" }],
  rows: [["Vanilla", 3]],
};

Deno.test("writeTable() writes Markdown, CSV and JSON with what is behind it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const paths = await writeTable(join(folder, "new"), "table-1", TABLE, {
      made: { commit: "abc" },
    });
    assertEquals(
      paths.map((path) => path.split(".").at(-1)),
      ["md", "csv", "json"],
    );
    const [md, csv, json] = await Promise.all(
      paths.map((path) => Deno.readTextFile(path)),
    );
    assertStringIncludes(md, "| Vanilla | 3 |");
    assertStringIncludes(csv, "Vanilla,3");
    const parsed = JSON.parse(json);
    assertEquals(parsed.title, "A table");
    assertEquals(parsed.made, { commit: "abc" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno task reproduce-table refuses tables that are not there yet", () => {
  assertEquals(parseArguments(DEFINITION, ["1"]).table, "1");
  assertThrows(
    () => parseArguments(DEFINITION, ["12"]),
    UsageError,
    "Cannot run reproduce-table as TABLE must be one of 1: current value is 12",
  );
  assertThrows(
    () => parseArguments(DEFINITION, []),
    UsageError,
    "Cannot run reproduce-table as TABLE must be given: current value is none",
  );
});

Deno.test("deno task reproduce-table has AQuA and --reuse in the mini preset only", async () => {
  const task = new URL("../../tasks/reproduce_table.ts", import.meta.url);
  for (const option of [["--benchmark", "aqua"], ["--reuse"]]) {
    const { code, stderr } = await runChild(task, ["1", ...option]);
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      "Cannot run reproduce-table as --preset must be mini for --reuse and for --benchmark aqua: current value is quick",
    );
  }
});

Deno.test("reproduceTable1() asks for what was learned before it begins", () =>
  withFolder(async (folder) => {
    const work = join(folder, "work");
    await assertRejects(
      () =>
        reproduceTable1({
          preset: QUICK,
          columns: COLUMNS,
          reasoners: join("results", "reasoners"),
          work,
          trained: "nowhere",
          made: { backend: { precision: "fp32" } } as Provenance,
          signal: new AbortController().signal,
        }),
      Deno.errors.NotFound,
      "Cannot use what sft learned on alfworld as",
    );
    assert(!existsSync(work));
  }));

Deno.test("deno task reproduce-table refuses an output that is a file before it begins", async () => {
  const task = new URL("../../tasks/reproduce_table.ts", import.meta.url);
  const output = fileURLToPath(task);
  const { code, stderr } = await runChild(task, ["1", "--output", output]);
  assertEquals(code, 2);
  assertStringIncludes(
    stderr,
    `Cannot run reproduce-table as --output must be a folder: current value is file ${output}`,
  );
});
