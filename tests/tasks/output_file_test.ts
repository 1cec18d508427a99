import { assertThrows } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "@/tasks/cli.ts";
import { requireOutputFile, requireOutputFolder } from "@/tasks/output_file.ts";

const FOLDER = import.meta.dirname!;
const INPUT = join(FOLDER, "output_file_test.ts");

Deno.test("requireOutputFile() takes a new file, or one to replace", () => {
  for (const name of ["none.json", "cli_test.ts"]) {
    requireOutputFile("t", { input: INPUT, output: join(FOLDER, name) });
  }
});

Deno.test("requireOutputFile() refuses the input, however it is written", () => {
  const output = `${FOLDER}/x/../output_file_test.ts`;
  assertThrows(
    () => requireOutputFile("t", { input: INPUT, output }),
    UsageError,
    `Cannot run t as --output must be another file than the input: current value is ${output}`,
  );
});

Deno.test("requireOutputFile() refuses a folder", () => {
  assertThrows(
    () => requireOutputFile("t", { input: INPUT, output: FOLDER }),
    UsageError,
    `Cannot run t as --output must be a file: current value is folder ${FOLDER}`,
  );
});

Deno.test("requireOutputFile() names a folder that does not exist", () => {
  const output = join(FOLDER, "none", "out.json");
  assertThrows(
    () => requireOutputFile("t", { input: INPUT, output }),
    Deno.errors.NotFound,
    `Cannot write ${output} as its folder must exist: current value is none`,
  );
});

Deno.test("requireOutputFolder() takes a folder or nothing yet, and refuses a file", () => {
  requireOutputFolder("t", FOLDER);
  requireOutputFolder("t", join(FOLDER, "none", "there"));
  assertThrows(
    () => requireOutputFolder("t", INPUT),
    UsageError,
    `Cannot run t as --output must be a folder: current value is file ${INPUT}`,
  );
});
