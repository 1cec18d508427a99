import { assertEquals } from "@std/assert";
import { scoreBoxed, scoreChoice } from "@/lib/benchmarks/boxed_score.ts";
import type { Score } from "@/lib/benchmarks/task.ts";

/** What was written, the gold, and official, lenient and failure. */
type Case = readonly [string, string, 0 | 1, 0 | 1, string?];

function toScore([, , official, lenient, failure]: Case): Score {
  return failure === undefined
    ? { official, lenient }
    : { official, lenient, failure };
}

const ANSWERS: readonly Case[] = [
  ["\\boxed{5}", "\\boxed 5", 1, 1],
  ["\\boxed 5$.", "\\boxed{5}", 1, 1],
  ["\\fbox{5}", "\\boxed{5}", 0, 1, "no box"],
  ["It is 5.", "\\boxed{5}", 0, 0, "no box"],
  ["\\boxed{5", "\\boxed{5}", 0, 0, "no box"],
  ["\\boxed {5}", "\\boxed{5}", 0, 1, "other form"],
  ["\\boxed{{5}}", "\\boxed{5}", 0, 1, "other form"],
  ["\\boxed{}", "\\boxed{5}", 0, 0, "wrong answer"],
  ["\\boxed{5.0}", "\\boxed{5}", 0, 1, "other form"],
  ["\\boxed{4} or \\boxed{5}", "\\boxed{5}", 0, 1, "other form"],
  ["\\boxed{5} or \\boxed{4}", "\\boxed{5}", 1, 0],
  ["\\boxed{-\\frac34}", "\\boxed{-\\frac{3}{4}}", 1, 1],
  ["\\boxed{-3/4}", "\\boxed{-\\frac{3}{4}}", 0, 1, "other form"],
  ["\\boxed{\\{2\\}}", "\\boxed{\\{3\\}}", 0, 0, "wrong answer"],
];

Deno.test("scoreBoxed() gives both marks, and how an answer is wrong", async () => {
  for (const each of ANSWERS) {
    const [turn, gold] = each;
    assertEquals(await scoreBoxed([turn], gold), toScore(each), turn);
  }
});

const CHOICES: readonly Case[] = [
  ["\\boxed{B}", "\\boxed{B}", 1, 1],
  ["\\boxed{\\text{ B}}", "\\boxed{B}", 0, 1, "not a letter"],
  ["\\boxed{(B)}", "\\boxed{B}", 0, 1, "not a letter"],
  ["\\boxed {B}", "\\boxed{B}", 0, 1, "not a letter"],
  ["\\boxed{b}", "\\boxed{B}", 0, 1, "not a letter"],
  ["\\boxed{B. CO2}", "\\boxed{B}", 0, 1, "not a letter"],
  ["\\boxed{125}", "\\boxed{B}", 0, 0, "not a letter"],
  ["\\boxed{F}", "\\boxed{B}", 0, 0, "not a letter"],
  ["\\boxed{AB}", "\\boxed{B}", 0, 0, "not a letter"],
  ["\\boxed{A}", "\\boxed{B}", 0, 0, "wrong letter"],
  ["\\boxed{ E }", "\\boxed{B}", 0, 0, "wrong letter"],
  ["\\boxed{A}, no: \\boxed{B}", "\\boxed{B}", 0, 1, "wrong letter"],
  ["B", "\\boxed{B}", 0, 0, "no box"],
  ["", "\\boxed{B}", 0, 0, "no box"],
];

Deno.test("scoreChoice() gives both marks, and how a letter is wrong", async () => {
  for (const each of CHOICES) {
    const [turn, gold] = each;
    assertEquals(await scoreChoice([turn], gold), toScore(each), turn);
  }
});

Deno.test("scoreBoxed() and scoreChoice() look at the last turn alone", async () => {
  for (const score of [scoreBoxed, scoreChoice]) {
    const turns = ["\\boxed{A}", "\\boxed{B}"];
    assertEquals((await score(turns, "\\boxed{B}")).official, 1);
    assertEquals((await score(turns, "\\boxed{A}")).official, 0);
  }
});
