import { assertEquals } from "@std/assert";
import {
  containsAlias,
  containsPopQaAlias,
  exactMatch,
  lenientAnswerScore,
  normalizeSquad,
  normalizeTriviaQa,
  trajectoryReward,
} from "@/lib/benchmarks/mod.ts";

Deno.test("containsAlias() marks as the released code, faults included", () => {
  // Answer, names, mark: run through TriviaQAEnv._check_answer.
  const vectors: [string, string[], boolean][] = [
    ["RIVER TARN", ["river tarn"], true],
    ["It is the River Tarn.", ["tarn"], true],
    ["Tarn", ["TARN"], true],
    ["the Tarn river", ["river tarn"], false],
    ["x", [], false],
    // The faults.
    ["Dr. No", ["dr no"], false],
    ["Canada", ["a"], true],
    ["1986", ["1"], true],
    ["anything", [""], true],
    ["Rome, Paris, London", ["paris"], true],
  ];
  for (const [answer, aliases, isRight] of vectors) {
    assertEquals(containsAlias(answer, aliases), isRight, answer);
  }
});

Deno.test("trajectoryReward() gives half for the form, as the released code", () => {
  // Run through TriviaQAEnv.compute_reward.
  const vectors: [string, string[], number][] = [
    ["<answer> River Tarn </answer>", ["river tarn"], 1],
    ["x <answer> no </answer>", ["river tarn"], 0.5],
    ["River Tarn", ["river tarn"], 0],
    ["<answer> a </answer", ["a"], 0],
    ["<answer>\nThe\nTarn</answer>", ["tarn"], 1],
    // The last counts.
    ["<answer> tarn </answer> <answer> no </answer>", ["tarn"], 0.5],
    ["<answer></answer>", [""], 1],
  ];
  for (const [trajectory, aliases, reward] of vectors) {
    assertEquals(trajectoryReward(trajectory, aliases), reward, trajectory);
  }
});

Deno.test("normalizeSquad() and normalizeTriviaQa() part at punctuation", () => {
  // Text, SQuAD's and TriviaQA's form: run through both, in Python.
  const vectors = [
    ["O'Neil", "oneil", "o neil"],
    ["The Dr. No", "dr no", "dr no"],
    ["a_b", "ab", "b"],
    ["An  apple—a day", "apple— day", "apple— day"],
    ["‘the’ Cat´s", "‘ ’ cat´s", "cat s"],
    ["éa a", "éa", "éa"],
    ["The", "", ""],
    ["U.S.A.", "usa", "u s"],
    ["\ufeffx\u0085y", "\ufeffx y", "\ufeffx y"],
    ["$5 + 3^2", "5 32", "5 3 2"],
    ["naïve_the_end", "naïvetheend", "naïve end"],
    ["İstanbul", "i̇stanbul", "i̇stanbul"],
    ["[x]\\`{y|z}~", "xyz", "x y z"],
  ];
  for (const [text, squad, triviaqa] of vectors) {
    assertEquals([normalizeSquad(text), normalizeTriviaQa(text)], [
      squad,
      triviaqa,
    ]);
  }
});

Deno.test("exactMatch() compares whole answers, by the rule given", () => {
  assertEquals(exactMatch("The Tarn.", ["x", "tarn"], normalizeSquad), true);
  assertEquals(exactMatch("River Tarn", ["tarn"], normalizeSquad), false);
  assertEquals(exactMatch("Canada", ["a"], normalizeTriviaQa), false);
  // TriviaQA publishes "o neil" for O'Neil.
  assertEquals(exactMatch("O'Neil", ["o neil"], normalizeTriviaQa), true);
  assertEquals(exactMatch("O'Neil", ["o neil"], normalizeSquad), false);
});

Deno.test("containsPopQaAlias() marks as PopQA's authors", () => {
  const vectors: [string, string[], boolean][] = [
    ["He is a painter.", ["Painter"], true],
    ["Painter", ["painter"], true],
    ["PAINTER", ["painter"], false],
    ["Zoé hill", ["Zoé Hill"], true],
    ["zoé Hill", ["Zoé Hill"], false],
    ["x", [""], true],
    ["x", [], false],
  ];
  for (const [answer, aliases, isRight] of vectors) {
    assertEquals(containsPopQaAlias(answer, aliases), isRight, answer);
  }
});

Deno.test("lenientAnswerScore() forgives form, not short or empty names", () => {
  const vectors: [string, string[], 0 | 1][] = [
    ["Dr. No", ["dr no"], 1],
    ["It is Dr. No, I think.", ["dr no"], 1],
    ["O'Neil", ["o neil"], 1],
    ["USA", ["U.S.A."], 1],
    ["the River Tarn", ["river tarn"], 1],
    ["Canada", ["a"], 0],
    ["1986", ["1"], 0],
    ["anything", [""], 0],
    ["anything", ["The"], 0],
    ["", ["tarn"], 0],
    ["Tarnish", ["tarn"], 0],
    ["Rome, Paris, London", ["paris"], 1],
  ];
  for (const [answer, aliases, mark] of vectors) {
    assertEquals(lenientAnswerScore(answer, aliases), mark, answer);
  }
});
