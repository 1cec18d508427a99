/**
 * What answers of the training split tell of a question without any fact: which
 * colours are often right, and which cannot be.
 */
import type { Experiment } from "./gpqa_problem.ts";

/** An experiment with what is seen in the end. */
export interface SeenExperiment extends Experiment {
  /** The colour. */
  readonly colour: string;
}

/** Whether the same is done in both, to whatever compounds. */
export function isTreatedAlike(one: Experiment, other: Experiment): boolean {
  return `${one.treatments}` === `${other.treatments}`;
}

/**
 * How often colours are seen where a compound of a question is treated.
 *
 * @param how As in the question, or otherwise.
 */
export function relatedColours(
  seen: readonly SeenExperiment[],
  question: Experiment,
  how: "alike" | "otherwise",
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { colour, ...each } of seen) {
    const isRelated = isTreatedAlike(each, question) === (how === "alike") &&
      each.compounds.some((compound) => question.compounds.includes(compound));
    if (isRelated) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return counts;
}

/**
 * The colours seen where a question's own compounds were mixed: treated
 * otherwise, they never have the same.
 */
export function takenColours(
  seen: readonly SeenExperiment[],
  { compounds }: Experiment,
): ReadonlySet<string> {
  return new Set(
    seen.filter((each) =>
      each.compounds.length === compounds.length &&
      each.compounds.every((compound) => compounds.includes(compound))
    ).map(({ colour }) => colour),
  );
}
