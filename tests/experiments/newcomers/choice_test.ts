import { assertEquals } from "@std/assert";
import type { NewcomersAnswers } from "@/experiments/newcomers/answers.ts";
import { choosePenalty } from "@/experiments/newcomers/choice.ts";

function answers(right: number, insertions: number): NewcomersAnswers {
  const correct = Array.from({ length: 100 }, (_, i) => Number(i < right));
  return { correct, insertions, needed: 0, candidates: 9 };
}

const ALWAYS = answers(100, 9);

Deno.test("choosePenalty() takes the fewest insertions of those that keep 98 %", () => {
  const trials = [
    { penalty: 0, answers: answers(100, 8.5) },
    { penalty: 0.1, answers: answers(98, 2) },
    { penalty: 0.2, answers: answers(99, 2.5) },
    { penalty: 0.3, answers: answers(97, 1) },
  ];
  assertEquals(choosePenalty(trials, ALWAYS), 0.1);
  assertEquals(choosePenalty(trials.toReversed(), ALWAYS), 0.1);
  // Kept of what always gets, not of all questions.
  assertEquals(choosePenalty(trials, answers(98, 9)), 0.3);
});

Deno.test("choosePenalty() takes the most right answers where none keeps 98 %", () => {
  const trials = [
    { penalty: 0.1, answers: answers(80, 1) },
    { penalty: 0.2, answers: answers(90, 3) },
  ];
  assertEquals(choosePenalty(trials, ALWAYS), 0.2);
});
