import { assert, assertEquals } from "@std/assert";
import { officialMathScore } from "@/lib/benchmarks/boxed_math.ts";

/** Answer, gold, score: what the released code gives for the two in boxes. */
const PAIRS: readonly (readonly [string, string, 0 | 1])[] = [
  ["1080", "1,080", 0],
  ["1,080", "1,080", 1],
  ["18.00", "18", 0],
  ["\\$18", "18", 1],
  ["$18", "18", 0],
  ["18 ", "18", 1],
  ["18 \\text{ dollars}", "18", 1],
  ["18 dollars", "18", 0],
  ["x=5", "5", 1],
  ["1/2", "\\frac12", 1],
  ["0.5", "\\frac{1}{2}", 1],
  [".5", "1/2", 1],
  ["-3/4", "-\\frac{3}{4}", 0],
  ["2/4", "1/2", 0],
  ["50\\%", "50", 1],
  ["\\dfrac{3}{4}", "\\frac34", 1],
  ["90^\\circ", "90", 1],
  ["A", "A", 1],
  ["(A)", "A", 0],
  ["a", "A", 0],
  ["\\text{A}", "A", 0],
  ["A. foo", "A", 0],
  ["", "6", 0],
];

for (const [answer, gold, score] of PAIRS) {
  Deno.test(`officialMathScore() gives ${score} for box "${answer}" and gold "${gold}"`, () => {
    assertEquals(
      officialMathScore(`\\boxed{${answer}}`, `Work.\\boxed{${gold}}`),
      score,
    );
  });
}

Deno.test("officialMathScore() reads the first box of the completion", () => {
  assertEquals(officialMathScore("\\boxed{5} \\boxed{6}", "\\boxed{6}"), 0);
  assertEquals(officialMathScore("\\boxed{5} \\boxed{6}", "\\boxed{5}"), 1);
});

Deno.test("officialMathScore() reads a box without braces", () => {
  assertEquals(officialMathScore("\\boxed 6", "\\boxed{6}"), 1);
});

Deno.test("officialMathScore() is 0 for \\fbox and for a box that never closes", () => {
  assertEquals(officialMathScore("\\fbox{6}", "\\boxed{6}"), 0);
  assertEquals(officialMathScore("\\boxed{6", "\\boxed{6}"), 0);
});

const cases: {
  case: string;
  completion: string;
  gold: string;
  official: 0 | 1;
}[] = Deno.readTextFileSync(
  new URL("fixtures/boxed_math.jsonl", import.meta.url),
)
  .trimEnd().split("\n").map((line) => JSON.parse(line));

for (const { case: name, completion, gold, official } of cases) {
  Deno.test(`officialMathScore() agrees with the released code: ${name}`, () => {
    assertEquals(officialMathScore(completion, gold), official);
  });
}

Deno.test("officialMathScore() rewrites a/b up to the 4300 digits that Python's int reads", () => {
  const score = (digits: number) => {
    const nines = "9".repeat(digits);
    return officialMathScore(
      `\\boxed{${nines}/2}`,
      `\\boxed{\\frac{${nines}}{2}}`,
    );
  };
  assertEquals(score(4300), 1);
  assertEquals(score(4301), 0);
});

Deno.test("officialMathScore() is 1 for any closed box against itself", () => {
  for (
    const { gold } of cases.filter(({ gold }) =>
      /^\\boxed\{[^{}]*\}$/.test(gold)
    )
  ) {
    assert(officialMathScore(gold, gold) === 1, gold);
  }
});
