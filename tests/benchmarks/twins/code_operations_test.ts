import { assert, assertEquals, assertThrows } from "@std/assert";
import { runTests } from "@/lib/benchmarks/execution/mod.ts";
import {
  applyResult,
  applyStep,
  LIBRARY_SOURCE,
  libraryCallOf,
  OPERATIONS_OF,
  phraseOf,
  pythonOf,
} from "@/lib/benchmarks/twins/code_operations.ts";
import {
  type Chain,
  questionOf,
  readQuestion,
  runChain,
} from "@/lib/benchmarks/twins/code_chain.ts";
import {
  drawIdioms,
  drawIdiomsAroundKnown,
  factText,
  IDIOMS_OF,
  knownIdioms,
  readFact,
  worldIdioms,
} from "@/lib/benchmarks/twins/idioms.ts";
import { seededRandom } from "@/lib/random.ts";

const LISTS = [[4, 9, 9, 2, 7, 0], [12, 3, 5, 15, 1, 8, 3], [6, 2]];

Deno.test("every operation is in Python what it is here, written out and in the library", async () => {
  const all = [...OPERATIONS_OF.step, ...OPERATIONS_OF.result];
  const asserts = LISTS.flatMap((xs) =>
    all.flatMap((operation) => {
      const value = OPERATIONS_OF.step.includes(operation)
        ? applyStep(operation, xs)
        : applyResult(operation, xs);
      return [
        `    xs = ${JSON.stringify(xs)}`,
        `    assert ${pythonOf(operation)} == ${JSON.stringify(value)}`,
        `    assert ${libraryCallOf(operation)} == ${JSON.stringify(value)}`,
      ];
    })
  );
  const library =
    `import types\nlib = types.SimpleNamespace()\nnames = {}\nexec(${
      JSON.stringify(LIBRARY_SOURCE)
    }, names)\nvars(lib).update(names)\n`;
  const verdict = await runTests({
    mode: "official",
    solution: library,
    test: `def test_all():\n${asserts.join("\n")}\n`,
  });
  assertEquals(verdict.status, "passed", verdict.error);
});

Deno.test("results of lists that are too short are undefined, as Python raises", () => {
  for (const kind of ["largest", "smallest", "middle", "span", "last"]) {
    assertEquals(applyResult({ kind }, []), undefined, kind);
  }
  assertEquals(applyResult({ kind: "second" }, [3]), undefined);
  assertEquals(applyResult({ kind: "count" }, []), 0);
});

Deno.test("phrases and facts tell operations apart, and are read back", () => {
  const all = [...OPERATIONS_OF.step, ...OPERATIONS_OF.result];
  assertEquals(new Set(all.map(phraseOf)).size, all.length);
  for (const operation of all) {
    assertEquals(readFact(factText("drim", operation)), {
      name: "drim",
      operation,
    });
  }
  assertEquals(
    factText("drim", { kind: "add", number: 3 }),
    "To drim is to add 3 to each number.",
  );
  assertEquals(
    factText("florp", { kind: "largest" }),
    "The florp is the largest number.",
  );
  assertEquals(readFact("To drim is to add 1 to each number."), undefined);
  assertEquals(readFact("To florp is to the largest number."), undefined);
});

Deno.test("a world has an operation of its own for each idiom; three in ten are known", () => {
  const world = worldIdioms();
  const names = [...IDIOMS_OF.step, ...IDIOMS_OF.result];
  assertEquals([...world.keys()], names);
  assertEquals(new Set(world.values().map(({ kind }) => kind)).size, 20);
  const known = knownIdioms();
  assertEquals(known.size, 6);
  const around = drawIdiomsAroundKnown(seededRandom("around"));
  for (const name of known) assertEquals(around.get(name), world.get(name));
  const changed = names.filter((name) => around.get(name) !== world.get(name));
  assert(changed.length >= 10);
  assert(drawIdioms(seededRandom("other")).get("drim") !== world.get("drim"));
});

Deno.test("a question is read as it is written, and run by hand", () => {
  const idioms = new Map([
    ["drim", { kind: "above", number: 4 }],
    ["florp", { kind: "count" }],
  ]);
  const chain: Chain = [
    { operation: { kind: "add", number: 2 } },
    { idiom: "drim", operation: { kind: "above", number: 4 } },
    { idiom: "florp", operation: { kind: "count" } },
  ];
  const question =
    "Given numbers xs, add 2 to each number, then drim, then return the florp.";
  assertEquals(questionOf(chain), question);
  assertEquals(readQuestion(`Question: ${question}\n`, idioms), chain);
  assertEquals(runChain(chain, [1, 3, 5]), 2);
  for (const text of ["Given numbers xs, hop, then return the sum.", "What?"]) {
    assertThrows(
      () => readQuestion(text, idioms),
      SyntaxError,
      "each stage must be of the twins' language",
    );
  }
});
