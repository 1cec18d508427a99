/** What a reasoner can do on a twin before any training. */
import { countOfficial } from "@/lib/benchmarks/mod.ts";
import type { Twin } from "@/lib/benchmarks/twins/mod.ts";
import {
  type AnswerOptions,
  answerProblems,
} from "@/experiments/twin_answers.ts";

/** Problems of a probe, at most. */
export const PROBE_PROBLEMS = 500;

/** Problems answered at once. */
const BATCH_SIZE = 128;

/**
 * What is asked: the test split as it is; the same kinds of problems with
 * exactly the facts that they need as notes, in the benchmark's own world and
 * in worlds re-drawn for each.
 */
export const PROBES = ["vanilla", "own", "redrawn"] as const;

/** Right answers of a reasoner. */
export interface ProbedTwin {
  /** Problems of each probe. */
  readonly n: number;
  /** Right under the official scorer, by probe. */
  readonly correct: Readonly<Record<typeof PROBES[number], number>>;
}

/** How many answers `probeTwin` asks for. */
export function probeAnswers(twin: Twin, count: number): number {
  return PROBES.length * Math.min(count, twin.sizes.test);
}

/**
 * Answers of a reasoner to a twin, greedily.
 *
 * @param count Problems of each probe, at most.
 */
export async function probeTwin(
  twin: Twin,
  { onProgress, ...options }: Pick<
    AnswerOptions,
    "generator" | "model" | "onProgress"
  >,
  count: number = PROBE_PROBLEMS,
): Promise<ProbedTwin> {
  const n = Math.min(count, twin.sizes.test);
  const correct = { vanilla: 0, own: 0, redrawn: 0 };
  for (const [i, probe] of PROBES.entries()) {
    const problems = Array.from(
      { length: n },
      (_, index) =>
        probe === "vanilla"
          ? twin.problem("test", index)
          : twin.noted(probe, index),
    );
    const records = await answerProblems(twin, problems, {
      ...options,
      batchSize: BATCH_SIZE,
      onProgress: (done) => onProgress?.(i * n + done, PROBES.length * n),
    });
    correct[probe] = countOfficial(records);
  }
  return { n, correct };
}
