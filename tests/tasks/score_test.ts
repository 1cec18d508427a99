import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BENCHMARK_NAMES, findBenchmark } from "@/lib/benchmarks/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { DEFINITION, formatSummary, scoreFile } from "@/tasks/score.ts";

const ROWS = [
  { completion: "So \\boxed{7}.", gold: "Work.\\boxed{7}", id: "a" },
  { completion: "So \\boxed{1080}.", gold: "Work.\\boxed{1,080}" },
  { completion: "I do not know", gold: "Work.\\boxed{3}" },
];
const SCORES = '{"official":1,"lenient":1}\n' +
  '{"official":0,"lenient":1,"failure":"other form"}\n' +
  '{"official":0,"lenient":0,"failure":"no box"}\n';

function toJsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** A folder with `in.jsonl` of that content. */
async function withInput(
  content: string,
  use: (
    files: { folder: string; input: string; output: string },
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const input = join(folder, "in.jsonl");
  await Deno.writeTextFile(input, content);
  try {
    await use({ folder, input, output: join(folder, "out.jsonl") });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function list(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("scoreFile() writes a score for each row, in order, and nothing else", async () => {
  await withInput(toJsonLines(ROWS), async ({ folder, input, output }) => {
    await Deno.writeTextFile(output, "old");
    const scores = await scoreFile({ benchmark: "gsm8k", input, output });
    assertEquals(await Deno.readTextFile(output), SCORES);
    assertEquals(toJsonLines(scores), SCORES);
    assertEquals(list(folder), ["in.jsonl", "out.jsonl"]);
  });
});

/** The bad third line, the error and the end of its message. */
const BAD: readonly (readonly [
  string,
  new (message: string) => Error,
  string,
])[] = [
  ["{", SyntaxError, "in.jsonl line 3 as it must be JSON: current value is"],
  [
    '{"completion": "c"}',
    SyntaxError,
    'in.jsonl line 3 as it must have the column "gold": current value is completion',
  ],
  [
    '{"completion": null, "gold": "g"}',
    TypeError,
    'in.jsonl line 3 as column "completion" must be text: current value is null',
  ],
  [
    '{"completion": "c", "gold": 7}',
    TypeError,
    'in.jsonl line 3 as column "gold" must be text: current value is 7',
  ],
];

for (const [line, errorClass, message] of BAD) {
  Deno.test(`scoreFile() refuses the row ${line} and writes nothing`, async () => {
    const content = toJsonLines(ROWS.slice(0, 2)) + line;
    await withInput(content, async ({ folder, input, output }) => {
      await assertRejects(
        () => scoreFile({ benchmark: "gsm8k", input, output }),
        errorClass,
        message,
      );
      assertEquals(list(folder), ["in.jsonl"]);
    });
  });
}

Deno.test("scoreFile() refuses an empty input", async () => {
  await withInput("", async ({ input, output }) => {
    await assertRejects(
      () => scoreFile({ benchmark: "gsm8k", input, output }),
      RangeError,
      "in.jsonl as it must have at least one row: current value is 0 rows",
    );
  });
});

Deno.test("scoreFile() does not replace its input", async () => {
  await withInput(toJsonLines(ROWS), async ({ folder, input }) => {
    const output = join(folder, ".", "x", "..", "in.jsonl");
    await assertRejects(
      () => scoreFile({ benchmark: "gsm8k", input, output }),
      UsageError,
      "Cannot run score as --output must be another file than --input",
    );
    assertEquals(await Deno.readTextFile(input), toJsonLines(ROWS));
  });
});

Deno.test("scoreFile() names an output folder that does not exist", async () => {
  await withInput(toJsonLines(ROWS), async ({ folder, input }) => {
    const output = join(folder, "none", "out.jsonl");
    await assertRejects(
      () => scoreFile({ benchmark: "gsm8k", input, output }),
      Deno.errors.NotFound,
      `Cannot write ${output} as its folder must exist: current value is none`,
    );
  });
});

Deno.test("scoreFile() leaves no draft behind where it cannot write", async () => {
  await withInput(toJsonLines(ROWS), async ({ folder, input, output }) => {
    await Deno.mkdir(output);
    await assertRejects(() => scoreFile({ benchmark: "gsm8k", input, output }));
    assertEquals(list(folder), ["in.jsonl", "out.jsonl"]);
  });
});

Deno.test("formatSummary() counts what each scorer finds right", () => {
  const scores = [
    { official: 1, lenient: 1 },
    { official: 0, lenient: 1, failure: "other form" },
    { official: 0, lenient: 0, failure: "no box" },
  ] as const;
  assertEquals(
    formatSummary("gsm8k", scores),
    "gsm8k: 3 answers, official 33.33 % (1), lenient 66.67 % (2)\nwrong for official: no box 1, other form 1, wrong answer 0",
  );
});

Deno.test("formatSummary() gives the share of the tests that passed, where there is one", () => {
  const scores = [
    { official: 1, lenient: 1, passedShare: 1 },
    { official: 0, lenient: 0, passedShare: 0.5, failure: "no box" },
  ] as const;
  assertStringIncludes(formatSummary("gsm8k", scores), "tests passed: 75.00 %");
});

Deno.test("scoreFile() scores the benchmarks of choices", async () => {
  const gold = "Therefore, the final answer is \\boxed{B}";
  const rows = ["\\boxed{B}", "\\boxed{C}", "\\boxed{(B)}", "B"]
    .map((completion) => ({ completion, gold }));
  for (const benchmark of ["aqua", "gpqa"]) {
    await withInput(toJsonLines(rows), async ({ input, output }) => {
      assertEquals(await scoreFile({ benchmark, input, output }), [
        { official: 1, lenient: 1 },
        { official: 0, lenient: 0, failure: "wrong letter" },
        { official: 0, lenient: 1, failure: "not a letter" },
        { official: 0, lenient: 0, failure: "no box" },
      ]);
    });
  }
});

Deno.test("scoreFile() asks for turns where a benchmark has several", async () => {
  const several = BENCHMARK_NAMES.filter((name) =>
    findBenchmark(name).maxTurns > 1
  );
  for (const benchmark of several) {
    await withInput(toJsonLines(ROWS), async ({ input, output }) => {
      await assertRejects(
        () => scoreFile({ benchmark, input, output }),
        SyntaxError,
        'in.jsonl line 1 as it must have the column "turns"',
      );
    });
  }
});

Deno.test("deno task score: its examples are right", () => {
  for (const example of DEFINITION.examples) {
    parseArguments(DEFINITION, example.split(" "));
  }
});

Deno.test("deno task score: reads, writes and prints as a process", async () => {
  const task = fileURLToPath(new URL("../../tasks/score.ts", import.meta.url));
  await withInput(toJsonLines(ROWS), async ({ input, output }) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        task,
        "--benchmark",
        "gsm8k",
        "--input",
        input,
        "--output",
        output,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertStringIncludes(
      new TextDecoder().decode(stdout),
      "gsm8k: 3 answers",
    );
    assertEquals(await Deno.readTextFile(output), SCORES);
  });
});
