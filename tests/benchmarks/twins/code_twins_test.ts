import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  bigCodeBenchTwin,
  kodcodeTwin,
  play,
  splitProblems,
} from "@/lib/benchmarks/twins/mod.ts";
import {
  BIGCODEBENCH_DIALECT,
  KODCODE_DIALECT,
} from "@/lib/benchmarks/twins/code_answer.ts";
import { labelOf } from "@/lib/benchmarks/twins/code_chain.ts";
import { readCodeNotes } from "@/lib/benchmarks/twins/code_policies.ts";
import { IDIOMS_OF } from "@/lib/benchmarks/twins/idioms.ts";

const TWINS = [
  { twin: kodcodeTwin, dialect: KODCODE_DIALECT },
  { twin: bigCodeBenchTwin, dialect: BIGCODEBENCH_DIALECT },
];

for (const { twin, dialect } of TWINS) {
  const { name } = twin.benchmark;

  Deno.test(`the ${name} twin's notes are all that one must know`, async () => {
    for (const world of ["own", "redrawn"] as const) {
      for (let i = 0; i < 30; i++) {
        const noted = twin.noted(world, i, i % 3);
        const { score } = await play(twin, noted, readCodeNotes(dialect));
        assertEquals(score.official, 1, noted.task.id);
      }
    }
  });

  Deno.test(`the ${name} twin shows every idiom in each place in training`, () => {
    const problems = splitProblems(twin, "train");
    const seen = new Set(problems.flatMap(({ facts }) => facts));
    assertEquals(seen, new Set([...IDIOMS_OF.step, ...IDIOMS_OF.result]));
    for (const count of [1, 2]) {
      const share = problems.filter(({ facts }) => facts.length === count);
      assert(share.length > 300);
    }
  });

  Deno.test(`the ${name} twin's controls change one thing each`, async () => {
    const [oracle] = twin.policies();
    const text = (of: typeof plain): string => of.task.messages[0].content;
    const plain = twin.problem("test", 0);
    let right = 0;
    for (let i = 0; i < 30; i++) {
      const plain = twin.problem("test", i);
      const skin = twin.controls["permuted skin"]("test", i);
      const bare = (of: typeof plain): string =>
        of.facts.reduce((text, fact) => text.replaceAll(fact, "w"), text(of));
      assertNotEquals(text(skin), text(plain));
      assertEquals(bare(skin), bare(plain));
      assertEquals(skin.task.gold, plain.task.gold);

      const shifted = twin.controls["shifted facts"]("test", i);
      const policy = oracle.start(shifted, () => 0);
      right += (await play(twin, shifted, policy)).score.official;

      const form = twin.controls["format only"]("train", i);
      assertEquals(text(form), text(twin.problem("train", i)));
      assertEquals(
        form.task.demonstration,
        twin.problem("train", i + 1).task.demonstration,
      );
    }
    assert(right < 6, "the world's facts must not help with other facts");
  });

  Deno.test(`the ${name} twin's marks are those of python3`, async () => {
    const { benchmark } = twin;
    const real = name === "kodcode"
      ? (await import("@/lib/benchmarks/kodcode.ts")).kodcode
      : (await import("@/lib/benchmarks/bigcodebench.ts")).bigcodebench;
    const injects = Object.values(twin.injectors);
    const oracle = twin.policies()[0].start;
    for (const [i, inject] of [oracle, ...injects].entries()) {
      const { task } = twin.problem("test", i);
      const turn = inject(twin.problem("test", i), () => 0.3)(task.messages);
      const { gold } = task;
      assertEquals(
        await benchmark.score([turn], gold),
        await real.score([turn], gold),
        turn,
      );
    }
  });
}

Deno.test("the twins of KodCode and BigCodeBench share their world", () => {
  const meanings = (twin: typeof kodcodeTwin): string[] =>
    splitProblems(twin, "train", 900).flatMap(({ chain }) =>
      chain.filter(({ idiom }) => idiom !== undefined)
        .map((stage) => `${labelOf(stage)} ${JSON.stringify(stage.operation)}`)
    );
  assertEquals(
    new Set(meanings(kodcodeTwin)),
    new Set(meanings(bigCodeBenchTwin)),
  );
  assertEquals(kodcodeTwin.world, bigCodeBenchTwin.world);
});

/** Answers that other rules than Python's would mark otherwise. */
const ODD_ANSWERS: Readonly<Record<string, readonly string[]>> = {
  kodcode: [
    // No such module is there.
    "import lib\ndef solve(xs):\n    return SOLVED",
    // Runs 400,000 times, which is long for the interpreter alone.
    "def solve(xs):\n    for i in range(30000):\n        x = i\n    return SOLVED",
    `def solve(xs):\n    if ${"0 or ".repeat(4000)}1:\n        return SOLVED`,
    "def solve(xs):\n    return SOLVED\ndef test_own():\n    assert 1 == 2",
    "def solve(xs):\n    ...\n    return SOLVED",
  ],
  bigcodebench: [
    "def task_func(xs):\n    os\n    return SOLVED",
    "def task_func(xs):\n    return unittest.TestCase and SOLVED",
    "x = 1\ndef task_func(xs):\n    return SOLVED",
    "undefined",
  ],
};

for (const { twin } of TWINS) {
  const { name } = twin.benchmark;

  Deno.test(`the ${name} twin marks odd answers as python3 does`, async () => {
    const { benchmark } = twin;
    const real = name === "kodcode"
      ? (await import("@/lib/benchmarks/kodcode.ts")).kodcode
      : (await import("@/lib/benchmarks/bigcodebench.ts")).bigcodebench;
    const { task } = twin.problem("test", 0);
    // All outputs, chosen by input, are right whatever is asked.
    const outputs = [
      ...task.gold.matchAll(/\((\[[^\]]*\])\)(?: ==|,) (-?\d+)/g),
    ]
      .map(([, input, output]) => `${output} if xs == ${input} else `);
    assert(outputs.length > 1, task.gold);
    for (const odd of ODD_ANSWERS[name]) {
      const answer = odd.replace("SOLVED", `(${outputs.join("")}0)`);
      assertEquals(
        await benchmark.score([answer], task.gold),
        await real.score([answer], task.gold),
        odd.slice(0, 99),
      );
    }
  });
}
