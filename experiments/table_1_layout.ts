/** Table 1 as it is printed: ours, and the paper's numbers below each. */
import {
  accuracyCell,
  type Cell,
  type Measurement,
  type MissingCell,
  type PaperBackbone,
  paperNumber,
  type Table,
} from "@/lib/report/mod.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import {
  type MiniReasoner,
  type Table1Preset,
  trainingSteps,
} from "@/experiments/presets.ts";
import { type Column, type Finding, ROWS } from "@/experiments/table_1.ts";

/** The paper's reasoner of the same family. */
const BACKBONES: Readonly<Record<MiniReasoner, PaperBackbone>> = {
  "mini-qwen2.5": "Qwen2.5-1.5B",
  "mini-smollm3": "SmolLM3-3B",
  "mini-qwen3": "Qwen3-8B",
};

const UNFINISHED: MissingCell = { missing: "unfinished" };

/** What a table shows. */
export interface LayoutOptions {
  /** Sizes. */
  readonly preset: Table1Preset;
  /** Columns. */
  readonly columns: readonly Column[];
  /** What makes the table: device, commit, command. */
  readonly made: string;
}

/** The table of the findings. */
export function layoutTable1(
  findings: readonly Finding[],
  { preset, columns, made }: LayoutOptions,
): Table {
  const reasoners = [...new Set(findings.map(({ reasoner }) => reasoner))];
  const rows = reasoners.flatMap((reasoner) => [
    ...ourRows(findings, reasoner, columns),
    ...paperRows(reasoner, columns),
  ]);
  return {
    title: `Table 1, ${preset.name} preset`,
    caption:
      `Ours: mini scale, reasoners of about a million parameters or less on twins of the benchmarks, not on the benchmarks themselves; accuracy in percent, 95 % interval. ${made}`,
    columns: [
      { header: "Reasoner" },
      { header: "Method", align: "left" },
      ...columns.map(({ title }) => ({ header: title })),
    ],
    rows,
    footnotes: [
      `n = ${
        taskCounts(findings, columns).join(", ")
      }: tasks of the twins' test splits, evenly spaced, whose kinds of problems no training split has (pre-training has them, with other facts). One training run each, seed ${preset.seed}.`,
      ...seenText(columns, preset),
      "PopQA has no training split: what was learned on TriviaQA answers it, as in the paper.",
      ...columns.some(({ paper }) => paper === undefined)
        ? [
          "AQuA is none of the paper's columns: it has it in other tables only.",
        ]
        : [],
      trainedText(findings, columns),
      ratesText(preset),
      ...insertionsText(findings, columns),
      ...longerText(reasoners, columns, preset),
      ...[...new Set(findings.map((finding) => finding.made))]
        .filter((each) => each !== made)
        .map((each) => `Some accuracies were computed earlier: ${each}`),
    ],
  };
}

/** Which test tasks are left out, as they were answered before. */
function seenText(
  columns: readonly Column[],
  { firstTestTaskOf = {} }: Table1Preset,
): string[] {
  return columns.flatMap(({ title, benchmark }) => {
    const first = firstTestTaskOf[benchmark];
    return first === undefined ? [] : [
      `${title}: none of its first ${first} test tasks, which had been answered when the number of its training steps was chosen.`,
    ];
  });
}

/** Which adapters and weavers are new. */
function trainedText(
  findings: readonly Finding[],
  columns: readonly Column[],
): string {
  const learned = findings.filter((finding) => finding.learned !== undefined);
  const before = learned.filter((finding) => finding.learned?.isSaved);
  if (before.length === 0) {
    return "Every adapter and weaver was trained by this command.";
  }
  const others =
    "were trained by deno task reproduce-table 1 --preset mini, are read from results/mini/trained and answer here.";
  const reasoners = [...new Set(learned.map(({ reasoner }) => reasoner))];
  const here = reasoners.flatMap((reasoner) => {
    const titles = columns.filter(({ benchmark }) =>
      learned.some((finding) =>
        finding.reasoner === reasoner && finding.benchmark === benchmark &&
        !before.includes(finding)
      )
    ).map(({ title }) => title);
    return titles.length === 0 ? [] : [`${titles.join(", ")} of ${reasoner}`];
  });
  return here.length === 0
    ? `All adapters and weavers ${others}`
    : `Trained by this command: ${
      here.join("; ")
    }. The others' adapters and weavers ${others}`;
}

/** Where one rate is tried in every column, validation there chose nothing. */
function ratesText({ rates }: Table1Preset): string {
  const counts = Object.values(rates).map(({ length }) => length);
  return Math.max(...counts) > 1
    ? "Learning rates were chosen on each column's validation tasks, as many rates and steps for every method; the JSON has them all."
    : "One learning rate for each method in all columns, chosen beforehand in short runs on KodCode's validation tasks; as many steps for every method in a column.";
}

/** Where memory goes in within answers, told by what was inserted. */
function insertionsText(
  findings: readonly Finding[],
  columns: readonly Column[],
): string[] {
  const isWithin = ({ learned, n, insertions }: Finding): boolean =>
    learned !== undefined && insertions > n;
  const single = columns.filter(({ benchmark }) =>
    findTwin(benchmark).benchmark.maxTurns === 1
  );
  const reasoners = [...new Set(findings.map(({ reasoner }) => reasoner))];
  return reasoners.flatMap((reasoner) => {
    const titles = single.filter(({ benchmark }) =>
      findings.some((finding) =>
        finding.reasoner === reasoner && finding.benchmark === benchmark &&
        isWithin(finding)
      )
    ).map(({ title }) => title);
    return titles.length === 0 ? [] : [
      `MemGen of ${reasoner} inserts at the prompt's end; in answers of ${
        titles.join(", ")
      } after the first delimiters, too.`,
    ];
  });
}

/** Which reasoners learned for longer than the others. */
function longerText(
  reasoners: readonly MiniReasoner[],
  columns: readonly Column[],
  { stepsOf = {}, ...others }: Table1Preset,
): string[] {
  return reasoners.flatMap((reasoner) => {
    const own = columns.flatMap(({ title, benchmark }) => {
      const steps = stepsOf[reasoner]?.[benchmark];
      return steps === undefined ? [] : [
        `${title} (${steps}, others ${
          trainingSteps(others, reasoner, benchmark)
        })`,
      ];
    });
    return own.length === 0 ? [] : [
      `Steps of ${reasoner}, whose weavers learn later, with every method: ${
        own.join(", ")
      }. Validation tasks chose them, after a table with the others' had been seen.`,
    ];
  });
}

function ourRows(
  findings: readonly Finding[],
  reasoner: MiniReasoner,
  columns: readonly Column[],
): Cell[][] {
  const cells = columns.map(({ benchmark }) =>
    ranked(
      ROWS.map(({ label }) =>
        findings.find((finding) =>
          finding.reasoner === reasoner && finding.benchmark === benchmark &&
          finding.row === label
        )
      ).map((finding) =>
        finding ? accuracyCell(finding.correct, finding.n, 1) : UNFINISHED
      ),
    )
  );
  return ROWS.map(({ label }, i) => [
    reasoner,
    label,
    ...cells.map((column) => column[i]),
  ]);
}

function paperRows(
  reasoner: MiniReasoner,
  columns: readonly Column[],
): Cell[][] {
  const backbone = BACKBONES[reasoner];
  const methods = [...new Set(ROWS.map(({ paper }) => paper))];
  return methods.map((method) => [
    backbone,
    method,
    ...columns.map(({ paper }) =>
      paper === undefined
        ? { missing: "not measured" } as const
        : paperNumber(backbone, method, paper)
    ),
  ]);
}

function taskCounts(
  findings: readonly Finding[],
  columns: readonly Column[],
): string[] {
  return columns.flatMap(({ title, benchmark }) => {
    const finding = findings.find((each) => each.benchmark === benchmark);
    return finding === undefined ? [] : [`${finding.n} ${title}`];
  });
}

/** Marks the best and the second best of a column. */
function ranked(
  cells: readonly (Measurement | MissingCell)[],
): (Measurement | MissingCell)[] {
  const values = cells.flatMap((cell) => "value" in cell ? [cell.value] : []);
  const [best, second] = [...new Set(values)].sort((a, b) => b - a);
  return cells.map((cell) => {
    if (!("value" in cell)) return cell;
    if (cell.value === best) return { ...cell, rank: "best" };
    return cell.value === second ? { ...cell, rank: "second" } : cell;
  });
}
