import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  drawGlossary,
  drawProblem,
  factText,
  type Glossary,
  solve,
} from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";

const ALL = { lengths: [1, 2, 3], accepts: () => true } as const;

Deno.test("solve() reads a problem as a person would", () => {
  const glossary = {
    ...drawGlossary(seededRandom("any")),
    holds: { crate: 6 },
    effects: { blorp: { operation: "multiply", amount: 2 } },
    prices: { kite: 3 },
  } as unknown as Glossary;
  const cases: [string, number][] = [
    [
      "Zoe has 5 kites. Zoe buys 2 crates of kites. How many kites does Zoe have?",
      17,
    ],
    [
      "Zoe has 5 kites. Zoe blorps the kites. Zoe loses 3 kites. How many kites does Zoe have?",
      7,
    ],
    [
      "Zoe has 6 kites. Ben has half as many kites as Zoe. Ben sells all the kites. How many coins does Ben get?",
      9,
    ],
    [
      "Zoe has 6 kites. Zoe is 30 years old. Ben has 4 more kites than Zoe. How many kites do Zoe and Ben have together?",
      16,
    ],
    [
      "Zoe has 6 kites. Zoe also has 9 mugs. Ben has 2 times as many kites as Zoe. How many kites does Ben have?",
      12,
    ],
  ];
  for (const [question, gold] of cases) {
    assertEquals(solve(question, glossary), gold);
  }
  for (
    const question of [
      "Zoe eats 5 kites. How many kites does Zoe have?",
      "Zoe has 5 kites. Zoe mends the kites. How many kites does Zoe have?",
      "Zoe has 5 kites.",
      "",
    ]
  ) {
    assertThrows(
      () => solve(question, glossary),
      SyntaxError,
      "must be of the twins' language",
    );
  }
});

Deno.test("drawProblem() agrees with the solver, which does not know it", () => {
  const random = seededRandom("agree");
  for (let i = 0; i < 2000; i++) {
    const glossary = drawGlossary(random);
    const problem = drawProblem(random, { glossary, ...ALL });
    assertEquals(solve(problem.question, glossary), problem.value);
  }
});

Deno.test("drawProblem() computes every step right and in range", () => {
  const random = seededRandom("steps");
  for (let i = 0; i < 500; i++) {
    const glossary = drawGlossary(random);
    const { work, question, facts, value } = drawProblem(random, {
      glossary,
      ...ALL,
    });
    const steps = [...work.matchAll(
      /([0-9]+)([-+*/])([0-9]+)=<<\1\2\3=([0-9]+)>>\4/g,
    )];
    assert(steps.length >= 1 && steps.length <= 4, work);
    for (const [, a, sign, b, result] of steps) {
      const [x, y] = [Number(a), Number(b)];
      const expected = { "+": x + y, "-": x - y, "*": x * y, "/": x / y }[sign];
      assertEquals(Number(result), expected);
      assert(Number(result) >= 1 && Number(result) <= 99);
    }
    // Each fact is stated before the step that needs it.
    for (const name of facts) {
      assert(work.includes(factText(glossary, name as never)));
    }
    assert(facts.length >= 1);
    const told = question.match(/\d+/g)!.map(Number);
    assert(!told.includes(value), "the gold is written in the question");
  }
});
