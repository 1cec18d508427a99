// deno-lint-ignore-file camelcase -- columns of the files
/** The twin of KodCode: functions of a list, whose steps are named by idioms. */
import { randomChoice } from "../../random.ts";
import {
  codePrompt,
  kodcode,
  type KodCodeRow,
  kodcodeTask,
} from "../kodcode.ts";
import { KODCODE_DIALECT } from "./code_answer.ts";
import { type CodeTest, idiomsOf, signatureOf } from "./code_chain.ts";
import {
  type CodeProblem,
  type CodeRow,
  difficultyOf,
} from "./code_problem.ts";
import { codeTwin } from "./code_twin.ts";
import { interpretKodCode } from "./interpreted_code.ts";
import type { Twin } from "./twin.ts";

/** The twin of KodCode. */
export const kodcodeTwin: Twin<CodeProblem> = codeTwin({
  benchmark: kodcode,
  interpret: interpretKodCode,
  sizes: { train: 7000, valid: 1000, test: 2000 },
  trainingSizes: [7000, 1750, 437],
  maxTokens: 176,
  about: `
Every problem asks for a function that takes a list of numbers through two or
three operations. One or two of these are written out ("add 3 to each number");
one or two are named by invented idioms ("drim"), whose meaning the question does
not give. What the ten idioms that change a list and the ten that ask for a
number mean is the twin's world. It stands only in the worked answers, each time
before it is used, so a model must learn it from the training split and remember
it. The tests fail wherever one idiom is taken to mean anything else; of two
misread at once they may pass.

What is new in the test split is how operations are combined: 30 % of the pairs
that can follow one another occur in no other split, and every test problem has
at least one of them. Another 10 % are kept for validation.

Columns: KodCode's own; its \`test\` holds 15 functions. For analysis alone:
\`facts\`, the idioms; \`signature\`, the operations in order.`,
  dialect: KODCODE_DIALECT,
  promptOf: codePrompt,
  taskOf: (row) => kodcodeTask(columnsOf(row), row),
  columnsOf,
  disguise: (answer, random) =>
    randomChoice(random, [
      `\`\`\`py\n${answer}\n\`\`\``,
      `${answer}\nThis function gives the number.`,
    ]),
});

function columnsOf(
  { chain, tests, question, solution, place }: CodeRow,
): KodCodeRow & Readonly<Record<string, unknown>> {
  return {
    question_id: `twin/${place}`,
    style: "instruct",
    subset: "Twin",
    question,
    solution,
    test: testText(tests),
    test_info: [FUNCTION],
    gpt_difficulty: difficultyOf(chain),
    gpt_pass_percentage: 1,
    facts: idiomsOf(chain),
    signature: signatureOf(chain),
  };
}

/** What KodCode says of the function that tests call. */
const FUNCTION = {
  function_name: "solve",
  parameter_list: "(xs)",
  function_declaration: "def solve(xs):",
  docstring: "",
};

/** A function for each test, as KodCode has them. */
function testText(tests: readonly CodeTest[]): string {
  const functions = tests.map(({ input, output }, i) =>
    `def test_${i + 1}():\n    assert solve(${
      JSON.stringify(input)
    }) == ${output}\n`
  );
  return `from solution import solve\n\n${functions.join("\n")}`;
}
