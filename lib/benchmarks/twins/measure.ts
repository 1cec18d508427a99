/** What policies without a model reach on a twin, and what its labels are worth. */
import { createHash } from "node:crypto";
import { seededRandom } from "../../random.ts";
import {
  type FailureEvent,
  type FailureLabel,
  failureLabel,
} from "../failures.ts";
import type { Split } from "../task.ts";
import { play, type Played } from "./play.ts";
import type { Inject, NamedPolicy, Twin, TwinProblem } from "./twin.ts";

/** A policy with its accuracy. */
export interface MeasuredPolicy
  extends Pick<NamedPolicy, "name" | "kind" | "chance"> {
  /** Problems. */
  readonly n: number;
  /** Right under the benchmark's official scorer. */
  readonly correct: number;
}

/** What became of runs into which one failure was put. */
export interface MeasuredLabel {
  /** The failure. */
  readonly label: FailureLabel;
  /** Runs that failed. */
  readonly failed: number;
  /** Failed runs that got the label. */
  readonly labelled: number;
}

/**
 * Problems of a split, `count` of them or all, evenly spaced: a split may stand
 * in the order of its subjects.
 *
 * @param from Index of the first that may be among them.
 */
export function splitProblems<P extends TwinProblem>(
  twin: Twin<P>,
  split: Split,
  count: number = twin.sizes[split],
  from: number = 0,
): P[] {
  const size = twin.sizes[split] - from;
  const length = Math.min(count, size);
  return Array.from(
    { length },
    (_, i) => twin.problem(split, from + Math.floor(i * size / length)),
  );
}

/** Problems of each split that a key depends on. */
const KEY_PROBLEMS = 32;

/**
 * A short text that changes with the sizes of a twin and with problems of its
 * splits, and so with nearly every change of its program or its world. All
 * problems would take seconds.
 */
export function twinKey(twin: Twin): string {
  return keyOf(twin, ["train", "valid", "test"]);
}

/**
 * The same of what methods learn from and are chosen by, the training and the
 * validation split: with other test problems, what was learned stays as it is.
 */
export function trainingKey(twin: Twin): string {
  return keyOf(twin, ["train", "valid"]);
}

function keyOf(twin: Twin, splits: readonly Split[]): string {
  const sizes = Object.fromEntries(
    splits.map((split) => [split, twin.sizes[split]]),
  );
  const problems = splits.map((split) =>
    splitProblems(twin, split, KEY_PROBLEMS)
  );
  const text = JSON.stringify([sizes, problems]);
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** Lets a policy answer problems, each with random numbers of its own. */
export async function playProblems<P extends TwinProblem>(
  twin: Twin<P>,
  problems: readonly P[],
  { name, start }: NamedPolicy<P>,
): Promise<Played[]> {
  const played: Played[] = [];
  for (const problem of problems) {
    const random = seededRandom("policy", name, problem.task.id);
    played.push(await play(twin, problem, start(problem, random)));
  }
  return played;
}

/**
 * Lets every policy of a twin answer the same problems of its test split.
 *
 * @param count Problems; all by default.
 * @param onMeasured Called after each policy.
 */
export async function measurePolicies(
  twin: Twin,
  count?: number,
  onMeasured?: () => void,
): Promise<MeasuredPolicy[]> {
  const problems = splitProblems(twin, "test", count);
  const measured: MeasuredPolicy[] = [];
  for (const policy of twin.policies()) {
    const { name, kind, chance } = policy;
    const played = await playProblems(twin, problems, policy);
    const correct = played.filter(({ score }) => score.official === 1).length;
    measured.push({
      name,
      kind,
      ...(chance === undefined ? {} : { chance }),
      n: problems.length,
      correct,
    });
    onMeasured?.();
  }
  return measured;
}

/**
 * Puts each failure that a twin can inject into runs over its test split, over
 * and over, until enough of them have failed: an injection may change nothing
 * that counts. Gives up after twice as many runs.
 *
 * @param count Failed runs, for each label.
 * @param onMeasured Called after each label.
 */
export async function measureLabels(
  twin: Twin,
  count: number,
  onMeasured?: () => void,
): Promise<MeasuredLabel[]> {
  const measured: MeasuredLabel[] = [];
  const injectors = Object.entries(twin.injectors) as [FailureLabel, Inject][];
  for (const [label, inject] of injectors) {
    let [failed, labelled] = [0, 0];
    for (let run = 0; failed < count && run < 2 * count; run++) {
      const problem = twin.problem("test", run % twin.sizes.test);
      const policy = inject(problem, seededRandom("inject", label, run));
      const played = await play(twin, problem, policy);
      if (played.score.official === 1) continue;
      failed += 1;
      const given = failureLabel(runFailures(twin, problem, played));
      if (given === label) labelled += 1;
    }
    measured.push({ label, failed, labelled });
    onMeasured?.();
  }
  return measured;
}

/**
 * What went wrong in a run, for `failureLabel`: nothing if the benchmark's
 * official scorer takes it, however it was come by.
 */
export function runFailures<P extends TwinProblem>(
  twin: Twin<P>,
  problem: P,
  { chat, score }: Pick<Played, "chat" | "score">,
): readonly FailureEvent[] {
  return score.official === 1 ? [] : twin.failureEvents(problem, chat, score);
}

/**
 * In how many of the oracle's runs the rules find a fault, though there is
 * none. The scorer is not asked: it would hide what the rules find.
 */
export function countLabelled<P extends TwinProblem>(
  twin: Twin<P>,
  problems: readonly P[],
  played: readonly Played[],
): number {
  return problems.filter((problem, i) => {
    const { chat, score } = played[i];
    return twin.failureEvents(problem, chat, score).length > 0;
  }).length;
}
