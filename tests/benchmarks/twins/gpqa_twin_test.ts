import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type Chemistry,
  CHEMISTRY_FACTS,
  drawChemistry,
  gpqaTwin,
  measurePolicies,
  play,
  readExperiment,
  readGpqaNotes,
  splitProblems,
  workExperiment,
} from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";

const { problem, sizes } = gpqaTwin;

Deno.test("workExperiment() applies rule after rule, by hand", () => {
  const world = {
    ...drawChemistry(seededRandom("any")),
    families: { krel: "zim", dopal: "dorn" },
    reactions: { "dorn+zim": "plek" },
    heated: { plek: "vosh", vosh: "thal" },
    colours: { thal: "red" },
  } as unknown as Chemistry;
  const experiment = readExperiment(
    "A krel and a dopal are mixed and heated twice. What is the colour?",
  );
  const { lines, facts, colour, steps } = workExperiment(experiment, world);
  assertEquals(lines, [
    "A krel is a zim.",
    "A dopal is a dorn.",
    "A dorn and a zim make a plek.",
    "A heated plek is a vosh.",
    "A heated vosh is a thal.",
    "A thal is red.",
  ]);
  assertEquals(facts.at(-1), "colour thal");
  assertEquals(colour, "red");
  assertEquals(steps[2].sources, [
    { from: "step", index: 1 },
    { from: "step", index: 0 },
  ]);
});

Deno.test("the GPQA twin's answers read the options down to the right one", () => {
  for (const { task, options } of splitProblems(gpqaTwin, "train", 100)) {
    const letter = task.gold.at(-2)!;
    const lines = task.gold.split("\n").filter((line) =>
      /^[A-D]\. /.test(line)
    );
    const listed = Object.entries(options).map(([l, colour]) =>
      `${l}. ${colour}`
    );
    assertEquals(lines, listed.slice(0, "ABCD".indexOf(letter) + 1));
    assertStringIncludes(
      task.gold,
      `\n${lines.at(-1)}\n${options[letter]} is option ${letter}.\n`,
    );
  }
});

Deno.test("readExperiment() reads every form of a question", () => {
  const cases: [string, string[], string[]][] = [
    ["There is a krel.", ["krel"], []],
    ["A krel is cooled.", ["krel"], ["cooled"]],
    ["A krel is heated twice.", ["krel"], ["heated", "heated"]],
    ["A krel and a selk are mixed.", ["krel", "selk"], []],
    [
      "A krel and a selk are mixed and cooled.",
      ["krel", "selk"],
      ["cooled"],
    ],
  ];
  for (const [text, compounds, treatments] of cases) {
    const experiment = readExperiment(`${text} What is the colour?`);
    assertEquals<unknown>(experiment, { compounds, treatments });
  }
  assertThrows(
    () => readExperiment("A krel is melted. What is the colour?"),
    SyntaxError,
    "must be of the twin's language",
  );
});

Deno.test("drawChemistry() lets heat and cold undo each other", () => {
  const random = seededRandom("undo");
  for (let i = 0; i < 50; i++) {
    const { heated, cooled, colours } = drawChemistry(random);
    for (const [family, hot] of Object.entries(heated)) {
      assertEquals<string>(cooled[hot], family);
      assertNotEquals(heated[hot], cooled[hot]);
    }
    assertEquals(new Set(Object.values(colours)).size, 6);
  }
});

Deno.test("the GPQA twin's shortcuts are at most five points above chance", async () => {
  for (const { name, kind, correct, n } of await measurePolicies(gpqaTwin)) {
    assertEquals(n, 198);
    if (kind === "shortcut") assert(correct / n <= 0.3, name);
    if (kind === "oracle") assertEquals(correct, n);
  }
});

Deno.test("the GPQA twin's training answers rule no option of a test question out", () => {
  const pairOf = ({ signature }: { signature: string }): string =>
    signature.split(" ").slice(0, 2).join(" ");
  const seen = Map.groupBy(splitProblems(gpqaTwin, "train"), pairOf);
  for (const test of splitProblems(gpqaTwin, "test")) {
    for (const { experiment, world } of seen.get(pairOf(test)) ?? []) {
      const { colour } = workExperiment(experiment, world);
      assert(!Object.values(test.options).includes(colour), test.task.id);
    }
  }
});

Deno.test("the GPQA twin asks nothing twice, and shows every fact in training", () => {
  const all = (["train", "valid", "test"] as const)
    .flatMap((split) => splitProblems(gpqaTwin, split));
  assertEquals(new Set(all.map(({ signature }) => signature)).size, all.length);
  const taught = splitProblems(gpqaTwin, "train").flatMap(({ facts }) => facts);
  assertEquals(new Set(taught), new Set(CHEMISTRY_FACTS));
});

Deno.test("the GPQA twin's notes are all that one must know", async () => {
  for (const world of ["own", "redrawn"] as const) {
    for (let i = 0; i < 50; i++) {
      const noted = gpqaTwin.noted(world, i, i % 3);
      const { score } = await play(gpqaTwin, noted, readGpqaNotes);
      assertEquals(score.official, 1, noted.task.id);
    }
  }
});

Deno.test("the GPQA twin's controls change one thing each", async () => {
  const { controls } = gpqaTwin;
  const [oracle] = gpqaTwin.policies();
  let right = 0;
  for (let i = 0; i < 100; i++) {
    const plain = problem("test", i);
    const skin = controls["permuted skin"]("test", i);
    const text = (of: typeof plain): string => of.task.messages[0].content;
    const letter = (of: typeof plain): string => of.task.gold.at(-2)!;
    assertNotEquals(text(skin), text(plain));
    assertEquals(letter(skin), letter(plain));

    const shifted = controls["shifted facts"]("test", i);
    const policy = oracle.start(shifted, seededRandom("shifted", i));
    right += (await play(gpqaTwin, shifted, policy)).score.official;

    const form = controls["format only"]("train", i);
    assertEquals(text(form), text(problem("train", i)));
    assertEquals(
      form.task.gold,
      problem("train", (i + 1) % sizes.train).task.gold,
    );
  }
  assert(right < 50, "the world's facts must not help with other facts");
});
