/**
 * Table 1's methods on tasks behind the test split's own: the split has as many
 * as the paper's, and so few that its intervals are wide.
 */
import type { Twin, TwinProblem } from "@/lib/benchmarks/twins/mod.ts";
import { accuracyCell, type Cell, type Table } from "@/lib/report/mod.ts";
import type { SupervisedStudy } from "@/experiments/supervised_study.ts";
import {
  EVALUATE_WEIGHT,
  PROMPTED,
  ROWS,
  TRAINED,
  type TrainedMethods,
} from "@/experiments/table_1.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";

/** Right answers to further tasks. */
export interface FurtherAnswers {
  /** Tasks. */
  readonly n: number;
  /** By the rows of Table 1. */
  readonly correct: Readonly<Record<string, number>>;
  /** Command, machine, versions, commit. */
  readonly made: string;
}

/** Tasks that a twin has behind its test split. */
export function furtherCount({ further = 0 }: Twin): number {
  return further;
}

/** A twin whose test split is what stands behind that of another. */
export function furtherTwin<P extends TwinProblem>(twin: Twin<P>): Twin<P> {
  const { sizes } = twin;
  return {
    ...twin,
    sizes: { ...sizes, test: furtherCount(twin) },
    problem: (split, index) =>
      twin.problem(split, split === "test" ? sizes.test + index : index),
  };
}

/** Who is asked, and with what. */
export interface FurtherOptions {
  /** The study of `furtherTwin`. */
  readonly study: Pick<
    SupervisedStudy,
    "evaluatePrompting" | "evaluateTrained"
  >;
  /** The methods. */
  readonly methods: TrainedMethods;
  /** The folder with what a method learned. */
  folderOf(method: keyof TrainedMethods): string;
  /** Announces what comes next; `weight` is its expected share of the time. */
  announce(title: string, weight: number): void;
}

/** The sum of all weights that `askFurtherTasks` will announce. */
export const FURTHER_WEIGHT = EVALUATE_WEIGHT * ROWS.length;

/** Asks with every method of Table 1. */
export async function askFurtherTasks(
  { study, methods, folderOf, announce }: FurtherOptions,
): Promise<FurtherAnswers> {
  const correct: Record<string, number> = {};
  const made = new Set<string>();
  let n = 0;
  type Answered = Awaited<ReturnType<SupervisedStudy["evaluateTrained"]>>;
  const keep = (row: string, { result }: Answered) => {
    n = result.n;
    correct[row] = result.correct;
    made.add(result.made);
  };
  for (const { label, prompt } of PROMPTED) {
    announce(label, EVALUATE_WEIGHT);
    keep(label, await study.evaluatePrompting({ id: label, prompt }));
  }
  for (const { label, method } of TRAINED) {
    announce(label, EVALUATE_WEIGHT);
    const folder = folderOf(method);
    keep(label, await study.evaluateTrained(methods[method], folder));
  }
  return { n, correct, made: [...made].join("; ") };
}

/** Accuracies on further tasks; undefined if no one was asked. */
export function furtherTable(
  { further = {}, training = {} }: TwinNumbers,
): Table | undefined {
  const asked = Object.entries(further);
  if (asked.length === 0) return undefined;
  const [[, { n }]] = asked;
  return {
    title: "A larger test",
    caption:
      `${n} tasks behind the test split, of its kinds and none of them in it: right in percent, under the official scorer, with what Table 1's mini preset trained, one training run each.`,
    columns: [
      { header: "Reasoner" },
      { header: "Method", align: "left" },
      { header: "Test split" },
      { header: `${n} tasks more` },
    ],
    rows: asked.flatMap(([reasoner, { n, correct }]) =>
      ROWS.map(({ label }, i): Cell[] => {
        const test = training[reasoner];
        return [
          i === 0 ? reasoner : "",
          label,
          accuracyCell(test.correct[label], test.n, 1),
          accuracyCell(correct[label], n, 1),
        ];
      })
    ),
    footnotes: [
      ...new Set(asked.map(([reasoner, { made }]) => `${reasoner}: ${made}`)),
    ],
  };
}
