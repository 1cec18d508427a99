/** MATH: problems of mathematics competitions (hendrycks/math). */
import { join } from "node:path";
import { BOXED_FAILURES, scoreBoxed } from "./boxed_score.ts";
import { integer, type Row, text } from "./columns.ts";
import { findFile, isFolder } from "./files.ts";
import { gsm8kPrompt } from "./gsm8k.ts";
import { strip } from "./python_text.ts";
import { readObject, readRows } from "./rows.ts";
import { chooseEvenly } from "./split.ts";
import type { Benchmark, Split, Task } from "./task.ts";

const NAME = "math";
const TRAIN_HUB_ID = "EleutherAI/hendrycks_math";
const TEST_HUB_ID = "HuggingFaceH4/MATH-500";

/** The subjects: folders of the original files, configs of the hub's. */
export const MATH_FOLDERS = [
  "algebra",
  "counting_and_probability",
  "geometry",
  "intermediate_algebra",
  "number_theory",
  "prealgebra",
  "precalculus",
];

/** Tasks for training (the paper's Table 2), and for validation (ours). */
const TRAINING_TASKS = 1_600;
const VALIDATION_TASKS = 100;
const SPLIT_SEED = 42;

/**
 * MATH. The released code has none: prompt and scorer are those of GSM8K, what
 * is taught and the gold are the published solution, whose last box holds the
 * answer. The official scorer never finds a `\fbox`, nor the answer of a
 * solution with two boxes that differ: such a solution scores 0 against itself.
 *
 * The test split is MATH-500, test.jsonl of its hub id. Training and validation
 * are taken from the 7,500 training problems: 100 and 1,600 by hash, each
 * subject and level in proportion. Which ones the paper took is not published.
 * The problems are read from
 *
 * 1. `train/SUBJECT/NUMBER.json`, the original files; all seven subjects. A
 *    folder of the same form called `valid`, as a twin has, is then the
 *    validation split, and there may be fewer subjects. Names that begin with a
 *    dot (.DS_Store) are left out.
 * 2. `SUBJECT/train-00000-of-00001.parquet` of the hub; all seven subjects.
 */
export const math: Benchmark = {
  name: NAME,
  maxTurns: 1,
  failures: BOXED_FAILURES,
  load,
  score: scoreBoxed,
};

async function load(folder: string, split: Split): Promise<Task[]> {
  if (split === "test") return await loadTest(folder);
  const hasValid = await isFolder(join(folder, "valid"));
  const file = hasValid ? split : "train";
  const isOriginal = await isFolder(join(folder, file));
  if (isOriginal && !hasValid) await assertSubjects(folder);
  const problems = isOriginal
    ? await readOriginal(join(folder, file))
    : await readHub(folder);
  const tasks = problems.map((problem, index) =>
    toTask(problem, split, `${file}/${index}`)
  );
  if (hasValid && split === "valid") return tasks;
  const valid = hasValid ? [] : choose(tasks, VALIDATION_TASKS);
  if (split === "valid") return valid;
  const rest = tasks.filter((task) => !valid.includes(task));
  if (rest.length === 0) {
    throw new RangeError(
      `Cannot load ${NAME} train as there must be more than ${VALIDATION_TASKS} training problems: current value is ${tasks.length}`,
    );
  }
  return choose(rest, TRAINING_TASKS);
}

/** A problem of any of the sources. */
interface Problem {
  readonly problem: string;
  readonly solution: string;
  readonly subject: string;
  /** 1 to 5; null where the file says "Level ?". */
  readonly level: number | null;
}

async function loadTest(folder: string): Promise<Task[]> {
  const owner = { benchmark: NAME, source: TEST_HUB_ID };
  const path = await findFile(folder, ["test.jsonl"], owner);
  const columns = {
    problem: text,
    solution: text,
    answer: text,
    subject: text,
    level: integer,
    "unique_id": text,
  };
  const options = { source: TEST_HUB_ID, id: "unique_id" } as const;
  const rows = await readRows(path, columns, options);
  return rows.map((row, index) => {
    assertBoxed(row, `${path} row ${index + 1}`);
    return toTask(row, "test", `test/${index}`);
  });
}

/** The original training files are of all subjects. */
async function assertSubjects(folder: string): Promise<void> {
  for (const subject of MATH_FOLDERS) {
    if (await isFolder(join(folder, "train", subject))) continue;
    throw new Deno.errors.NotFound(
      `Cannot load ${NAME} as the folder must hold train/${subject} of hendrycks/math: current value is ${folder}`,
    );
  }
}

const COLUMNS = { problem: text, level: text, type: text, solution: text };

/**
 * All files of a folder with a folder for each subject, by their numbers.
 * Nothing else may be there: a copy of a file would be one more problem.
 */
async function readOriginal(folder: string): Promise<Problem[]> {
  const source = "hendrycks/math";
  const problems: Problem[] = [];
  const refuse = (path: string): never => {
    throw new RangeError(
      `Cannot read ${folder} of ${source} as it must hold SUBJECT/NUMBER.json alone: current value is ${path}`,
    );
  };
  for (const subject of await entriesOf(folder)) {
    if (!await isFolder(join(folder, subject))) refuse(subject);
    for (const name of await entriesOf(join(folder, subject))) {
      if (!/^\d+\.json$/.test(name)) refuse(join(subject, name));
      const path = join(folder, subject, name);
      const row = await readObject(path, COLUMNS, { source });
      problems.push(toProblem(row, path));
    }
  }
  if (problems.length > 0) return problems;
  throw new RangeError(
    `Cannot read ${folder} of ${source} as it must hold SUBJECT/NUMBER.json: current value is no file`,
  );
}

async function readHub(folder: string): Promise<Problem[]> {
  const owner = { benchmark: NAME, source: TRAIN_HUB_ID };
  const problems: Problem[] = [];
  for (const subject of MATH_FOLDERS) {
    const name = join(subject, "train-00000-of-00001.parquet");
    const path = await findFile(folder, [name], owner);
    const rows = await readRows(path, COLUMNS, { source: TRAIN_HUB_ID });
    problems.push(
      ...rows.map((row, index) => toProblem(row, `${path} row ${index + 1}`)),
    );
  }
  return problems;
}

function toProblem(row: Row<typeof COLUMNS>, place: string): Problem {
  assertBoxed(row, place);
  return { ...row, subject: row.type, level: parseLevel(row, place) };
}

/** The answer of a solution without a box could not be found. */
function assertBoxed(
  { solution }: { readonly solution: string },
  place: string,
): void {
  if (/\\(?:boxed|fbox)/.test(solution)) return;
  throw new SyntaxError(
    `Cannot read ${place} as column "solution" must have \\boxed or \\fbox: current value ends in ${
      JSON.stringify(solution.slice(-60))
    }`,
  );
}

/** "Level 3" to 3, "Level ?" to null. */
function parseLevel(
  { level }: { readonly level: string },
  place: string,
): number | null {
  const match = level.match(/^Level ([1-5?])$/);
  if (match === null) {
    throw new SyntaxError(
      `Cannot read ${place} as column "level" must be "Level" and 1 to 5 or "?": current value is ${level}`,
    );
  }
  return match[1] === "?" ? null : Number(match[1]);
}

function toTask(
  { problem, solution, subject, level }: Problem,
  split: Split,
  place: string,
): Task {
  const gold = strip(solution);
  return {
    id: `${NAME}/${place}`,
    benchmark: NAME,
    split,
    messages: [{ role: "user", content: gsm8kPrompt(problem) }],
    demonstration: [{ role: "assistant", content: gold }],
    gold,
    environment: "static",
    meta: { subject, level },
  };
}

/** So many of the tasks or all, each subject and level in proportion. */
function choose(tasks: readonly Task[], most: number): Task[] {
  const groups = new Map(
    tasks.map(({ id, meta: { subject, level } }) => [
      id,
      `${subject} ${level}`,
    ]),
  );
  const chosen = chooseEvenly(groups, {
    count: Math.min(most, tasks.length),
    seed: SPLIT_SEED,
  });
  return tasks.filter(({ id }) => chosen.has(id));
}

/** Names in a folder that do not begin with a dot, numbers by their value. */
async function entriesOf(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => !name.startsWith(".")).sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true })
  );
}
