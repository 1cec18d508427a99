/** Whether a reasoner learns a twin by SFT, whatever the seed. */
import type { Method } from "@/experiments/methods/method.ts";
import type { SupervisedStudy } from "@/experiments/supervised_study.ts";

/** A twin must be learned with each of them (rule 4 of its specification). */
export const SFT_SEEDS = [0, 1, 2] as const;

/** Right answers after training with each of `SFT_SEEDS`. */
export interface SftRuns {
  /** Test tasks. */
  readonly n: number;
  /** Right answers, by the place of the seed. */
  readonly correct: readonly number[];
  /** Command, machine, versions, commit. */
  readonly made: string;
}

/** What SFT learns from, and what it is asked. */
export interface SftRunsOptions {
  /** The study of the twin that it learns. */
  readonly learned: Pick<SupervisedStudy, "train">;
  /** The study of the twin that it is asked; it may be the same. */
  readonly asked: Pick<SupervisedStudy, "evaluateTrained">;
  /** SFT. */
  readonly method: Method;
  /** Highest learning rate. */
  readonly rate: number;
  /** The folder with what a seed has learned; undefined if it must learn. */
  learnedBefore?(seed: number): string | undefined;
  /** Called before each seed. */
  readonly onSeed?: (seed: number) => void;
}

/** Trains with each seed that has not learned, and answers the test tasks. */
export async function measureSftRuns(
  { learned, asked, method, rate, learnedBefore, onSeed }: SftRunsOptions,
): Promise<SftRuns> {
  const runs = [];
  for (const seed of SFT_SEEDS) {
    onSeed?.(seed);
    const folder = learnedBefore?.(seed) ??
      (await learned.train({ method, rate, seed })).folder;
    runs.push((await asked.evaluateTrained(method, folder)).result);
  }
  return {
    n: runs[0].n,
    correct: runs.map(({ correct }) => correct),
    made: [...new Set(runs.map(({ made }) => made))].join("; "),
  };
}
