import { assertEquals } from "@std/assert";
import { officialMathScore } from "@/lib/benchmarks/boxed_math.ts";
import { lenientMathScore } from "@/lib/benchmarks/lenient_math.ts";

/** Rule of the docstring, answer, gold, score. */
const PAIRS: readonly (readonly [number, string, string, 0 | 1])[] = [
  [2, "\\sqrt3", "\\sqrt{3}", 1],
  [2, "18 \\text{ dollars}", "18", 1],
  [2, "x=5", "5", 1],
  [3, "$18$", "18", 1],
  [3, "$18", "18", 1],
  [3, "18.", "18", 1],
  [3, "18 \\%", "18", 1],
  [3, "90°", "90", 1],
  [3, "\\left(1, 2\\right)", "(1,2)", 1],
  [3, "\\mathrm{east}", "east", 1],
  [3, "n = 5", "5", 1],
  [3, "{5}", "5", 1],
  [3, " {18 dollars} ", "18", 1],
  [3, "5", "{5}", 1],
  [3, "{1}/{2}", "1", 0],
  [3, "\\{5\\}", "5", 0],
  [3, "abc=5", "5", 0],
  [4, "1080", "1,080", 1],
  [4, "1,080", "1080", 1],
  [4, "1{,}080", "1080", 1],
  [4, "1\\,080", "1080", 1],
  [4, "1,08", "108", 0],
  [4, "108", "1,080", 0],
  [4, "18.00", "18", 1],
  [4, "18.01", "18", 0],
  [4, ".50", "1/2", 1],
  [4, "2/4", "1/2", 1],
  [4, "2 / 4", "\\frac{1}{2}", 1],
  [4, "\\dfrac{3}{4}", "0.75", 1],
  [4, "-3/4", "-\\frac{3}{4}", 1],
  [4, "\\frac{-3}{4}", "-\\frac34", 1],
  [4, "\\frac{3}{-4}", "-0.75", 1],
  [4, "\\frac{3}{4}", "-\\frac{3}{4}", 0],
  [4, "−5", "-5", 1],
  [4, "5", "-5", 0],
  [4, "0.333", "1/3", 0],
  [4, "9007199254740993", "9007199254740992", 0],
  [4, "1/0", "2/0", 0],
  [4, "50%", "50", 1],
  [4, "50%", "0.5", 0],
  [4, "\\frac{3}{4}5", "3/45", 0],
  [4, "\\frac{1}{2}0", "\\frac{1}{20}", 0],
  [5, "18 dollars", "18", 1],
  [5, "$18 per hour", "18", 1],
  [5, "1,080\\text{ miles}", "1080", 1],
  [5, "18\\text{cm}", "18", 1],
  [5, "18 Dollars", "18 \\text{dollars}", 1],
  [5, "18 cents", "18 dollars", 0],
  [5, "5 million", "5", 0],
  [5, "2 dozen eggs", "2", 0],
  [5, "2 dozens", "2", 0],
  [5, "5 millions", "5", 0],
  [5, "5 billions", "5", 0],
  [5, "5 squared", "5", 0],
  [5, "5 cubed", "5", 0],
  [5, "5 factorial", "5", 0],
  [5, "3 halves", "3", 0],
  [5, "1 third", "1", 0],
  [5, "2 thirds", "2", 0],
  [5, "5 tenths", "5", 0],
  [5, "3 fourths", "3", 0],
  [5, "1 fifth", "1", 0],
  [5, "5 sixths", "5", 0],
  [5, "7 eighths", "7", 0],
  [5, "6 minus one", "6", 0],
  [5, "6 divided by two", "6", 0],
  [5, "4 bn", "4", 0],
  [5, "5 one-dollar bills", "5", 1],
  [5, "3 hundredths", "3", 0],
  [5, "7 thousandths", "7", 0],
  [5, "22 quarters", "22", 1],
  [5, "5 x", "5", 0],
  [5, "5x", "5", 0],
  [5, "5 and 6", "5", 0],
  [6, "(A)", "A", 1],
  [6, "a", "A", 1],
  [6, "\\text{A}", "A", 1],
  [6, "\\textbf{(B)}", "B", 1],
  [6, "A. foo", "A", 1],
  [6, "A) 24", "A", 1],
  [6, "(A) foo", "A", 1],
  [6, "C: 3 km", "C", 1],
  [6, "B", "A", 0],
  [6, "A dog", "A", 0],
  [6, "f", "F", 0],
  [7, "x + 1", "x+1", 1],
  [7, "$x+1$", "x+1", 1],
  [7, "x+1", "x+2", 0],
  [7, "$", "%", 0],
  [7, "", "6", 0],
];

for (const [rule, answer, gold, score] of PAIRS) {
  Deno.test(`lenientMathScore() rule ${rule}: box "${answer}", gold "${gold}" is ${score}`, () => {
    assertEquals(
      lenientMathScore(`\\boxed{${answer}}`, `Work.\\boxed{${gold}}`),
      score,
    );
  });
}

/** Completion against the gold 6. */
const COMPLETIONS: readonly (readonly [string, 0 | 1])[] = [
  ["\\boxed{5} no, \\boxed{6}", 1],
  ["\\boxed{6} no, \\boxed{5}", 0],
  ["\\boxed{6} so \\boxed{", 1],
  ["\\boxed 5 so \\boxed{6}", 1],
  ["so $\\boxed 6$.", 1],
  ["so \\boxed {6}.", 1],
  ["so \\boxed {7}, not 6", 0],
  ["so \\boxed\n{6}.", 1],
  ["so \\fbox {6}.", 1],
  ["\\boxed {6} no, \\boxed {5}", 0],
  ["\\boxed{\\boxed {6}}", 1],
  ["\\boxed {6", 0],
  ["\\fbox{6}", 1],
  ["\\boxed{\\boxed{6}}", 1],
  ["\\boxed{6", 0],
  ["6", 0],
  ["", 0],
];

for (const [completion, score] of COMPLETIONS) {
  Deno.test(`lenientMathScore() rule 1: completion "${completion}", gold 6 is ${score}`, () => {
    assertEquals(lenientMathScore(completion, "\\boxed{6}"), score);
  });
}

Deno.test("lenientMathScore() is 0 for a gold without a box", () => {
  assertEquals(lenientMathScore("\\boxed{6}", "6"), 0);
});

Deno.test("lenientMathScore() is 1 wherever officialMathScore() is, if there is one box", () => {
  const fragments = [
    "\\frac",
    "\\frac12",
    "\\frac{1}{2}",
    "\\sqrt",
    "\\text{ ",
    "\\text{",
    "\\left",
    "\\!",
    "\\%",
    "$",
    "\\$",
    "{",
    "}",
    "{.",
    ".5",
    "0.5",
    "1/2",
    "1,080",
    "18",
    "=",
    "x=",
    "-",
    " ",
    "\n",
    "A",
    "(A)",
    "\\\\",
  ];
  let state = 1;
  const draw = (bound: number) => {
    state = (state * 48271) % 0x7fffffff;
    return state % bound;
  };
  const answer = () =>
    Array.from({ length: 1 + draw(4) }, () => fragments[draw(fragments.length)])
      .join("");
  let agreed = 0;
  for (let trial = 0; trial < 20_000; trial++) {
    const box = draw(4) === 0 ? `\\boxed ${answer()}` : `\\boxed{${answer()}}`;
    const completion = `So ${box}${draw(2) === 0 ? "" : answer()}`;
    const gold = draw(2) === 0 ? box : `\\boxed{${answer()}}`;
    if (officialMathScore(completion, gold) === 0) continue;
    agreed++;
    assertEquals(
      lenientMathScore(completion, gold),
      1,
      `${completion} | ${gold}`,
    );
  }
  assertEquals(agreed > 1000, true, `only ${agreed} trials scored 1`);
});
