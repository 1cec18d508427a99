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
import type { MiniReasoner, Table1Preset } from "@/experiments/presets.ts";
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
  /** What made the numbers: reasoner, device, commit, command. */
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
  const trained = columns.filter(({ learned }) =>
    preset.trained?.includes(learned) ?? true
  ).map(({ paper }) => paper);
  return {
    title: `Table 1, ${preset.name} preset`,
    caption:
      `Ours: mini scale, reasoners of about a million parameters or less on twins of the benchmarks, not on the benchmarks themselves; accuracy in percent, 95 % interval. ${made}`,
    columns: [
      { header: "Reasoner" },
      { header: "Method", align: "left" },
      ...columns.map(({ paper }) => ({ header: paper })),
    ],
    rows,
    footnotes: [
      `n = ${
        taskCounts(findings, columns).join(", ")
      }: the twins' test splits, whose kinds of problems training never shows; one training run each, seed ${preset.seed}.`,
      "PopQA has no training split: what was learned on TriviaQA answers it, as in the paper.",
      trained.length === columns.length
        ? "Every adapter and weaver was trained by this command."
        : `Trained by this command: ${
          trained.join(", ")
        }. The others' adapters and weavers were trained by \`deno task reproduce-table 1 --preset mini\`, are read from results/mini/trained and answer here.`,
      ratesText(preset),
    ],
  };
}

/** Where one rate is tried in every column, validation there chose nothing. */
function ratesText({ rates }: Table1Preset): string {
  const counts = Object.values(rates).map(({ length }) => length);
  return Math.max(...counts) > 1
    ? "Learning rates were chosen on each column's validation tasks, as many rates and steps for every method; the JSON has them all."
    : "One learning rate for each method in all columns, chosen beforehand in short runs on KodCode's validation tasks; as many steps for every method.";
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
    ...columns.map(({ paper }) => paperNumber(backbone, method, paper)),
  ]);
}

function taskCounts(
  findings: readonly Finding[],
  columns: readonly Column[],
): string[] {
  return columns.flatMap(({ paper, benchmark }) => {
    const finding = findings.find((each) => each.benchmark === benchmark);
    return finding === undefined ? [] : [`${finding.n} ${paper}`];
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
