import { assertEquals, assertThrows } from "@std/assert";
import {
  isRightAnswer,
  questionGold,
  scoreQuestion,
} from "@/lib/benchmarks/question_score.ts";

const GOLD = questionGold(["dr no", "julius"]);
const SEARCH = "<think> t </think>\n<search> no </search>";

Deno.test("scoreQuestion() marks the first turn that answers", async () => {
  // The turns, official, lenient and what is wrong.
  const vectors: [string[], 0 | 1, 0 | 1, string?][] = [
    [["<answer> dr no </answer>"], 1, 1],
    [[SEARCH, "<answer> It is Julius. </answer>"], 1, 1],
    [["<answer> Juliusburg </answer>"], 1, 0],
    [["<answer> Dr. No </answer>"], 0, 1, "other form"],
    [["<answer> Tarn </answer>"], 0, 0, "wrong answer"],
    [
      ["<answer> Tarn </answer>", "<answer> dr no </answer>"],
      0,
      0,
      "wrong answer",
    ],
    [["<answer> </answer>"], 0, 0, "empty answer"],
    [[SEARCH], 0, 0, "no answer"],
    [["dr no"], 0, 0, "no answer"],
    [[...Array(4).fill(SEARCH), "<answer> dr no </answer>"], 1, 1],
    // After the last turn that an episode has.
    [[...Array(5).fill(SEARCH), "<answer> dr no </answer>"], 0, 0, "no answer"],
    // A search beside it hides the answer.
    [["<answer> dr no </answer> <search> x </search>"], 0, 0, "no answer"],
  ];
  for (const [turns, official, lenient, failure] of vectors) {
    assertEquals(
      await scoreQuestion(turns, GOLD),
      failure === undefined
        ? { official, lenient }
        : { official, lenient, failure },
      turns.join(),
    );
  }
});

Deno.test("scoreQuestion() keeps the fault of empty names", async () => {
  assertEquals(await scoreQuestion(["<answer></answer>"], '[""]'), {
    official: 1,
    lenient: 0,
  });
});

Deno.test("scoreQuestion() refuses no turns", () => {
  assertThrows(
    () => scoreQuestion([], GOLD),
    RangeError,
    "Cannot score an answer as it must have a turn: current value is none",
  );
});

Deno.test("isRightAnswer() reads the names from the gold", () => {
  assertEquals(isRightAnswer("DR NO", GOLD), true);
  assertEquals(isRightAnswer("no", GOLD), false);
});
