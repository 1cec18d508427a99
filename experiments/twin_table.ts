/** The numbers of all twins, side by side. */
import { bestOf, type Twin } from "@/lib/benchmarks/twins/mod.ts";
import {
  accuracyCell,
  type Cell,
  type Column,
  formatTenths,
  PAPER_BENCHMARKS,
  type Table,
} from "@/lib/report/mod.ts";
import type { Lengths, TwinNumbers } from "@/experiments/twin_numbers.ts";
import { type ProbedTwin, PROBES } from "@/experiments/twin_probes.ts";

/** A twin with its numbers; without, where it was not measured. */
export interface DescribedTwin {
  readonly twin: Twin;
  readonly numbers?: TwinNumbers;
}

/** Benchmarks that are not in the paper's main tables. */
const OTHER_BENCHMARKS = ["AQuA", "ScienceWorld", "FEVER"] as const;

/** A benchmark's name as its authors write it. */
export function benchmarkTitle({ benchmark: { name } }: Twin): string {
  return [...PAPER_BENCHMARKS, ...OTHER_BENCHMARKS]
    .find((title) => title.toLowerCase() === name) ?? name;
}

/** Sizes, lengths, and what policies without a model reach. */
export function twinTable(described: readonly DescribedTwin[]): Table {
  return {
    title: "Twins",
    caption:
      "Stand-ins for the benchmarks, made by a program; no accuracy on them is one of the benchmark itself. Right in percent of the whole test split, under the official scorer, without a model.",
    columns: [
      "Twin of",
      "Train",
      "Valid",
      "Test",
      "Prompt tokens",
      "Answer tokens",
      "Oracle",
      "Ignorant",
      "Random",
      "Best shortcut",
    ].map((header) => ({ header })),
    rows: described.map(({ twin, numbers }) => [
      benchmarkTitle(twin),
      twin.sizes.train,
      twin.sizes.valid,
      twin.sizes.test,
      ...numbers === undefined
        ? Array<Cell>(6).fill({ missing: "not measured" })
        : numberCells(numbers),
    ]),
    footnotes: [
      "Tokens: mean and, in parentheses, most; an answer is the oracle's, all of its turns with what it reads between them",
      "Oracle: knows the facts. Ignorant: works alike, but makes the facts up. Random and shortcuts look at most at the surface",
    ],
  };
}

function numberCells({ tokens, policies }: TwinNumbers): Cell[] {
  const kinds = ["oracle", "ignorant", "random", "shortcut"] as const;
  return [
    lengthsText(tokens.prompt),
    lengthsText(tokens.answer),
    ...kinds.map((kind) => formatTenths(100 * bestOf(policies, kind))),
  ];
}

/** Mean and, in parentheses, most. */
export function lengthsText({ mean, most }: Lengths): string {
  return `${Math.round(mean)} (${most})`;
}

/** Columns of `probeCells`. */
export const PROBE_COLUMNS: readonly Column[] = [
  { header: "Vanilla" },
  { header: "Oracle notes, its world" },
  { header: "Oracle notes, new worlds" },
];

/** A footnote to these columns. */
export const PROBE_FOOTNOTE =
  "Oracle notes: exactly the facts that a problem needs stand before it";

/** Right answers to the probes, as accuracies of one pre-training seed. */
export function probeCells({ n, correct }: ProbedTwin): Cell[] {
  return PROBES.map((probe) => accuracyCell(correct[probe], n, 1));
}

/** What reasoners do before any training; undefined if none was measured. */
export function reasonerTable(
  described: readonly DescribedTwin[],
): Table | undefined {
  const measured = described.flatMap(({ twin, numbers }) =>
    Object.entries(numbers?.reasoners ?? {}).map(([name, reasoner], i) => ({
      // Once for all reasoners of a twin.
      title: i === 0 ? benchmarkTitle(twin) : "",
      name,
      ...reasoner,
    }))
  );
  if (measured.length === 0) return undefined;
  return {
    title: "Mini reasoners before any training",
    caption:
      "Problems of the test split's kinds, greedily; right in percent, under the official scorer, one seed of pre-training.",
    columns: [
      { header: "Twin of" },
      { header: "Reasoner", align: "left" },
      { header: "Problems" },
      ...PROBE_COLUMNS,
    ],
    rows: measured.map(({ title, name, ...probed }) => [
      title,
      name,
      probed.n,
      ...probeCells(probed),
    ]),
    footnotes: [
      PROBE_FOOTNOTE,
      ...new Set(measured.map(({ name, made }) => `${name}: ${made}`)),
    ],
  };
}
