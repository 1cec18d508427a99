/** AQuA: algebra word problems with five options (google-deepmind/AQuA). */
import { join } from "node:path";
import { CHOICE_FAILURES, scoreChoice } from "./boxed_score.ts";
import { choiceAnswer, choiceMessages } from "./choices.ts";
import { listOf, type Row, text } from "./columns.ts";
import { findFile } from "./files.ts";
import { readRows } from "./rows.ts";
import { chooseIds } from "./split.ts";
import { strip } from "./python_text.ts";
import type { Benchmark, Split, Task } from "./task.ts";

const NAME = "aqua";
const SOURCE = "deepmind/aqua_rat (on GitHub: google-deepmind/AQuA)";
const COLUMNS = {
  question: text,
  options: listOf(text),
  rationale: text,
  correct: text,
};
const LETTERS = ["A", "B", "C", "D", "E"];

/**
 * Most training tasks. The file has 97,467 rows; how many of them the paper
 * takes is not said, so the number is ours, near that of the other benchmarks.
 */
const MOST_TRAINING_TASKS = 4_000;
const SUBSET_SEED = 42;

/** What a split's files are called: in the repository, on the hub. */
const FILES: Readonly<Record<Split, readonly [string, string]>> = {
  train: ["train.json", "train-00000-of-00001.parquet"],
  valid: ["dev.json", "validation-00000-of-00001.parquet"],
  test: ["test.json", "test-00000-of-00001.parquet"],
};

/**
 * AQuA, from the JSON files of its repository (a row in each line) or the hub's
 * parquet files of the config `raw`.
 *
 * The released code has no AQuA: prompt, answer and scorer are those that it
 * has for GPQA, with options written as the file does ("A) 125"). A train file
 * of more than 4,000 rows gives 4,000, chosen by hash; all of them are checked.
 */
export const aqua: Benchmark = {
  name: NAME,
  maxTurns: 1,
  failures: CHOICE_FAILURES,
  load,
  score: scoreChoice,
};

async function load(folder: string, split: Split): Promise<Task[]> {
  const [json, parquet] = FILES[split];
  const path = await findFile(folder, [json, join("raw", parquet), parquet], {
    benchmark: NAME,
    source: SOURCE,
  });
  const rows = await readRows(path, COLUMNS, { source: SOURCE });
  const tasks = rows.map((row, index) =>
    toTask(row, { split, index, place: `${path} row ${index + 1}` })
  );
  if (split !== "train") return tasks;
  const chosen = chooseIds(tasks.map(({ id }) => id), {
    count: Math.min(tasks.length, MOST_TRAINING_TASKS),
    seed: SUBSET_SEED,
  });
  return tasks.filter(({ id }) => chosen.has(id));
}

function toTask(
  { question, options, rationale, correct }: Row<typeof COLUMNS>,
  { split, index, place }: { split: Split; index: number; place: string },
): Task {
  if (!LETTERS.includes(correct)) {
    throw new RangeError(
      `Cannot read ${place} as column "correct" must be one of ${
        LETTERS.join(", ")
      }: current value is ${correct}`,
    );
  }
  const gold = choiceAnswer(rationale, correct);
  return {
    id: `${NAME}/${split}/${index}`,
    benchmark: NAME,
    split,
    messages: choiceMessages(question, optionLines(options, place)),
    demonstration: [{ role: "assistant", content: gold }],
    gold,
    environment: "static",
    meta: {},
  };
}

/** "A)125" and "A) 125" to "A) 125". */
function optionLines(options: readonly string[], place: string): string[] {
  const isRight = options.length === LETTERS.length &&
    options.every((option, i) => option.startsWith(`${LETTERS[i]})`));
  if (!isRight) {
    throw new RangeError(
      `Cannot read ${place} as column "options" must be five texts that start with A) to E): current value is ${
        JSON.stringify(options)
      }`,
    );
  }
  return options.map((option, i) =>
    `${LETTERS[i]}) ${strip(option.slice("A)".length))}`
  );
}
