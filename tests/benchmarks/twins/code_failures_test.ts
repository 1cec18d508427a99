import { assertEquals } from "@std/assert";
import { KODCODE_DIALECT } from "@/lib/benchmarks/twins/code_answer.ts";
import type { CodeProblem } from "@/lib/benchmarks/twins/code_problem.ts";
import { codeFailures } from "@/lib/benchmarks/twins/code_failures.ts";
import { interpretKodCode } from "@/lib/benchmarks/twins/interpreted_code.ts";
import { kodcodeTwin } from "@/lib/benchmarks/twins/mod.ts";

/** "Given numbers xs, drim, then drop the first 2 numbers, then return the florp." */
const PROBLEM: CodeProblem = {
  ...kodcodeTwin.problem("test", 0),
  task: {
    ...kodcodeTwin.problem("test", 0).task,
    gold: JSON.stringify({
      test:
        "from solution import solve\n\ndef test_1():\n    assert solve([1, 9, 4]) == 7\n\ndef test_2():\n    assert solve([5, 8, 9]) == 12\n",
      functionName: "solve",
    }),
  },
  chain: [
    { idiom: "drim", operation: { kind: "add", number: 3 } },
    { operation: { kind: "drop", number: 2 } },
    { idiom: "florp", operation: { kind: "largest" } },
  ],
  idioms: new Map([
    ["drim", { kind: "add", number: 3 }],
    ["narb", { kind: "square" }],
    ["florp", { kind: "largest" }],
  ]),
};

/** The right answer, with some texts replaced. */
function answer(...changes: [from: string, to: string][]): string {
  const right = [
    "def solve(xs):",
    "    # drim, drop, florp.",
    "    # To drim is to add 3 to each number.",
    "    xs = [x+3 for x in xs]",
    "    xs = xs[2:]",
    "    # The florp is the largest number.",
    "    return max(xs)",
  ].join("\n");
  return changes.reduce((text, [from, to]) => text.replace(from, to), right);
}

function labels(text: string): string[] {
  const options = { dialect: KODCODE_DIALECT, interpret: interpretKodCode };
  return codeFailures(PROBLEM, text, options);
}

Deno.test("codeFailures() says what is wrong with an answer, by hand", () => {
  assertEquals(labels(answer()), []);
  const cases: [string, string, string[]][] = [
    ["a bracket is missing", answer(["[2:]", "[2:"]), ["tool parsing error"]],
    ["no function", "The answer is 7.", ["tool parsing error"]],
    ["a wrong function, then no code", "def solve(xs):\n    return 1\n)", [
      "tool parsing error",
    ]],
    ["another fence", `\`\`\`py\n${answer()}\n\`\`\``, [
      "answer formatting failure",
    ]],
    ["prose after it", `${answer()}\nThis is it.`, [
      "answer formatting failure",
    ]],
    [
      "does not do what it says",
      answer(["[x+3 for x in xs]", "[x*x for x in xs]"]),
      ["think-act inconsistency"],
    ],
    [
      "does what it did not plan",
      answer(["xs[2:]", "xs[::-1]"]),
      ["think-act inconsistency"],
    ],
    ["another number", answer(["xs[2:]", "xs[4:]"]), [
      "demand misunderstanding",
    ]],
    [
      "another idiom",
      answer(
        ["drim, drop", "narb, drop"],
        ["To drim is to add 3 to each", "To narb is to square each"],
        ["[x+3 for", "[x*x for"],
      ),
      ["demand misunderstanding"],
    ],
    [
      "a wrong meaning",
      answer(["is to add 3 to", "is to add 5 to"], ["x+3", "x+5"]),
      ["false belief"],
    ],
    ["a step is missing", answer(["drop, ", ""], ["    xs = xs[2:]\n", ""]), [
      "planning failure",
    ]],
    [
      "the list is returned",
      answer(["    # The florp is the largest number.\n", ""], [
        "max(xs)",
        "xs",
      ]),
      ["compositional reasoning"],
    ],
    ["other code", answer(["[x+3 for x in xs]", "xs*2"]), []],
  ];
  for (const [what, text, expected] of cases) {
    assertEquals(labels(text), expected, what);
  }
});

Deno.test("codeFailures() has no label for a right answer of another form", () => {
  assertEquals(labels("def f(ys):\n    return ys[-1]+3"), []);
});
