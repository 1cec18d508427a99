import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Bm25 } from "@/lib/benchmarks/mod.ts";

const TEXTS = ["A cat, a dog.", "The dog", "birds"];

Deno.test("Bm25 scores as worked out by hand", () => {
  // Lengths 4, 2 and 1, mean 7 / 3. "dog" is in two of three texts.
  const rarity = Math.log(1 + 1.5 / 2.5);
  const weight = (length: number): number =>
    2.2 / (1 + 1.2 * (0.25 + 0.75 * length * 3 / 7));
  const [first, second, third] = new Bm25(TEXTS).scores("DOG?");
  assertAlmostEquals(first, rarity * weight(4), 1e-12);
  assertAlmostEquals(second, rarity * weight(2), 1e-12);
  assertEquals(third, 0);
});

Deno.test("Bm25 counts a word that comes again, in text and query", () => {
  const bm25 = new Bm25(TEXTS);
  // "a" is twice in the first text alone, of length 4.
  const once = Math.log(1 + 2.5 / 1.5) * 2 * 2.2 /
    (2 + 1.2 * (0.25 + 0.75 * 12 / 7));
  assertAlmostEquals(bm25.scores("a")[0], once, 1e-12);
  assertAlmostEquals(bm25.scores("a a")[0], 2 * once, 1e-12);
});

Deno.test("Bm25.search() gives the best texts that share a word", () => {
  const bm25 = new Bm25(TEXTS);
  assertEquals(bm25.search("dog", 3), ["The dog", "A cat, a dog."]);
  assertEquals(bm25.search("dog", 1), ["The dog"]);
  assertEquals(bm25.search("cat birds", 3), ["birds", "A cat, a dog."]);
  assertEquals(bm25.search("fish", 3), []);
  assertEquals(bm25.search("", 3), []);
  assertEquals(new Bm25([]).search("dog", 3), []);
  // Of equal texts the earlier.
  assertEquals(new Bm25(["x one", "x two"]).search("x", 1), ["x one"]);
});
