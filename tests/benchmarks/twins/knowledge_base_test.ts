import { assert, assertEquals } from "@std/assert";
import {
  aliasesOf,
  drawKnowledgeBase,
  factKey,
  factSentence,
  knowledgeOf,
  lookUp,
  nameOf,
  occupationOf,
  passageOf,
} from "@/lib/benchmarks/twins/knowledge_base.ts";
import { openLibrary } from "@/lib/benchmarks/twins/search_problem.ts";
import { seededRandom } from "@/lib/random.ts";

const FACT = {
  relation: "boss",
  subject: "the singer Ada Hill",
  value: "the nurse Pia Moss",
};

Deno.test("passageOf() tells namesakes apart in title and text", () => {
  assertEquals(
    passageOf(FACT),
    '"Ada Hill (singer)"\nThe boss of the singer Ada Hill is the nurse Pia Moss.',
  );
  assertEquals(
    passageOf({ relation: "mayor", subject: "Old Rowe", value: FACT.subject }),
    '"Old Rowe"\nThe mayor of Old Rowe is the singer Ada Hill.',
  );
  assertEquals(factKey(FACT), "boss of the singer Ada Hill");
  assertEquals(nameOf(FACT.value), "Pia Moss");
  assertEquals(occupationOf("Old Rowe"), "");
  assertEquals(aliasesOf(FACT.value), ["Pia Moss", "nurse Pia Moss"]);
  assertEquals(aliasesOf("Old Rowe"), ["Old Rowe"]);
});

Deno.test("knowledgeOf() gives every part people and cities of its own", () => {
  const seen = new Set<string>();
  for (const part of ["train", "valid", "test", "popqa"] as const) {
    const { people, cities } = knowledgeOf(part);
    const names = new Set([...people.map(nameOf), ...cities]);
    for (const name of names) {
      assert(!seen.has(name), name);
      seen.add(name);
    }
  }
  assertEquals(seen.size, 150 + 70 + 90 + 140 + 48 + 12 + 36 + 24);
  assertEquals(knowledgeOf("test"), knowledgeOf("test"));
});

Deno.test("drawKnowledgeBase() gives a person values of different names", () => {
  const { people, facts } = drawKnowledgeBase(seededRandom("base"), {
    names: ["Ada Hill", "Ben Reed", "Cleo Moss", "Dan Cole", "Eva Hart"],
    cities: ["Old Rowe", "Port Lane"],
    namesakes: 3,
  });
  assertEquals(people.length, 15);
  assertEquals(new Set(people).size, 15);
  for (const person of people) {
    const own = facts.get(person)!;
    const names = [nameOf(person), ...own.map(({ value }) => nameOf(value))];
    assertEquals(new Set(names).size, 7, names.join());
  }
});

Deno.test("openLibrary() finds a fact by its key, the fact's passage first", () => {
  const base = knowledgeOf("test");
  const library = openLibrary([base, knowledgeOf("train")]);
  for (const person of base.people.slice(0, 60)) {
    for (const fact of base.facts.get(person)!) {
      const [first] = library.search(factKey(fact), 3);
      assert(first.document.contents.endsWith(factSentence(fact)));
    }
  }
  assertEquals(lookUp(base, "boss", "nobody"), undefined);
});
