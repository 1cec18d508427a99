import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { readBaseline } from "@/tasks/evaluation_files.ts";
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
