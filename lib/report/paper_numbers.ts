/**
 * The numbers of the paper's main results, so that tables can put ours beside
 * them.
 *
 * Source: MemGen, arXiv 2509.24704 (ICLR 2026), revised version: Table 1
 * (SmolLM3-3B and Qwen3-8B) and Table 4 (Qwen2.5-1.5B; Table 3 in the first
 * version). Accuracy or success rate in percent. The paper gives neither
 * seeds nor intervals. These numbers were not produced by this project.
 */

/** The columns of both tables, in the paper's order. */
export const PAPER_BENCHMARKS = [
  "ALFWorld",
  "TriviaQA",
  "PopQA",
  "KodCode",
  "BigCodeBench",
  "GPQA",
  "GSM8K",
  "MATH",
] as const;

/** The rows of both tables, in the paper's order. */
export const PAPER_METHODS = [
  "Vanilla",
  "CoT",
  "SFT",
  "GRPO",
  "REINFORCE",
  "REINFORCE++",
  "Agent-FLAN",
  "ExpeL",
  "MemoryBank",
  "AWM",
  "SoftCoT",
  "Co-processor",
  "MemGen SFT",
  "MemGen GRPO",
] as const;

/** The reasoners of both tables, smallest first. */
export const PAPER_BACKBONES = [
  "Qwen2.5-1.5B",
  "SmolLM3-3B",
  "Qwen3-8B",
] as const;

/** A benchmark of the paper's main results. */
export type PaperBenchmark = typeof PAPER_BENCHMARKS[number];

/** A method of the paper's main results. */
export type PaperMethod = typeof PAPER_METHODS[number];

/** A reasoner of the paper's main results. */
export type PaperBackbone = typeof PAPER_BACKBONES[number];

/** One number of the paper. */
export interface PaperNumber {
  /** Accuracy or success rate in percent; null where the paper has a dash. */
  readonly paperPercent: number | null;
  /** Paper and table, for example `arXiv 2509.24704, Table 1`. */
  readonly source: string;
}

interface PaperResults {
  readonly table: number;
  readonly accuracyPercent: Readonly<
    Record<PaperMethod, readonly (number | null)[]>
  >;
}

const PAPER_RESULTS: Readonly<Record<PaperBackbone, PaperResults>> = {
  "SmolLM3-3B": {
    table: 1,
    accuracyPercent: {
      "Vanilla": [18.96, 10.47, 8.23, 37.05, 35.96, 9.35, 47.63, 16.22],
      "CoT": [17.60, 12.88, 9.95, 38.45, 39.42, 20.70, 58.91, 56.33],
      "SFT": [32.36, 55.25, 37.22, 59.25, 40.79, 19.70, 63.48, 45.65],
      "GRPO": [55.35, 65.88, 45.16, 68.48, 72.44, 22.73, 80.03, 61.23],
      "REINFORCE": [53.13, 63.20, 46.81, 65.53, 67.14, 23.44, 82.03, 58.75],
      "REINFORCE++": [53.95, 63.20, 44.10, 65.90, 68.80, 22.73, 81.50, 59.89],
      "Agent-FLAN": [34.00, 56.70, 39.50, 56.80, 37.20, 17.80, 59.60, 36.84],
      "ExpeL": [36.18, 46.20, 28.16, 51.14, 40.22, 15.15, 56.23, 38.11],
      "MemoryBank": [32.80, 43.30, 25.81, 44.50, 31.80, 10.20, 58.30, 43.53],
      "AWM": [40.50, 49.80, 29.60, null, null, null, null, null],
      "SoftCoT": [35.03, 50.38, 34.90, 59.20, 39.10, 17.22, 56.34, 44.62],
      "Co-processor": [38.36, 53.28, 38.96, 56.25, 45.40, 20.10, 57.60, 38.81],
      "MemGen SFT": [50.60, 68.13, 42.34, 62.65, 42.99, 26.75, 70.42, 57.44],
      "MemGen GRPO": [63.60, 79.30, 58.60, 72.85, 74.24, 25.20, 83.47, 63.65],
    },
  },
  "Qwen3-8B": {
    table: 1,
    accuracyPercent: {
      "Vanilla": [58.93, 52.18, 34.13, 49.10, 33.33, 38.18, 89.48, 79.82],
      "CoT": [57.10, 53.80, 33.20, 51.25, 35.59, 35.15, 87.67, 78.24],
      "SFT": [83.59, 74.55, 51.12, 64.75, 41.33, 40.33, 90.76, 81.35],
      "GRPO": [85.60, 76.15, 58.90, 73.35, 70.24, 39.54, 92.30, 83.54],
      "REINFORCE": [82.10, 75.22, 57.96, 72.11, 70.20, 37.12, 91.25, 83.27],
      "REINFORCE++": [84.80, 75.90, 58.30, 72.90, 71.88, 37.68, 91.90, 85.24],
      "Agent-FLAN": [80.32, 70.32, 50.08, 62.99, 43.40, 39.50, 87.60, 80.05],
      "ExpeL": [78.97, 65.54, 40.33, 57.20, 34.23, 35.15, 86.20, 77.40],
      "MemoryBank": [70.41, 60.56, 41.60, 56.39, 40.61, 35.66, 90.35, 80.35],
      "AWM": [80.33, 69.30, 43.69, null, null, null, null, null],
      "SoftCoT": [75.60, 59.42, 39.42, 63.28, 38.27, 39.60, 86.30, 76.23],
      "Co-processor": [73.28, 61.42, 45.55, 64.90, 42.19, 39.15, 76.23, 79.20],
      "MemGen SFT": [85.82, 77.22, 54.65, 66.15, 40.35, 43.23, 91.25, 83.30],
      "MemGen GRPO": [90.60, 80.65, 62.30, 76.16, 75.56, 40.24, 93.20, 88.24],
    },
  },
  "Qwen2.5-1.5B": {
    table: 4,
    accuracyPercent: {
      "Vanilla": [22.54, 32.10, 16.08, 24.55, 40.35, 11.62, 39.51, 36.63],
      "CoT": [18.30, 28.67, 18.39, 32.32, 38.59, 15.67, 56.79, 45.22],
      "SFT": [36.57, 63.84, 39.20, 55.83, 37.72, 11.11, 54.83, 38.84],
      "GRPO": [43.55, 68.21, 43.15, 62.11, 70.34, 15.65, 68.10, 47.42],
      "REINFORCE": [43.25, 66.50, 41.87, 60.20, 67.80, 12.50, 67.40, 46.89],
      "REINFORCE++": [43.66, 66.90, 44.69, 63.33, 69.50, 13.80, 69.04, 47.33],
      "Agent-FLAN": [35.80, 64.28, 38.90, 56.21, 43.83, 9.35, 53.02, 29.82],
      "ExpeL": [28.96, 25.20, 20.20, 31.15, 39.78, 8.12, 45.12, 38.12],
      "MemoryBank": [27.89, 38.14, 22.78, 37.93, 35.87, 13.87, 47.88, 30.47],
      "AWM": [30.42, 55.69, 32.54, null, null, null, null, null],
      "SoftCoT": [33.07, 62.22, 38.78, 55.13, 36.10, 9.31, 54.50, 38.55],
      "Co-processor": [35.66, 64.78, 40.12, 56.65, 38.10, 12.12, 57.12, 37.40],
      "MemGen SFT": [40.30, 65.02, 41.28, 58.16, 42.47, 18.28, 58.15, 47.12],
      "MemGen GRPO": [54.27, 73.42, 49.28, 65.43, 72.81, 18.18, 73.39, 53.36],
    },
  },
};

/**
 * The paper's number for one reasoner, method and benchmark.
 *
 * @param backbone Reasoner of the paper.
 * @param method Row of the paper's table.
 * @param benchmark Column of the paper's table.
 * @returns The number in percent with its source.
 * @throws {RangeError} If the paper has no such reasoner, method or benchmark.
 */
export function paperNumber(
  backbone: PaperBackbone,
  method: PaperMethod,
  benchmark: PaperBenchmark,
): PaperNumber {
  const { table, accuracyPercent } =
    PAPER_RESULTS[oneOf(PAPER_BACKBONES, backbone, "backbone")];
  const row = accuracyPercent[oneOf(PAPER_METHODS, method, "method")];
  const column = PAPER_BENCHMARKS.indexOf(
    oneOf(PAPER_BENCHMARKS, benchmark, "benchmark"),
  );
  return {
    paperPercent: row[column],
    source: `arXiv 2509.24704, Table ${table}`,
  };
}

function oneOf<Name extends string>(
  names: readonly Name[],
  name: Name,
  what: string,
): Name {
  if (!names.includes(name)) {
    throw new RangeError(
      `Cannot look up a number of the paper as the ${what} must be one of ${
        names.join(", ")
      }: current value is ${name}`,
    );
  }
  return name;
}
