/** What a reasoner can do on twins before any training. */
import { countOfficial } from "@/lib/benchmarks/mod.ts";
import { splitProblems, type Twin } from "@/lib/benchmarks/twins/mod.ts";
import {
  heartTasks,
  knownByHeart,
  type KnownPart,
} from "@/experiments/by_heart.ts";
import {
  type AnswerOptions,
  answerProblems,
} from "@/experiments/twin_answers.ts";

/** Problems of a probe, at most. */
export const PROBE_PROBLEMS = 200;

/** Problems answered at once. */
const BATCH_SIZE = 128;

/**
 * What is asked: problems of the test split; the same kinds of problems with
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
  /** What it knows by heart; absent where nothing can be. */
  readonly byHeart?: readonly KnownPart[];
}

/** Who answers the probes, and how many. */
export interface ProbeOptions
  extends Pick<AnswerOptions, "generator" | "model"> {
  /**
   * Problems of each probe, at most.
   *
   * @default {PROBE_PROBLEMS}
   */
  readonly count?: number;
  /** Called with the answers to this twin and before, and to all twins. */
  readonly onProgress?: (done: number, total: number, twin: Twin) => void;
}

/** Answers of a reasoner to one twin after another, greedily. */
export async function* probeTwins(
  twins: readonly Twin[],
  { count = PROBE_PROBLEMS, onProgress, ...asked }: ProbeOptions,
): AsyncGenerator<{ twin: Twin; probed: ProbedTwin }> {
  const problems = (twin: Twin): number => Math.min(count, twin.sizes.test);
  const asks = (twin: Twin): number =>
    PROBES.length * problems(twin) + heartTasks(twin);
  const total = twins.reduce((sum, twin) => sum + asks(twin), 0);
  let before = 0;
  for (const twin of twins) {
    const n = problems(twin);
    const probed = await probeTwin(twin, n, {
      ...asked,
      onProgress: (done) => onProgress?.(before + done, total, twin),
    });
    before += asks(twin);
    yield { twin, probed };
  }
}

async function probeTwin(
  twin: Twin,
  n: number,
  { onProgress, ...options }: Pick<
    AnswerOptions,
    "generator" | "model" | "onProgress"
  >,
): Promise<ProbedTwin> {
  const correct = { vanilla: 0, own: 0, redrawn: 0 };
  const total = PROBES.length * n + heartTasks(twin);
  for (const [i, probe] of PROBES.entries()) {
    const problems = probe === "vanilla"
      ? splitProblems(twin, "test", n)
      : Array.from({ length: n }, (_, index) => twin.noted(probe, index));
    const records = await answerProblems(twin, problems, {
      ...options,
      batchSize: BATCH_SIZE,
      onProgress: (done) => onProgress?.(i * n + done, total),
    });
    correct[probe] = countOfficial(records);
  }
  const byHeart = knownByHeart(twin, {
    ...options,
    batchSize: BATCH_SIZE,
    onProgress: (done) => onProgress?.(PROBES.length * n + done, total),
  });
  return { n, correct, ...byHeart && { byHeart } };
}
