import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import {
  mathTwin,
  measurePolicies,
  OPERATION_NAMES,
  type OperationWorld,
  play,
  readExercise,
  readMathNotes,
  splitProblems,
  workExercise,
} from "@/lib/benchmarks/twins/mod.ts";
import { splitOf } from "@/lib/benchmarks/twins/held_out.ts";
import {
  MATH_HELD_OUT,
  operationPairs,
} from "@/lib/benchmarks/twins/math_exercises.ts";
import { guessesOf } from "@/lib/benchmarks/twins/math_guesses.ts";
import {
  definitionText,
  knownOperations,
  readDefinitions,
  worldOperations,
} from "@/lib/benchmarks/twins/named_operations.ts";
import { seededRandom } from "@/lib/random.ts";

const { problem, sizes } = mathTwin;

const WORLD = {
  definitions: {
    zorb: { kind: "linear", factor: 3, term: -8 },
    wex: { kind: "remainder", modulus: 7 },
    quim: { kind: "linear", factor: 2, term: 2 },
  },
} as unknown as OperationWorld;

Deno.test("workExercise() does operation after operation, by hand", () => {
  const cases: [string, string, string[]][] = [
    [
      "What is the zorb of the wex of $16$?",
      "-2",
      [
        "The wex of x is the remainder by 7.",
        "16-14=<<16-14=2>>2.",
        "The zorb of x is 3*x-8.",
        "3*2=<<3*2=6>>6.",
        "6-8=<<6-8=-2>>-2.",
      ],
    ],
    [
      "By how much do $20$ and the wex of the quim of $20$ differ?",
      "20",
      [
        "The quim of x is 2*x+2.",
        "2*20=<<2*20=40>>40.",
        "40+2=<<40+2=42>>42.",
        "The wex of x is the remainder by 7.",
        "42-42=<<42-42=0>>0.",
        "They differ by 20-0=<<20-0=20>>20.",
      ],
    ],
    [
      "What part of $9$ is the quim of $2$?",
      "\\frac{2}{3}",
      [
        "The quim of x is 2*x+2.",
        "2*2=<<2*2=4>>4.",
        "4+2=<<4+2=6>>6.",
        "The part is \\frac{6}{9}=\\frac{2}{3}.",
      ],
    ],
  ];
  for (const [question, answer, lines] of cases) {
    const solution = workExercise(readExercise(question), WORLD);
    assertEquals(solution.lines, lines);
    assertEquals(solution.answer, answer);
  }
});

Deno.test("readExercise() refuses what is not of the language", () => {
  assertThrows(
    () => readExercise("What is the square of $3$"),
    SyntaxError,
    "must be of the twin's language",
  );
});

Deno.test("the MATH twin has its subjects, levels and kinds of answers", () => {
  const tasks = splitProblems(mathTwin, "train").map(({ task }) => task);
  const share = (holds: (task: typeof tasks[number]) => boolean): number =>
    tasks.filter(holds).length / tasks.length;
  assertEquals(share(({ meta }) => meta.subject === "Algebra"), 0.5);
  assertEquals(share(({ meta }) => meta.subject === "Number Theory"), 0.2);
  assertEquals(
    new Set(tasks.map(({ meta }) => meta.level)),
    new Set([2, 3, 4]),
  );
  assert(share(({ gold }) => gold.includes("\\boxed{\\frac")) > 0.2);
  assert(share(({ gold }) => gold.includes("\\boxed{-")) > 0.01);
  const texts = new Set(tasks.map(({ messages }) => messages[0].content));
  assertEquals(texts.size, tasks.length);
});

Deno.test("guessesOf() takes the most frequent answer of problems that are alike", () => {
  const answered = [
    ["What is the wex of the zorb of $3$?", "7"],
    ["What is the wex of the quim of $5$?", "7"],
    ["What is the zorb of the wex of $5$?", "8"],
    ["What part of $9$ is the zorb of the wex of $4$?", "1"],
    ["What part of $9$ is the wex of the zorb of $4$?", "2"],
    ["What part of $9$ is the wex of the zorb of $6$?", "2"],
    ["What part of $8$ is the wex of the zorb of $6$?", "8"],
    ["What part of $8$ is the zorb of the wex of $6$?", "8"],
    ["What part of $8$ is the quim of the wex of $6$?", "8"],
  ].map(([question, answer]) => ({ ...readExercise(question), answer }));
  const guesses = [...guessesOf(answered).values()];
  const ask = (question: string): unknown[] =>
    guesses.map((guess) => guess(readExercise(question)));
  assertEquals(
    ask("What part of $9$ is the wex of the quim of $4$?"),
    ["8", "8", "2", "2", "2", "2"],
  );
  assertEquals(
    ask("What is the zorb of the quim of $5$?"),
    ["8", "7", "7", "8", "8", "8"],
  );
  assertEquals(ask("What is the jolt of the quim of $5$?").at(-1), undefined);
});

Deno.test("the MATH twin's shortcuts are at most five points above chance", async () => {
  const measured = await measurePolicies(mathTwin);
  const random = measured.find(({ kind }) => kind === "random")!;
  for (const { name, kind, correct, n } of measured) {
    assertEquals(n, 500);
    if (kind === "shortcut") assert(correct <= random.correct + 0.05 * n, name);
    if (kind === "oracle") assertEquals(correct, n);
  }
});

Deno.test("the MATH twin's problems with notes have the split's subjects", () => {
  const subjects = Array.from(
    { length: 20 },
    (_, i) => `${mathTwin.noted("redrawn", i).task.meta.subject}`,
  );
  const counts = Map.groupBy(subjects, (subject) => subject);
  assertEquals(counts.get("Algebra")!.length, 10);
  assertEquals(counts.get("Number Theory")!.length, 4);
  assertEquals(counts.get("Prealgebra")!.length, 6);
});

Deno.test("the MATH twin shows every definition in training", () => {
  const taught = splitProblems(mathTwin, "train", 500)
    .flatMap(({ facts }) => facts);
  assertEquals(new Set(taught), new Set<string>(OPERATION_NAMES));
});

Deno.test("the MATH twin's notes are all that one must know", async () => {
  for (const world of ["own", "redrawn"] as const) {
    for (let i = 0; i < 100; i++) {
      const noted = mathTwin.noted(world, i, i % 3);
      const { score } = await play(mathTwin, noted, readMathNotes);
      assertEquals(score.official, 1, noted.task.id);
    }
  }
});

Deno.test("the MATH twin's controls change one thing each", async () => {
  const { controls } = mathTwin;
  const [oracle] = mathTwin.policies();
  let right = 0;
  for (let i = 0; i < 100; i++) {
    const plain = problem("test", i);
    const skin = controls["permuted skin"]("test", i);
    const text = (of: typeof plain): string => of.task.messages[0].content;
    assertNotEquals(text(skin), text(plain));
    assertEquals(skin.task.gold.match(/\d+/g), plain.task.gold.match(/\d+/g));

    const shifted = controls["shifted facts"]("test", i);
    const policy = oracle.start(shifted, seededRandom("shifted", i));
    right += (await play(mathTwin, shifted, policy)).score.official;

    const form = controls["format only"]("train", i);
    assertEquals(text(form), text(problem("train", i)));
    assertEquals(
      form.task.gold,
      problem("train", (i + 1) % sizes.train).task.gold,
    );
  }
  assert(right < 30, "the world's facts must not help with other facts");
});

Deno.test("the MATH twin revises known operations of training pairs, truly, without notes", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const [prompt, answer] = mathTwin.revise!(seededRandom("revise", seed));
    assert(!prompt.learn && answer.learn);
    assert(!prompt.text.includes("Notes:"));
    const [question] = /(What|By how)[^?]*\?/.exec(prompt.text)!;
    const pairs = operationPairs(readExercise(question));
    assertEquals(splitOf(MATH_HELD_OUT, pairs), "train");
    const stated = Object.keys(readDefinitions(answer.text).definitions);
    assert(stated.length > 0);
    for (const name of stated as (typeof OPERATION_NAMES)[number][]) {
      assert(answer.text.includes(definitionText(worldOperations(), name)));
      seen.add(name);
    }
  }
  assertEquals(seen, knownOperations());
});
