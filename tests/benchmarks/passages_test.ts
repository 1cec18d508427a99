import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  formatPassages,
  readCorpus,
  searchInMemory,
} from "@/lib/benchmarks/mod.ts";
import { withFolder } from "@/tests/folder.ts";

const CORPUS = fileURLToPath(
  new URL("fixtures/triviaqa/corpus.jsonl", import.meta.url),
);

Deno.test("searchInMemory() finds passages by title and text, ties by id", async () => {
  const search = searchInMemory(await readCorpus(CORPUS));
  const ids = (query: string, count: number) =>
    search(query, count).map(({ document }) => document.id);
  assertEquals(ids("Elmford", 3), ["1", "0"]);
  assertEquals(ids("Elmford", 1), ["1"]);
  // The same contents: the lower id as text, as in Anserini.
  assertEquals(ids("painter", 3), ["10", "9"]);
  assertEquals(ids("the", 3), []);
});

Deno.test("readCorpus() refuses ids that repeat", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "corpus.jsonl");
    const line = JSON.stringify({ id: "a", contents: '"A"\nb' });
    await Deno.writeTextFile(path, `${line}\n${line}\n`);
    await assertRejects(
      () => readCorpus(path),
      RangeError,
      'column "id" must name each row differently: current value is "a" in rows 1 and 2',
    );
  });
});

Deno.test("formatPassages() writes as the released code", () => {
  const found = ['"A"\nb\nc', '"D"', ""].map((contents, i) => ({
    document: { id: String(i), contents },
    score: 1,
  }));
  assertEquals(
    formatPassages(found),
    'Doc 1(Title: "A") b\nc\nDoc 2(Title: "D") \nDoc 3(Title: ) \n',
  );
  assertEquals(formatPassages([]), "");
});
