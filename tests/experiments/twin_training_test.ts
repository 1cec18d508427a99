import { assertEquals } from "@std/assert";
import type {
  TrainingNumbers,
  TwinNumbers,
} from "@/experiments/twin_numbers.ts";
import { shareOfGain, trainingTable } from "@/experiments/twin_training.ts";

/** Of 200 tasks: vanilla, SFT, MemGen prepended and appended. */
function numbers(
  vanilla: number,
  sft: number,
  prepended: number,
  appended: number,
  valid: readonly [prepended: number, appended: number] = [9, 8],
): TrainingNumbers {
  const correct = {
    "Vanilla": vanilla,
    "CoT": 190,
    "SFT (LoRA)": sft,
    "MemGen SFT, prepended": prepended,
    "MemGen SFT, appended": appended,
  };
  return {
    n: 200,
    correct,
    steps: 600,
    valid: {
      "SFT (LoRA)": 10,
      "MemGen SFT, prepended": valid[0],
      "MemGen SFT, appended": valid[1],
    },
    made: "a test",
  };
}

Deno.test("shareOfGain() takes the insertion that validation prefers, by hand", () => {
  assertEquals(shareOfGain(numbers(40, 140, 100, 60)), 0.6);
  assertEquals(shareOfGain(numbers(40, 140, 20, 140, [7, 8])), 1);
  // Whatever the test says.
  assertEquals(shareOfGain(numbers(40, 140, 100, 60, [7, 8])), 0.2);
  assertEquals(shareOfGain(numbers(40, 140, 100, 60, [8, 8])), 0.6);
  // Memory can also do harm, or more than SFT.
  assertEquals(shareOfGain(numbers(40, 140, 30, 20)), -0.1);
  assertEquals(shareOfGain(numbers(40, 80, 90, 30)), 1.25);
});

Deno.test("shareOfGain() is undefined where SFT gains less than ten points", () => {
  assertEquals(shareOfGain(numbers(40, 59, 40, 40)), undefined);
  assertEquals(shareOfGain(numbers(40, 30, 60, 40)), undefined);
  assertEquals(shareOfGain(numbers(40, 60, 60, 40)), 1);
});

Deno.test("shareOfGain() takes the mean of the runs of all weights, by hand", () => {
  const runs = { n: 200, correct: [120, 140, 160], made: "" };
  assertEquals(shareOfGain(numbers(40, 60, 90, 60), runs), 0.5);
  assertEquals(
    shareOfGain(numbers(40, 140, 90, 60), { ...runs, correct: [59, 59, 59] }),
    undefined,
  );
  // Runs with other numbers of tasks count by their accuracy.
  const half = { n: 100, correct: [60, 70, 80], made: "" };
  assertEquals(shareOfGain(numbers(40, 60, 90, 60), half), 0.5);
});

Deno.test("trainingTable() says where MemGen does not reach 80 % of SFT's gain", () => {
  const training = {
    enough: numbers(40, 140, 120, 60),
    little: numbers(40, 140, 118, 60),
    nothing: numbers(40, 50, 118, 60),
  };
  const little = { n: 200, correct: [150, 140, 130], made: "another test" };
  const nothing = { n: 200, correct: [158, 160, 162], made: "another test" };
  const table = trainingTable(
    { training, fullSft: { little, nothing } } as unknown as TwinNumbers,
  )!;
  assertEquals(
    table.rows.map((row) => [...row.slice(0, 3), ...row.slice(-3)]),
    [
      ["enough", 600, 200, "–", "80.0", "–"],
      ["little", 600, 200, "70.0", "78.0", "78.0"],
      ["nothing", 600, 200, "80.0", "–", "65.0"],
    ],
  );
  const notReached = (sft: string) =>
    `MemGen SFT does not reach 80 % of the gain of ${sft}, whichever way its latents are inserted.`;
  assertEquals(table.footnotes, [
    "enough: MemGen SFT reaches 80 % of the gain of SFT (LoRA).",
    `little: ${notReached("SFT (LoRA)")}`,
    `little: ${notReached("SFT of all weights")}`,
    "nothing: SFT (LoRA) gains less than 10 points here, so nothing can be said of memory.",
    `nothing: ${notReached("SFT of all weights")}`,
    "enough: a test",
    "little: a test",
    "nothing: a test",
    "little: another test",
    "nothing: another test",
  ]);
});

Deno.test("trainingTable() is no table where nothing was trained", () => {
  assertEquals(trainingTable({} as TwinNumbers), undefined);
});
