/** The newcomers' study as a table: accuracy beside insertions. */
import {
  accuracyCell,
  type Interval,
  pairedBootstrapInterval,
  type Table,
} from "@/lib/report/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import type { NewcomersAnswers } from "@/experiments/newcomers/answers.ts";
import type { NewcomersSizes } from "@/experiments/newcomers/settings.ts";
import type { NewcomersStudy } from "@/experiments/newcomers/study.ts";

/** Answers of one seed after another. */
export interface NewcomersFinding {
  /** Who decides. */
  readonly row: string;
  /** One a seed. */
  readonly answers: readonly NewcomersAnswers[];
}

/** Computes every row, or takes it from the ledger. */
export async function computeNewcomers(
  study: NewcomersStudy,
  { seeds, penalties }: NewcomersSizes,
): Promise<NewcomersFinding[]> {
  const findings: NewcomersFinding[] = [];
  const add = async (
    row: string,
    answer: (seed: number) => Promise<NewcomersAnswers>,
  ): Promise<void> => {
    const answers: NewcomersAnswers[] = [];
    for (const seed of seeds) answers.push(await answer(seed));
    findings.push({ row, answers });
  };
  await add("Never", (seed) => study.askUntrained(seed, "never"));
  await add("Always", (seed) => study.askUntrained(seed, "always"));
  for (const penalty of penalties) {
    const trained = (seed: number) => study.askTrained({ seed, penalty });
    await add(`Trained, lambda ${penalty}`, trained);
    await add(`Random, as often as lambda ${penalty}`, async (seed) => {
      const { insertions, candidates } = await trained(seed);
      const probability = insertions / candidates;
      return await study.askUntrained(seed, {
        probability,
        positions: "delimiters",
      });
    });
  }
  return findings;
}

/** Differences of accuracies over all seeds, from 0 to 1. */
export function compareFindings(
  first: NewcomersFinding,
  second: NewcomersFinding,
): Interval {
  const scores = ({ answers }: NewcomersFinding) =>
    answers.flatMap(({ correct }) => [...correct]);
  return pairedBootstrapInterval(scores(first), scores(second), {
    rng: seededRandom("newcomers", "bootstrap"),
  });
}

/**
 * The table of the findings.
 *
 * @param made What made them: device, commit, command.
 */
export function buildNewcomersTable(
  findings: readonly NewcomersFinding[],
  { testQuestions, seeds }: NewcomersSizes,
  made: string,
): Table {
  const always = findings.find(({ row }) => row === "Always")!;
  const percent = (part: number, whole: number): string =>
    whole === 0 ? "-" : (100 * part / whole).toFixed(1);
  const rows = findings.map((finding) => {
    const { row, answers } = finding;
    const right = (each: readonly NewcomersAnswers[]): number =>
      each.flatMap(({ correct }) => correct)
        .reduce((sum, value) => sum + value, 0);
    const mean = (value: (answers: NewcomersAnswers) => number): number =>
      answers.reduce((sum, each) => sum + value(each), 0) / answers.length;
    const insertions = mean((each) => each.insertions);
    const all = always.answers.reduce((sum, each) => sum + each.insertions, 0) /
      always.answers.length;
    const perSeed = answers
      .map((each) => percent(right([each]), each.correct.length)).join(", ");
    return [
      row,
      accuracyCell(right(answers), testQuestions * seeds.length, seeds.length),
      perSeed,
      percent(right(answers), right(always.answers)),
      insertions.toFixed(2),
      percent(insertions, all),
      percent(mean((each) => each.needed), insertions),
    ];
  });
  const differences = findings.flatMap((finding, i) => {
    if (!finding.row.startsWith("Random")) return [];
    const { low, high } = compareFindings(findings[i - 1], finding);
    return [
      `${findings[i - 1].row} less ${finding.row}: ${
        (100 * low).toFixed(1)
      } to ${(100 * high).toFixed(1)} points (paired bootstrap, 95 %).`,
    ];
  });
  return {
    title: "The trained trigger in the newcomers' world",
    caption:
      `Mini scale, an invented world: accuracy of whole answers in percent, 95 % interval, greedy. ${made}`,
    columns: [
      { header: "Who decides" },
      { header: "Right, %" },
      { header: "By seed" },
      { header: "Of always' accuracy, %" },
      { header: "Insertions an answer" },
      { header: "Of always' insertions, %" },
      { header: "After a newcomer's comma, % of insertions" },
    ],
    rows,
    footnotes: [
      `${testQuestions} questions of the test split; seeds ${
        seeds.join(", ")
      } of weaver and trigger, one reasoner`,
      ...differences,
      "Random: at each candidate position with the probability at which the trained trigger of the same seed inserts.",
    ],
  };
}
