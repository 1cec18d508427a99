import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { gsm8k } from "@/lib/benchmarks/mod.ts";
import {
  bigrams,
  drawGlossary,
  drawGlossaryAround,
  drawProblem,
  FACT_NAMES,
  factText,
  HELD_OUT_BIGRAMS,
  knownFacts,
  solve,
  splitOf,
  splitProblem,
  worldGlossary,
} from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";

const ALL = { lengths: [1, 2, 3], accepts: () => true } as const;

Deno.test("solve() reads a problem as a person would", () => {
  const glossary = {
    ...drawGlossary(seededRandom("any")),
    holds: { crate: 6 },
    effects: { blorp: { operation: "multiply", amount: 2 } },
    prices: { kite: 3 },
  } as unknown as ReturnType<typeof worldGlossary>;
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
  assertThrows(
    () => solve("Zoe eats 5 kites. How many kites does Zoe have?", glossary),
    SyntaxError,
    "must be of the twin's language",
  );
});

Deno.test("drawProblem() agrees with the solver, which does not know it", async () => {
  const random = seededRandom("agree");
  for (let i = 0; i < 2000; i++) {
    const glossary = drawGlossary(random);
    const problem = drawProblem(random, { glossary, ...ALL });
    assertEquals(solve(problem.question, glossary), problem.gold);
    const [work, gold] = problem.answer.split("\n#### ");
    assertEquals(Number(gold), problem.gold);
    const score = await gsm8k.score(
      [`${work}\\boxed{${gold}}`],
      `\\boxed{${gold}}`,
    );
    assertEquals(score, { official: 1, lenient: 1 });
  }
});

Deno.test("drawProblem() computes every step right and in range", () => {
  const random = seededRandom("steps");
  for (let i = 0; i < 500; i++) {
    const glossary = drawGlossary(random);
    const { answer, facts, given, gold } = drawProblem(random, {
      glossary,
      ...ALL,
    });
    const steps = [...answer.matchAll(
      /([0-9]+)([-+*/])([0-9]+)=<<\1\2\3=([0-9]+)>>\4/g,
    )];
    assert(steps.length >= 1 && steps.length <= 4, answer);
    for (const [, a, sign, b, result] of steps) {
      const [x, y] = [Number(a), Number(b)];
      const expected = { "+": x + y, "-": x - y, "*": x * y, "/": x / y }[sign];
      assertEquals(Number(result), expected);
      assert(Number(result) >= 1 && Number(result) <= 99);
    }
    // Each fact is stated before the step that needs it.
    for (const name of facts) assert(answer.includes(factText(glossary, name)));
    assert(facts.length >= 1);
    assert(!given.includes(gold), "the gold is written in the question");
  }
});

Deno.test("splitProblem() keeps the splits apart by kind", () => {
  for (const split of ["train", "valid", "test"] as const) {
    for (let i = 0; i < 200; i++) {
      const problem = splitProblem(split, i);
      const pairs = bigrams(problem.signature);
      const inTest = pairs.some((pair) => HELD_OUT_BIGRAMS.test.has(pair));
      const inValid = pairs.some((pair) => HELD_OUT_BIGRAMS.valid.has(pair));
      assertEquals(splitOf(problem.signature), split);
      assertEquals(inTest, split === "test");
      if (split !== "test") assertEquals(inValid, split === "valid");
      assertEquals(splitProblem(split, i), problem);
    }
  }
  assertNotEquals(splitProblem("train", 0), splitProblem("train", 1));
});

Deno.test("splitProblem() shows every fact and operation in training", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const { facts, signature } = splitProblem("train", i);
    for (const name of [...facts, ...signature.operations]) seen.add(name);
  }
  for (const name of FACT_NAMES) assert(seen.has(name), name);
  assertEquals(
    [...seen].filter((name) => !FACT_NAMES.includes(name as never)).sort(),
    ["buy", "do", "fewer", "give", "half", "more", "sell", "times"],
  );
});

Deno.test("drawGlossaryAround() keeps the known facts and draws the others", () => {
  const world = worldGlossary();
  const known = knownFacts();
  assertEquals(known.size, 16);
  let differs = 0;
  const drawn = drawGlossaryAround(seededRandom("around"), known);
  for (const name of FACT_NAMES) {
    const isSame = factText(drawn, name) === factText(world, name);
    if (known.has(name)) assert(isSame, name);
    else if (!isSame) differs++;
  }
  assert(differs > 20);
  assertEquals(worldGlossary(), world);
});

Deno.test("factText() states each kind of fact", () => {
  const world = worldGlossary();
  assertEquals(factText(world, "crate"), `A crate holds ${world.holds.crate}.`);
  assertEquals(
    factText(world, "apple"),
    `An apple costs ${world.prices.apple} coins.`,
  );
  const texts = Object.entries(world.effects).map(([verb, effect]) => [
    effect.operation,
    factText(world, verb as keyof typeof world.effects),
  ]);
  for (const [operation, text] of texts) {
    const words = { add: "add", take: "take away", multiply: "multiply by" };
    assert(text.includes(` is to ${words[operation as keyof typeof words]} `));
  }
});
