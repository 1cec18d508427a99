/** The twin of BigCodeBench: the idioms of KodCode's twin, by calls of a library. */
import { randomChoice } from "../../random.ts";
import {
  bigcodebench,
  type BigCodeBenchRow,
  bigCodeBenchTask,
} from "../bigcodebench.ts";
import { codePrompt } from "../kodcode.ts";
import { BIGCODEBENCH_DIALECT } from "./code_answer.ts";
import { type CodeTest, idiomsOf, signatureOf } from "./code_chain.ts";
import { LIBRARY_SOURCE } from "./code_operations.ts";
import type { CodeProblem, CodeRow } from "./code_problem.ts";
import { codeTwin } from "./code_twin.ts";
import { interpretBigCodeBench } from "./interpreted_code.ts";
import type { Twin } from "./twin.ts";

/** The twin of BigCodeBench. */
export const bigCodeBenchTwin: Twin<CodeProblem> = codeTwin({
  benchmark: bigcodebench,
  interpret: interpretBigCodeBench,
  sizes: { train: 912, valid: 100, test: 228 },
  trainingSizes: [912, 228, 57],
  maxTokens: 192,
  about: `
The questions, the idioms and what they mean are those of KodCode's twin: its
world. The answers are of another form: a function \`task_func\` that calls a
small library \`lib\`, with a function for each kind of operation
(\`lib.add(xs, 3)\`, \`lib.largest(xs)\`). Which function does what, the mini
reasoners know; what an idiom means, only worked answers say.

The library stands in \`code_prompt\`, which BigCodeBench runs before the answer,
so that the real runner needs nothing else; prompts show its import alone.

What is new in the test split is how operations are combined, as in KodCode's
twin, by the same pairs.

Columns: BigCodeBench's own; its \`test\` has five methods of three assertions.
For analysis alone: \`facts\`, the idioms; \`signature\`, the operations in order.`,
  dialect: BIGCODEBENCH_DIALECT,
  promptOf: (question) => codePrompt(instructPrompt(question)),
  taskOf: (row) => bigCodeBenchTask({ ...columnsOf(row), libs: ["lib"] }, row),
  columnsOf,
  disguise: (answer, random) =>
    randomChoice(random, [
      answer.replaceAll(/^/gm, "    "),
      answer.replace("task_func", "solve"),
    ]),
});

function columnsOf(
  { chain, tests, question, solution, place }: CodeRow,
): Omit<BigCodeBenchRow, "libs"> & Readonly<Record<string, unknown>> {
  const document = documentOf(question, tests[1]);
  const { head } = BIGCODEBENCH_DIALECT;
  return {
    task_id: `Twin/${place}`,
    complete_prompt: `${head}    """\n${document.text}    """\n`,
    instruct_prompt: instructPrompt(question),
    canonical_solution: solution.slice(head.length),
    code_prompt: `${LIBRARY_SETUP}${head}`,
    test: testText(tests),
    entry_point: "task_func",
    doc_struct: JSON.stringify(document.parts),
    libs: "['lib']",
    facts: idiomsOf(chain),
    signature: signatureOf(chain),
  };
}

/** Makes `import lib` find the library, whose source it holds. */
const LIBRARY_SETUP = `import sys, types
lib = types.ModuleType("lib")
exec("""
${LIBRARY_SOURCE}""", lib.__dict__)
sys.modules["lib"] = lib
`;

function instructPrompt(question: string): string {
  return `${question}\nYou should write self-contained code starting with:\n\`\`\`\n${BIGCODEBENCH_DIALECT.head}\`\`\``;
}

/** A docstring as BigCodeBench has them, and its parts. */
function documentOf(
  question: string,
  { input, output }: CodeTest,
): { text: string; parts: Readonly<Record<string, readonly string[]>> } {
  const parts = {
    description: [question],
    notes: [],
    params: ["xs (list): The numbers."],
    returns: ["int: The number."],
    reqs: ["lib"],
    raises: [],
    examples: [`>>> task_func(${JSON.stringify(input)})`, `${output}`],
  };
  const lines = [
    ...parts.description,
    "",
    "Parameters:",
    ...parts.params,
    "",
    "Returns:",
    ...parts.returns,
    "",
    "Requirements:",
    ...parts.reqs.map((name) => `- ${name}`),
    "",
    "Example:",
    ...parts.examples,
  ];
  const text = lines.map((line) => line === "" ? "\n" : `    ${line}\n`).join(
    "",
  );
  return { text, parts };
}

/** Assertions in a method. */
const ASSERTIONS = 3;

/** Test cases as BigCodeBench has them. */
function testText(tests: readonly CodeTest[]): string {
  const assertions = tests.map(({ input, output }) =>
    `        self.assertEqual(task_func(${JSON.stringify(input)}), ${output})\n`
  );
  const methods = Array.from(
    { length: Math.ceil(tests.length / ASSERTIONS) },
    (_, i) =>
      `    def test_case_${i + 1}(self):\n${
        assertions.slice(i * ASSERTIONS, (i + 1) * ASSERTIONS).join("")
      }`,
  );
  return `import unittest\nclass TestCases(unittest.TestCase):\n${
    methods.join("")
  }`;
}
