import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  choiceText,
  drawEvenOptions,
  optionTexts,
} from "@/lib/benchmarks/twins/option_list.ts";
import { isLucky } from "@/lib/benchmarks/twins/luck.ts";
import {
  AQUA_HELD_OUT,
  aquaTwin,
  FACT_NAMES,
  measurePolicies,
  play,
  RATE_NAMES,
  readAquaNotes,
  splitProblems,
  topicBigrams,
} from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";

const { problem, sizes } = aquaTwin;

Deno.test("the AQuA twin works a problem out as a person would", () => {
  const { story, world, ...rest } = problem("train", 0);
  const letter = /\\boxed\{(.)\}$/.exec(rest.task.gold)![1];
  assertEquals(
    rest.options[letter],
    rest.task.gold.match(/(\d+) is option/)![1],
  );
  assertEquals(Object.keys(rest.options), ["A", "B", "C", "D", "E"]);
  const values = Object.values(rest.options).map(Number);
  assertEquals(values, values.toSorted((a, b) => a - b));
  assert(story.events.length >= 3 && Object.keys(world).length === 6);
});

Deno.test("the AQuA twin's answers read the options down to the right one", () => {
  for (const { task, options } of splitProblems(aquaTwin, "train", 100)) {
    const letter = task.gold.at(-2)!;
    const lines = task.gold.split("\n").filter((line) => /^[A-E]\)/.test(line));
    const listed = Object.entries(options).map(([l, value]) =>
      `${l}) ${value}`
    );
    assertEquals(lines, listed.slice(0, "ABCDE".indexOf(letter) + 1));
    assertStringIncludes(
      task.gold,
      `\n${lines.at(-1)}\n${options[letter]} is option ${letter}.\n`,
    );
  }
});

Deno.test("choiceText() reads all options where none is the number", () => {
  const options = { A: "3", B: "8", C: "20" };
  assertEquals(choiceText(options, 8), "A) 3\nB) 8\n8 is option B.");
  assertEquals(
    choiceText(options, 10),
    "A) 3\nB) 8\nC) 20\n10 is nearest option B.",
  );
});

Deno.test("drawEvenOptions() keeps the distances wherever the right one is", () => {
  const values = (below: number, gold = 40, errors = [41, 39, 50, 60]) => {
    const options = drawEvenOptions(seededRandom("even"), gold, below, errors);
    return options && Object.values(options).map(Number);
  };
  assertEquals(values(0), [40, 41, 42, 51, 61]);
  assertEquals(values(1), [39, 40, 41, 50, 60]);
  assertEquals(values(4), [19, 20, 21, 30, 40]);
  assertEquals(values(4, 20), undefined);
  assertEquals(values(0, 40, [41, 41, 40])?.length, 5);
});

Deno.test("optionTexts() are in the form of AQuA's files", () => {
  assertEquals(optionTexts({ A: "3", B: "18" }), ["A)3", "B)18"]);
});

Deno.test("isLucky() is true once in so many problems", () => {
  const lucky = Array.from({ length: 50 }, (_, i) => isLucky(5, i, "any"));
  for (let block = 0; block < 50; block += 5) {
    const among = lucky.slice(block, block + 5);
    assertEquals(among.filter((each) => each).length, 1);
  }
});

Deno.test("the AQuA twin's shortcuts are at most five points above chance", async () => {
  for (const { name, kind, correct, n } of await measurePolicies(aquaTwin)) {
    if (kind === "shortcut") assert(correct / n <= 0.25, name);
    if (kind === "oracle") assertEquals(correct, n);
  }
});

Deno.test("the AQuA twin gives the right option every place", () => {
  const counts: Record<string, number> = {};
  for (const { task } of splitProblems(aquaTwin, "train", 1000)) {
    const letter = task.gold.at(-2)!;
    counts[letter] = (counts[letter] ?? 0) + 1;
  }
  // 200 expected, standard deviation 12.6.
  for (const count of Object.values(counts)) assert(count > 150 && count < 250);
  assertEquals(Object.keys(counts).length, 5);
});

Deno.test("the AQuA twin keeps the splits apart by pairs of operations", () => {
  for (const split of ["train", "valid", "test"] as const) {
    for (const { kind } of splitProblems(aquaTwin, split, 200)) {
      const [pair] = topicBigrams(kind);
      assertEquals(AQUA_HELD_OUT.test.has(pair), split === "test");
      assertEquals(AQUA_HELD_OUT.valid.has(pair), split === "valid");
    }
  }
});

Deno.test("the AQuA twin shows every fact in training", () => {
  const problems = splitProblems(aquaTwin, "train", 2500);
  assertEquals(
    new Set(problems.flatMap(({ facts }) => facts)),
    new Set<string>([...FACT_NAMES, ...RATE_NAMES]),
  );
});

Deno.test("the AQuA twin's notes are all that one must know", async () => {
  for (const world of ["own", "redrawn"] as const) {
    for (let i = 0; i < 100; i++) {
      const noted = aquaTwin.noted(world, i, i % 3);
      const { score } = await play(aquaTwin, noted, readAquaNotes);
      assertEquals(score.official, 1, noted.task.id);
    }
  }
});

Deno.test("the AQuA twin's controls change one thing each", async () => {
  const { controls } = aquaTwin;
  const [oracle] = aquaTwin.policies();
  let right = 0;
  for (let i = 0; i < 100; i++) {
    const plain = problem("test", i);
    const skin = controls["permuted skin"]("test", i);
    const text = (of: typeof plain): string => of.task.messages[0].content;
    if (plain.kind.topic === "things") assertNotEquals(text(skin), text(plain));
    assertEquals(skin.task.gold.match(/\d+/g), plain.task.gold.match(/\d+/g));

    const shifted = controls["shifted facts"]("test", i);
    const policy = oracle.start(shifted, () => 0);
    right += (await play(aquaTwin, shifted, policy)).score.official;

    const form = controls["format only"]("train", i);
    assertEquals(text(form), text(problem("train", i)));
    assertEquals(
      form.task.gold,
      problem("train", (i + 1) % sizes.train).task.gold,
    );
  }
  assert(right < 50, "the world's facts must not help with other facts");
});
