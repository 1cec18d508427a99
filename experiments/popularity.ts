/**
 * Accuracy and searches by how popular is what a question asks for (PopQA): who
 * knows it by heart needs no search.
 */
import {
  type EvaluationRecord,
  searchAction,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import { formatTenths, type Table } from "@/lib/report/mod.ts";

/** Parts of the tasks, as many in each. */
const PARTS = 10;

/** The tasks of one part, and what rows of Table 1 made of them. */
export interface PopularityPart {
  /** The least popular of them, as in PopQA's column `s_pop`. */
  readonly least: number;
  /** Tasks. */
  readonly n: number;
  /** Right answers, by the rows of the table. */
  readonly correct: Readonly<Record<string, number>>;
  /** Tasks in which there was a search, by the rows of the table. */
  readonly searched: Readonly<Record<string, number>>;
}

/**
 * Tenths of tasks, the most popular first; undefined where tasks have no
 * popularity, or are fewer than ten.
 */
export function popularityTenths(
  tasks: readonly Pick<Task, "id" | "meta">[],
): { readonly least: number; readonly ids: ReadonlySet<string> }[] | undefined {
  const known = tasks.flatMap(({ id, meta: { popularity } }) =>
    typeof popularity === "number" ? [{ id, popularity }] : []
  );
  if (known.length < Math.max(tasks.length, PARTS)) return undefined;
  const sorted = known.toSorted((a, b) => b.popularity - a.popularity);
  const place = (part: number): number =>
    Math.round(part * sorted.length / PARTS);
  return Array.from({ length: PARTS }, (_, part) => {
    const own = sorted.slice(place(part), place(part + 1));
    return {
      least: own.at(-1)!.popularity,
      ids: new Set(own.map(({ id }) => id)),
    };
  });
}

/** What is needed of a row's answers. */
type Answers = readonly Pick<EvaluationRecord, "id" | "turns" | "official">[];

/**
 * Tenths of the tasks, the most popular first.
 *
 * @param tasks All that were asked, in any order.
 * @param rows Answers to all of them, by the rows of the table.
 * @returns Undefined where tasks have no popularity, or are fewer than ten.
 * @throws {RangeError} If a row has not answered all of them.
 */
export function byPopularity(
  tasks: readonly Pick<Task, "id" | "meta">[],
  rows: Readonly<Record<string, Answers>>,
): PopularityPart[] | undefined {
  const tenths = popularityTenths(tasks);
  if (tenths === undefined) return undefined;
  for (const [row, answers] of Object.entries(rows)) {
    const answered = new Set(answers.map(({ id }) => id));
    const open = tasks.find(({ id }) => !answered.has(id));
    if (open === undefined) continue;
    throw new RangeError(
      `Cannot count by popularity as ${row} must have answered every task: current value is no answer to ${open.id}`,
    );
  }
  return tenths.map(({ least, ids }) => {
    const count = (is: (answer: Answers[number]) => boolean) =>
      Object.fromEntries(
        Object.entries(rows).map(([row, answers]) => [
          row,
          answers.filter((each) => ids.has(each.id) && is(each)).length,
        ]),
      );
    return {
      least,
      n: ids.size,
      correct: count(({ official }) => official === 1),
      searched: count(({ turns }) =>
        turns.some((turn) => searchAction(turn).kind === "search")
      ),
    };
  });
}

/** The parts of all reasoners; undefined where there are none. */
export function popularityTable(
  popularity: Readonly<Record<string, readonly PopularityPart[]>> = {},
): Table | undefined {
  const reasoners = Object.entries(popularity);
  if (reasoners.length === 0) return undefined;
  const rows = Object.keys(reasoners[0][1][0].correct);
  return {
    title: "By popularity",
    caption:
      "Table 1's mini preset: tenths of its test tasks, the most popular first. Right in percent, and in parentheses the percentage of tasks in which it searched.",
    columns: [
      { header: "Reasoner" },
      { header: "Least popular" },
      { header: "Tasks" },
      ...rows.map((header) => ({ header })),
    ],
    rows: reasoners.flatMap(([reasoner, parts]) =>
      parts.map(({ least, n, correct, searched }, i) => [
        i === 0 ? reasoner : "",
        least,
        n,
        ...rows.map((row) =>
          `${formatTenths(100 * correct[row] / n)} (${
            formatTenths(100 * searched[row] / n)
          })`
        ),
      ])
    ),
  };
}
