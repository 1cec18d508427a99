/** `deno task score`: marks a file of completions with a benchmark's scorers. */
// deno-lint-ignore-file no-console
import { dirname, resolve } from "node:path";
import {
  type Benchmark,
  BENCHMARK_NAMES,
  countFailures,
  findBenchmark,
  listOf,
  readRows,
  type Score,
  text,
} from "@/lib/benchmarks/mod.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import { formatFailures } from "@/tasks/evaluation_summary.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task score` takes. */
export const DEFINITION = {
  name: "score",
  description:
    "Marks completions with the two scorers of a benchmark: official, by the rules of MemGen's released code, and lenient, by our own, which forgive the form of a right answer. Writes one line for each line read, in the same order, and prints how many are right.",
  options: {
    benchmark: {
      type: "string",
      placeholder: "NAME",
      help: "Whose scorers to use",
      choices: BENCHMARK_NAMES,
      required: true,
    },
    input: {
      type: "string",
      placeholder: "FILE",
      help:
        'JSONL (or parquet) with "completion", a text, and "gold" in each row; of a benchmark of several turns "turns", a list of text, and "gold". The gold is as the loader gives it, for gsm8k a text that ends in \\boxed{...}',
      required: true,
    },
    output: {
      type: "string",
      placeholder: "FILE",
      help:
        'JSONL to write, {"official": 0 or 1, "lenient": 0 or 1} in each row, and how a wrong answer is wrong; replaced only once all is scored',
      required: true,
    },
  },
  examples: [
    "--benchmark gsm8k --input completions.jsonl --output scores.jsonl",
  ],
} as const satisfies TaskDefinition;

/** Which rows to score, and where the marks go. */
export interface ScoreFileOptions {
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** File of rows with `completion` and `gold`. */
  readonly input: string;
  /** File of marks. */
  readonly output: string;
}

/**
 * Scores every row of a file, and writes the marks only if all rows are good.
 *
 * @returns The marks, in the order of the rows.
 * @throws {UsageError} If the output would replace the input.
 * @throws {RangeError} If there is no such benchmark.
 * @throws {Deno.errors.NotFound} If the output's folder does not exist.
 * @throws As `readRows` does for a bad file or row.
 */
export async function scoreFile(options: ScoreFileOptions): Promise<Score[]> {
  const { input, output } = options;
  const benchmark = findBenchmark(options.benchmark);
  if (resolve(input) === resolve(output)) {
    throw new UsageError(
      DEFINITION.name,
      "--output must be another file than --input",
      output,
    );
  }
  if (!(await isFolder(dirname(output)))) {
    throw new Deno.errors.NotFound(
      `Cannot write ${output} as its folder must exist: current value is none`,
    );
  }
  const scores: Score[] = [];
  for (const { turns, gold } of await readAnswers(input, benchmark)) {
    scores.push(await benchmark.score(turns, gold));
  }
  const lines = scores.map((score) => `${JSON.stringify(score)}\n`);
  await replaceFile(output, lines.join(""));
  return scores;
}

/** The turns and the gold of each row. */
async function readAnswers(
  path: string,
  { maxTurns }: Benchmark,
): Promise<{ turns: readonly string[]; gold: string }[]> {
  if (maxTurns > 1) {
    return await readRows(path, { turns: listOf(text), gold: text });
  }
  const rows = await readRows(path, { completion: text, gold: text });
  return rows.map(({ completion, gold }) => ({ turns: [completion], gold }));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Another reader sees the old file or the new one, never a part of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${Deno.pid}.tmp`;
  try {
    await Deno.writeTextFile(draft, text);
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => {});
    throw error;
  }
}

/**
 * How many answers there are and the share that is right, then how the others
 * are wrong; of programs also the mean share of the tests that passed.
 */
export function formatSummary(
  benchmark: string,
  scores: readonly Score[],
): string {
  const percent = (scorer: "official" | "lenient") => {
    const right = scores.filter((score) => score[scorer] === 1).length;
    return `${(100 * right / scores.length).toFixed(2)} % (${right})`;
  };
  const shares = scores.flatMap(({ passedShare }) => passedShare ?? []);
  const passed = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const failures = countFailures(findBenchmark(benchmark), scores);
  return [
    `${benchmark}: ${scores.length} answers, official ${
      percent("official")
    }, lenient ${percent("lenient")}`,
    `wrong for official: ${formatFailures(failures)}`,
    ...shares.length === 0
      ? []
      : [`tests passed: ${(100 * passed).toFixed(2)} %`],
  ].join("\n");
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    console.log(formatSummary(args.benchmark, await scoreFile(args)));
  });
}
