// deno-lint-ignore-file camelcase -- columns of the files
/** KodCode: Python functions from a description (KodCode/KodCode-Light-RL-10K). */
import { join } from "node:path";
import {
  CODE_FAILURES,
  type CodeFailure,
  codeScore,
  officialFailure,
} from "./code_score.ts";
import {
  listOf,
  nullable,
  number,
  type Row,
  structOf,
  text,
} from "./columns.ts";
import { runTests, type Verdict } from "./execution/mod.ts";
import { findFile, isFile } from "./files.ts";
import {
  answerCode,
  importsSolution,
  officialCode,
  officialTest,
  withName,
} from "./python_answer.ts";
import { readRows } from "./rows.ts";
import { selectSplit, type SplitRatios } from "./split.ts";
import { strip } from "./python_text.ts";
import type { Benchmark, Score, Split, Task } from "./task.ts";
import { lastTurn } from "./turns.ts";

const NAME = "kodcode";
const HUB_ID = "KodCode/KodCode-Light-RL-10K";
const COLUMNS = {
  question_id: text,
  style: text,
  subset: text,
  question: text,
  solution: text,
  test_info: nullable(listOf(structOf({
    docstring: nullable(text),
    function_declaration: nullable(text),
    function_name: text,
    parameter_list: nullable(text),
  }))),
  gpt_difficulty: text,
  gpt_pass_percentage: nullable(number),
};

/** 0.7, 0.1 and 0.2 of the file for train, valid and test (kodcode.yaml:41-43). */
const RATIOS: SplitRatios = { test: 0.2, valid: 0.1 / (0.7 + 0.1) };

/** Milliseconds that a file of tests has. */
export interface KodCodeLimits {
  /** For `official`. */
  readonly officialMs: number;
  /** For `lenient`. */
  readonly lenientMs: number;
}

/** Of the released code (code_utils.py:91), and of KodCode's authors. */
const LIMITS: KodCodeLimits = { officialMs: 5_000, lenientMs: 30_000 };

/** No space before "Question", as in the released code. */
const INSTRUCTION =
  "Write an efficient and correct Python function to solve the following problem.";

/**
 * KodCode as the released code poses it (data/kodcode/builder.py), byte for
 * byte.
 *
 * Reads the hub's parquet file, or train.jsonl of the same columns; the column
 * of the tests may be `test` or `test_code`. The one file of 10,000 rows gives
 * 7,000 tasks for training, 1,000 for validation, 2,000 for the test, chosen by
 * hash; a folder with test.jsonl (a twin's) has a file for each. Not asked for,
 * as a twin has none of them: `version`, `gpt_pass_sequence`,
 * `gpt_pass_trial_num`, `metadata` and `conversations`.
 *
 * `official` runs what the released code would take of the answer, with 5
 * seconds for the whole file of tests. `lenient` runs the answer's code as
 * solution.py under the tests as test_solution.py, as KodCode's authors do,
 * with 30 seconds; a function of another name is found too, since the prompt
 * names none.
 *
 * Deviation: a row whose `test_info` is null ends the released code with an
 * error; here `official` is 0.
 */
export const kodcode: Benchmark = {
  name: NAME,
  maxTurns: 1,
  failures: CODE_FAILURES,
  load,
  score: (turns, gold) => scoreKodCode(turns, gold, LIMITS),
};

async function load(folder: string, split: Split): Promise<Task[]> {
  const isTwin = await isFile(join(folder, "test.jsonl"));
  const file = isTwin ? split : "train";
  const rows = await readKodCode(await findTable(folder, file));
  const tasks = rows.map((row, index) =>
    kodcodeTask(row, { split, place: `${file}/${index}` })
  );
  return isTwin ? tasks : selectSplit(tasks, split, RATIOS);
}

function findTable(folder: string, file: Split): Promise<string> {
  const parquet = `${file}-00000-of-00001.parquet`;
  const names = [`${file}.jsonl`, join("data", parquet), parquet];
  return findFile(folder, names, { benchmark: NAME, source: HUB_ID });
}

/** A row of the file. */
export type KodCodeRow = Row<typeof COLUMNS> & { readonly test: string };

/** Rows of a file, whose tests are in `test` or, in KodCode-V1, `test_code`. */
async function readKodCode(path: string): Promise<KodCodeRow[]> {
  const options = { source: HUB_ID, id: "question_id" } as const;
  try {
    return await readRows(path, { ...COLUMNS, test: text }, options);
  } catch (error) {
    const isNamedOtherwise = error instanceof SyntaxError &&
      /must have the column "test": .*\btest_code\b/.test(error.message);
    if (!isNamedOtherwise) throw error;
  }
  const rows = await readRows(path, { ...COLUMNS, test_code: text }, options);
  return rows.map((row) => ({ ...row, test: row.test_code }));
}

/** What answers are scored by; `Task.gold` as JSON. */
interface KodCodeGold {
  readonly test: string;
  readonly functionName: string | null;
}

/** The task of a row; `place` is where the row stands, such as `train/7`. */
export function kodcodeTask(
  row: KodCodeRow,
  { split, place }: { readonly split: Split; readonly place: string },
): Task {
  const gold: KodCodeGold = {
    test: strip(row.test),
    functionName: row.test_info?.at(0)?.function_name ?? null,
  };
  return {
    id: `${NAME}/${place}`,
    benchmark: NAME,
    split,
    messages: [{ role: "user", content: codePrompt(row.question) }],
    demonstration: [{ role: "assistant", content: strip(row.solution) }],
    gold: JSON.stringify(gold),
    environment: "static",
    meta: {
      questionId: row.question_id,
      style: row.style,
      subset: row.subset,
      difficulty: row.gpt_difficulty,
    },
  };
}

/** The prompt of a question, byte for byte (builder.py:58-66). */
export function codePrompt(question: string): string {
  return `${INSTRUCTION}Question: ${strip(question)}\n`;
}

/** Marks the last turn's program within these limits; see `Benchmark.score`. */
export async function scoreKodCode(
  turns: readonly string[],
  gold: string,
  { officialMs, lenientMs }: KodCodeLimits,
): Promise<Score> {
  const answer = lastTurn(turns);
  const parsed: KodCodeGold = JSON.parse(gold);
  const [failure, strict] = await Promise.all([
    releasedFailure(answer, parsed, officialMs),
    strictVerdict(answer, parsed, lenientMs),
  ]);
  return codeScore(failure, strict);
}

async function releasedFailure(
  answer: string,
  { test, functionName }: KodCodeGold,
  timeoutMs: number,
): Promise<CodeFailure | undefined> {
  if (functionName === null) return "no function name";
  const solution = officialCode(strip(answer), functionName);
  const verdict = await runTests(
    { mode: "official", solution, test: officialTest(test) },
    { timeoutMs },
  );
  return officialFailure(solution, verdict);
}

function strictVerdict(
  answer: string,
  { test, functionName }: KodCodeGold,
  timeoutMs: number,
): Promise<Verdict> {
  const code = answerCode(answer);
  return runTests({
    mode: "pytest",
    solution: functionName === null ? code : withName(code, functionName),
    test: importsSolution(test) ? test : `from solution import *\n${test}`,
  }, { timeoutMs });
}
