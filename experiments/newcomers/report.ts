/** The newcomers' study as tables: accuracy beside insertions. */
import {
  accuracyCell,
  type Cell,
  gainCell,
  type Table,
} from "@/lib/report/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import type { NewcomersAnswers } from "@/experiments/newcomers/answers.ts";
import { KEPT_SHARE, rightAnswers } from "@/experiments/newcomers/choice.ts";
import {
  type Decider,
  DECIDERS,
  type SeedFindings,
} from "@/experiments/newcomers/findings.ts";

const ANSWERS_COLUMNS = [
  { header: "Right, %" },
  { header: "Of always' right answers, %" },
  { header: "Insertions an answer" },
  { header: "Of always' insertions, %" },
] as const;

/** How lambda was chosen, in words. */
const RULE =
  `Lambda, for each seed: of those tried the one with the fewest insertions that keeps at least ${
    100 * KEPT_SHARE
  } % of always' right answers to the validation questions; where none does, the one with the most.`;

/**
 * The table of the test questions: each decider over all seeds, then seed by
 * seed.
 *
 * @param made What made them: device, commit, command.
 */
export function buildNewcomersTable(
  findings: readonly SeedFindings[],
  made: string,
): Table {
  const rows = DECIDERS.flatMap((decider) => [
    testRow(decider, "all", findings),
    ...findings.map((each) => testRow(decider, String(each.seed), [each])),
  ]);
  const questions = findings[0].test.Always.correct.length;
  const penalties = findings.map(({ seed, penalty }) =>
    `${penalty} for seed ${seed}`
  );
  return {
    title: "The trained trigger in the newcomers' world",
    caption: `Mini scale, an invented world: whole answers, greedy. ${made}`,
    columns: [
      { header: "Who decides" },
      { header: "Seed" },
      ...ANSWERS_COLUMNS,
      { header: "After a newcomer's comma, % of insertions" },
      { header: "Trained is better by, points" },
    ],
    rows,
    footnotes: [
      `${questions} questions of the test split; one reasoner, seeds of weaver and trigger. Points: paired bootstrap.`,
      `${RULE} Chosen: ${penalties.join(", ")}.`,
      "Random: at each candidate position with the probability at which the trained trigger of the same seed inserts.",
    ],
  };
}

/** The table of the validation questions: what lambda was chosen from. */
export function buildPenaltyTable(
  findings: readonly SeedFindings[],
  made: string,
): Table {
  const rows = findings.flatMap(({ seed, penalty: chosen, valid }) => [
    ["Always", seed, ...answersCells([valid.always], [valid.always]), ""],
    ...valid.trials.map(({ penalty, answers }) => [
      `Trained, lambda ${penalty}`,
      seed,
      ...answersCells([answers], [valid.always]),
      penalty === chosen ? "chosen" : "",
    ]),
  ]);
  const questions = findings[0].valid.always.correct.length;
  return {
    title: "Lambda of eq. 8, chosen on validation questions",
    caption: `Mini scale, an invented world: whole answers, greedy. ${made}`,
    columns: [
      { header: "Who decides" },
      { header: "Seed" },
      ...ANSWERS_COLUMNS,
      { header: "Choice" },
    ],
    rows,
    footnotes: [`${questions} questions of the validation split`, RULE],
  };
}

function testRow(
  decider: Decider,
  seed: string,
  findings: readonly SeedFindings[],
): Cell[] {
  const of = (decider: Decider) => findings.map(({ test }) => test[decider]);
  const correct = (decider: Decider) =>
    of(decider).flatMap(({ correct }) => [...correct]);
  const answers = of(decider);
  return [
    decider,
    seed,
    ...answersCells(answers, of("Always")),
    percent(mean(answers, "needed"), mean(answers, "insertions")),
    decider === "Trained" ? "-" : gainCell(
      correct("Trained"),
      correct(decider),
      {
        seeds: findings.length,
        rng: seededRandom("newcomers", "bootstrap"),
      },
    ),
  ];
}

/** Cells of `ANSWERS_COLUMNS`; an element is a seed. */
function answersCells(
  answers: readonly NewcomersAnswers[],
  always: readonly NewcomersAnswers[],
): Cell[] {
  const right = (each: readonly NewcomersAnswers[]): number =>
    each.reduce((sum, one) => sum + rightAnswers(one), 0);
  const asked = answers.reduce((sum, { correct }) => sum + correct.length, 0);
  const insertions = mean(answers, "insertions");
  return [
    accuracyCell(right(answers), asked, answers.length),
    percent(right(answers), right(always)),
    insertions.toFixed(2),
    percent(insertions, mean(always, "insertions")),
  ];
}

function mean(
  answers: readonly NewcomersAnswers[],
  count: "insertions" | "needed",
): number {
  return answers.reduce((sum, each) => sum + each[count], 0) / answers.length;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : (100 * part / whole).toFixed(1);
}
