import { assertEquals, assertMatch } from "@std/assert";
import { basename, join } from "node:path";
import {
  feverTwin,
  trainingKey,
  type Twin,
  twinKey,
} from "@/lib/benchmarks/twins/mod.ts";
import { twinFolder } from "@/tasks/twin_folder.ts";
import { TOY_TWIN } from "@/tests/benchmarks/twins/toy_twin.ts";
import { withFolder } from "@/tests/folder.ts";

/** A twin of which one problem asks for something else. */
function changed(twin: Twin, split: string, index: number): Twin {
  return {
    ...twin,
    problem(...at) {
      const problem = twin.problem(...at);
      if (at[0] !== split || at[1] !== index) return problem;
      return { ...problem, task: { ...problem.task, gold: "changed" } };
    },
  };
}

Deno.test("twinKey() changes with sizes and problems, and with nothing else", () => {
  const key = twinKey(TOY_TWIN);
  assertMatch(key, /^[0-9a-f]{8}$/);
  const alike = { ...TOY_TWIN, about: "Other words." };
  assertEquals(twinKey(alike), key);
  const others = [
    changed(TOY_TWIN, "train", 31),
    changed(TOY_TWIN, "valid", 0),
    changed(TOY_TWIN, "test", 7),
    { ...TOY_TWIN, sizes: { ...TOY_TWIN.sizes, train: 33 } },
  ].map(twinKey);
  assertEquals(new Set([key, ...others]).size, 5);
});

Deno.test("trainingKey() changes with what is learned from alone", () => {
  const key = trainingKey(TOY_TWIN);
  assertMatch(key, /^[0-9a-f]{8}$/);
  assertEquals(trainingKey(changed(TOY_TWIN, "test", 7)), key);
  const { sizes } = TOY_TWIN;
  assertEquals(trainingKey({ ...TOY_TWIN, sizes: { ...sizes, test: 9 } }), key);
  const others = [
    changed(TOY_TWIN, "train", 31),
    changed(TOY_TWIN, "valid", 0),
    { ...TOY_TWIN, sizes: { ...sizes, valid: sizes.valid + 1 } },
  ].map(trainingKey);
  assertEquals(new Set([key, twinKey(TOY_TWIN), ...others]).size, 5);
});

Deno.test("twinFolder() makes a folder once, and another for a changed twin", () =>
  withFolder(async (folder) => {
    const parent = join(folder, "twins");
    const names = (path: string) =>
      Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
    const first = await twinFolder(feverTwin, parent);
    assertEquals(basename(first), `fever-${twinKey(feverTwin)}`);
    const { benchmark, sizes } = feverTwin;
    assertEquals((await benchmark.load(first, "test")).length, sizes.test);
    const files = names(first);
    Deno.writeTextFileSync(join(first, "mark"), "");
    const other = await twinFolder(changed(feverTwin, "test", 0), parent);
    assertEquals(names(other), files);
    // The first is as it was, and both are all that there is.
    assertEquals(await twinFolder(feverTwin, parent), first);
    assertEquals(names(first), [...files, "mark"].sort());
    assertEquals(
      names(parent),
      [first, other].map((at) => basename(at)).sort(),
    );
  }));
