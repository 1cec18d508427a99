import { assert, assertEquals } from "@std/assert";
import {
  CHAINS,
  drawRelationGlossary,
  drawRelationsAround,
  kindOf,
  knownRelationWords,
  wordFact,
  worldRelations,
} from "@/lib/benchmarks/twins/relation_words.ts";
import { RELATION_WORDS } from "@/lib/benchmarks/twins/search_lexicon.ts";
import { seededRandom } from "@/lib/random.ts";

Deno.test("worldRelations() is the world of the results under results/", () => {
  const world = worldRelations();
  assertEquals(world.skel, ["teacher"]);
  assertEquals(world.vark, ["birthplace", "mayor"]);
  assertEquals(wordFact(world, "skel"), "The skel is the teacher.");
  assertEquals(
    wordFact(world, "vark"),
    "The vark is the mayor of the birthplace.",
  );
});

Deno.test("drawRelationGlossary() has a word for every relation", () => {
  for (let seed = 0; seed < 50; seed++) {
    const glossary = drawRelationGlossary(seededRandom("glossary", seed));
    const meanings = RELATION_WORDS.map((word) => glossary[word]);
    const single = meanings.filter(({ length }) => length === 1).flat();
    assertEquals(new Set(single).size, 9);
    const counts = { person: 0, city: 0, chain: 0 };
    for (const meaning of meanings) counts[kindOf(meaning)]++;
    assertEquals(counts, { person: 10, city: 4, chain: 10 });
  }
  // 4 relations to people, each with 5 others after it; 2 to cities, with 3.
  assertEquals(CHAINS.length, 26);
});

Deno.test("drawRelationsAround() keeps the known words and draws the others", () => {
  const known = knownRelationWords();
  const world = worldRelations();
  assertEquals(known.size, 7);
  let different = 0;
  for (let seed = 0; seed < 20; seed++) {
    const drawn = drawRelationsAround(seededRandom("around", seed), known);
    for (const word of RELATION_WORDS) {
      const isSame = drawn[word].join() === world[word].join();
      assert(isSame || !known.has(word), word);
      if (!isSame) different++;
    }
  }
  assert(different > 20 * 10, `${different} words are drawn`);
});
