// deno-lint-ignore-file camelcase -- columns of the files
/** BigCodeBench: programs that call many libraries (bigcode/bigcodebench). */
import { basename, join } from "node:path";
import { CODE_FAILURES, codeScore, failureOf } from "./code_score.ts";
import {
  anyStruct,
  type ColumnType,
  jsonText,
  type Row,
  text,
} from "./columns.ts";
import { runTests } from "./execution/mod.ts";
import { findFile, isFile } from "./files.ts";
import { codePrompt } from "./kodcode.ts";
import { answerCode } from "./python_answer.ts";
import { readRows } from "./rows.ts";
import { selectSplit, type SplitRatios } from "./split.ts";
import { strip } from "./python_text.ts";
import type { Benchmark, Score, Split, Task } from "./task.ts";
import { lastTurn } from "./turns.ts";

const NAME = "bigcodebench";
const HUB_ID = "bigcode/bigcodebench";

/** What a column `libs` holds: a list of texts as Python writes it. */
const pythonListText: ColumnType<readonly string[]> = {
  description: "a Python list of texts, such as ['random', 'csv']",
  read: (value) =>
    typeof value === "string" && /^\[('[^']*'(, *'[^']*')*)?\]$/.test(value)
      ? [...value.matchAll(/'([^']*)'/g)].map(([, name]) => name)
      : undefined,
};

const COLUMNS = {
  task_id: text,
  complete_prompt: text,
  instruct_prompt: text,
  canonical_solution: text,
  code_prompt: text,
  test: text,
  entry_point: text,
  doc_struct: jsonText(anyStruct),
  libs: pythonListText,
};

/** What the hub calls splits, the newest first. */
const VERSIONS = ["v0.1.4", "v0.1.3", "v0.1.2", "v0.1.1", "v0.1.0_hf"];

/** 228 of 1,140 for the test (paper, Table 2); validation as elsewhere. */
const RATIOS: SplitRatios = { test: 0.2, valid: 0.1 };

/** Of BigCodeBench it is 241 seconds; no correct program needs a minute. */
const TIMEOUT_MS = 60_000;

/**
 * BigCodeBench. The released MemGen code does not have it, so prompt, split and
 * what is taught are ours: KodCode's prompt with `instruct_prompt`; a fifth of
 * the tasks for the test, chosen by hash, and a tenth of the others for
 * validation; the whole function, without a fence.
 *
 * Reads the newest version of the hub's parquet files that is in the folder; a
 * folder with test.jsonl (a twin's) has a file for each split.
 *
 * `official` is BigCodeBench's own scorer (calibrated: sanitised, after the
 * prompt's code; every test passes), but for what a program may use: 60 seconds
 * (241 there), those that the sanitiser takes among them, 1 GiB of memory (30 GiB), no network; and a test that is skipped
 * while it runs fails. `lenient` runs the
 * answer's code as it is. The paper's numbers look like the share of tests that
 * pass, so that is given too.
 */
export const bigcodebench: Benchmark = {
  name: NAME,
  maxTurns: 1,
  failures: CODE_FAILURES,
  load,
  score,
};

async function load(folder: string, split: Split): Promise<Task[]> {
  const isTwin = await isFile(join(folder, "test.jsonl"));
  const path = isTwin
    ? join(folder, `${split}.jsonl`)
    : await findVersion(folder);
  const rows = await readRows(path, COLUMNS, { source: HUB_ID, id: "task_id" });
  const file = isTwin ? split : basename(path).split("-")[0];
  const tasks = rows.map((row, index) =>
    bigCodeBenchTask(row, { split, place: `${file}/${index}` })
  );
  return isTwin ? tasks : selectSplit(tasks, split, RATIOS);
}

function findVersion(folder: string): Promise<string> {
  const names = VERSIONS.flatMap((version) => {
    const parquet = `${version}-00000-of-00001.parquet`;
    return [join("data", parquet), parquet];
  });
  return findFile(folder, names, { benchmark: NAME, source: HUB_ID });
}

/**
 * What `instruct_prompt` says that the code starts with. In a twin it is less
 * than `code_prompt`, which there holds the library, too.
 */
const STARTING_CODE = /starting with:\n```\n([\s\S]*?)```\s*$/;

/** What answers are scored by; `Task.gold` as JSON. */
interface BigCodeBenchGold {
  readonly prelude: string;
  readonly test: string;
  readonly entryPoint: string;
}

/** A row of the file, but for what no task needs. */
export type BigCodeBenchRow = Omit<
  Row<typeof COLUMNS>,
  "complete_prompt" | "doc_struct"
>;

/** The task of a row; `place` is where the row stands, such as `train/7`. */
export function bigCodeBenchTask(
  row: BigCodeBenchRow,
  { split, place }: { readonly split: Split; readonly place: string },
): Task {
  const gold: BigCodeBenchGold = {
    prelude: `${row.code_prompt}\n    pass\n`,
    test: row.test,
    entryPoint: row.entry_point,
  };
  const start = STARTING_CODE.exec(row.instruct_prompt)?.[1] ?? row.code_prompt;
  const solution = strip(`${start}${row.canonical_solution}`);
  return {
    id: `${NAME}/${place}`,
    benchmark: NAME,
    split,
    messages: [{ role: "user", content: codePrompt(row.instruct_prompt) }],
    demonstration: [{ role: "assistant", content: solution }],
    gold: JSON.stringify(gold),
    environment: "static",
    meta: { taskId: row.task_id, libraries: row.libs },
  };
}

/**
 * BigCodeBench's own prompt of an `instruct_prompt`, byte for byte. Tasks have
 * KodCode's; this one is offered for comparisons with published numbers.
 */
export function bigCodeBenchPrompt(instructPrompt: string): string {
  return `Please provide a self-contained Python script that solves the following problem in a markdown code block:\n${
    strip(instructPrompt)
  }\n`;
}

async function score(turns: readonly string[], gold: string): Promise<Score> {
  const answer = lastTurn(turns);
  const { prelude, test, entryPoint }: BigCodeBenchGold = JSON.parse(gold);
  const program = { mode: "unittest", prelude, test } as const;
  const options = { timeoutMs: TIMEOUT_MS };
  const [official, strict] = await Promise.all([
    runTests({ ...program, solution: answer, entryPoint }, options),
    runTests({ ...program, solution: answerCode(answer) }, options),
  ]);
  return codeScore(failureOf(official), strict);
}
