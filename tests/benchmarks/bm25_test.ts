import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Bm25 } from "@/lib/benchmarks/mod.ts";

/** Without stop words of length 3, 1 and 2; the mean is 2. */
const TEXTS = ["A cat, one dog.", "The dog", "birds and birds"];

/** Score of a text for a word that comes once in it. */
function scoreOf(rarity: number, length: number): number {
  return rarity / (1 + 0.9 * (0.6 + 0.4 * length / 2));
}

Deno.test("Bm25 scores as worked out by hand", () => {
  // "dog" is in two of three texts.
  const rarity = Math.log(1 + 1.5 / 2.5);
  const matches = new Bm25(TEXTS).search("DOG?", 3);
  assertEquals(matches.map(({ index }) => index), [1, 0]);
  assertAlmostEquals(matches[0].score, scoreOf(rarity, 1), 1e-12);
  assertAlmostEquals(matches[1].score, scoreOf(rarity, 3), 1e-12);
});

Deno.test("Bm25 counts a word that comes again, in text and query", () => {
  const bm25 = new Bm25(TEXTS);
  // "birds" is twice in one of three texts, which has the mean length.
  const once = Math.log(1 + 2.5 / 1.5) * 2 / (2 + 0.9);
  assertAlmostEquals(bm25.search("birds", 1)[0].score, once, 1e-12);
  assertAlmostEquals(bm25.search("birds birds", 1)[0].score, 2 * once, 1e-12);
});

Deno.test("Bm25 reads neither texts nor queries with stop words", () => {
  const bm25 = new Bm25(TEXTS);
  assertEquals(bm25.search("the", 3), []);
  assertEquals(bm25.search("is there a dog", 3), bm25.search("dog", 3));
});

Deno.test("Bm25.search() gives the best texts that share a word", () => {
  const find = (texts: readonly string[], query: string, count: number) =>
    new Bm25(texts).search(query, count).map(({ index }) => texts[index]);
  assertEquals(find(TEXTS, "dog", 3), ["The dog", "A cat, one dog."]);
  assertEquals(find(TEXTS, "dog", 1), ["The dog"]);
  assertEquals(find(TEXTS, "cat birds", 3), [
    "birds and birds",
    "A cat, one dog.",
  ]);
  assertEquals(find(TEXTS, "fish", 3), []);
  assertEquals(find(TEXTS, "", 3), []);
  assertEquals(find([], "dog", 3), []);
  // Of equal texts the earlier.
  assertEquals(find(["x one", "x two"], "x", 1), ["x one"]);
});
