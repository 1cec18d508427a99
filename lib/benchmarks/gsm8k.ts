/** GSM8K: grade-school word problems with a worked solution (openai/gsm8k). */
import { join } from "node:path";
import { BOXED_FAILURES, scoreBoxed } from "./boxed_score.ts";
import { text } from "./columns.ts";
import { findFile, isFile } from "./files.ts";
import { readRows } from "./rows.ts";
import { selectPart } from "./split.ts";
import { strip } from "./python_text.ts";
import type { Benchmark, Split, Task } from "./task.ts";

const NAME = "gsm8k";
const HUB_ID = "openai/gsm8k";

/** No space before "Question", as in the released code. */
const INSTRUCTION =
  "Solve the math problem with proper reasoning, and make sure to put the FINAL ANSWER inside \\boxed{}.";

/**
 * GSM8K as the released code poses it (data/gsm8k/builder.py), byte for byte.
 *
 * Reads the JSONL files of OpenAI's repository or the parquet files of the hub;
 * a folder with both is read from JSONL. Validation tasks are taken from the
 * train file: int(n / 10) of them, chosen by hash; or from valid.jsonl where a
 * folder (a twin's) has one.
 *
 * What is taught and `gold` are the same text, which ends in the box. Deviation:
 * which rows are for validation, see `chooseIds`.
 */
export const gsm8k: Benchmark = {
  name: NAME,
  maxTurns: 1,
  failures: BOXED_FAILURES,
  load,
  score: scoreBoxed,
};

async function load(folder: string, split: Split): Promise<Task[]> {
  // GSM8K has no validation file; the twin has one of its own.
  const hasValid = await isFile(join(folder, "valid.jsonl"));
  const file = split === "valid" && !hasValid ? "train" : split;
  const path = await findTable(folder, file);
  const columns = { question: text, answer: text };
  const rows = await readRows(path, columns, { source: HUB_ID });
  const tasks = rows.map((row, index): Task => {
    const target = boxAnswer(row.answer, `${path} row ${index + 1}`);
    return {
      id: `${NAME}/${file}/${index}`,
      benchmark: NAME,
      split,
      messages: [{ role: "user", content: gsm8kPrompt(row.question) }],
      demonstration: [{ role: "assistant", content: target }],
      gold: target,
      environment: "static",
      meta: {},
    };
  });
  return split === "test" || hasValid ? tasks : selectPart(tasks, split);
}

function findTable(folder: string, file: Split): Promise<string> {
  const parquet = `${file}-00000-of-00001.parquet`;
  const names = [`${file}.jsonl`, join("main", parquet), parquet];
  return findFile(folder, names, { benchmark: NAME, source: HUB_ID });
}

/** The prompt of a question, byte for byte (builder.py:38-53). */
export function gsm8kPrompt(question: string): string {
  return `${INSTRUCTION}Question: ${strip(question)}\n`;
}

/**
 * "Work.\n#### 7" to "Work.\boxed{7}" (builder.py:44).
 *
 * The rule for the number is the expression that OpenAI's own scorer reads it
 * with (grade_school_math/dataset.py, ANS_RE), and that it has a digit.
 */
function boxAnswer(answer: string, place: string): string {
  const [work, ...values] = strip(answer).split("\n####");
  if (values.length !== 1) {
    throw new SyntaxError(
      `Cannot read ${place} as column "answer" must have one line that starts with ####: current value has ${values.length}`,
    );
  }
  if (!/^ -?[.,]*[0-9][0-9.,]*$/.test(values[0])) {
    throw new SyntaxError(
      `Cannot read ${place} as column "answer" must end in "#### " and a number: current value ends in "####${
        values[0]
      }"`,
    );
  }
  return strip(`${work}\\boxed{${strip(values[0])}}`);
}
