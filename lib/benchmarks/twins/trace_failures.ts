/**
 * Why a worked answer is wrong (appendix H.2 of the paper), from its steps and
 * never from its result alone, which often fits several reasons.
 */
import type { FailureEvent, FailureLabel } from "../failures.ts";
import type { PlannedStep, Step, Trace } from "./trace.ts";

/** The truth that a trace is compared with. */
export interface TraceTruth {
  /** The steps of the right answer. */
  readonly plan: readonly PlannedStep[];
  /**
   * The steps of right answers to other questions, which differ from the one
   * that was asked in one place.
   */
  readonly siblings: readonly (readonly PlannedStep[])[];
  /** What is right in the box. */
  readonly gold: string;
  /** What can be an answer, right or wrong. */
  readonly answerForm: RegExp;
  /** Whether a stated fact is true. */
  isTrue(fact: string): boolean;
  /** Values of the options by their letters; absent if there are none. */
  readonly options?: Readonly<Record<string, string>>;
}

/**
 * What is wrong in the only turn of a run; nothing if it is not of the twin's
 * language, or neither works nor answers.
 */
export function traceFailures(
  trace: Trace | undefined,
  truth: TraceTruth,
): FailureEvent[] {
  if (trace === undefined) return [];
  const labels = Object.entries(RULES)
    .filter(([, applies]) => applies(trace, truth))
    .map(([label]) => label as FailureLabel);
  return labels.map((label) => ({ turn: 0, label }));
}

const RULES: Readonly<
  Partial<Record<FailureLabel, (trace: Trace, truth: TraceTruth) => boolean>>
> = {
  "answer formatting failure": (trace, truth) =>
    answerOf(trace, truth) === truth.gold && !hasAnswerInBox(trace, truth),
  "think-act inconsistency": (trace, truth) => {
    const { box, choice } = trace;
    const answer = answerOf(trace, truth);
    const isOtherBox = hasAnswerInBox(trace, truth) && answer !== undefined &&
      box !== answer;
    return isOtherBox ||
      choice !== undefined && choice.value !== resultOf(trace);
  },
  "demand misunderstanding": ({ steps }, { siblings }) =>
    siblings.some((sibling) =>
      sibling.length > 0 && sibling.length === steps.length &&
      sibling.every(({ key, value }, i) =>
        key === steps[i].key && value === steps[i].value
      )
    ),
  "false belief": (trace, truth) => {
    const { facts, steps, choice } = trace;
    return facts.some((fact) => !truth.isTrue(fact)) ||
      steps.some(({ fault }) => fault === "false belief") ||
      differingOperand(trace, truth, (from) => from === "question") ||
      choice?.isExact === true &&
        truth.options?.[choice.letter] !== choice.value;
  },
  "planning failure": (trace, truth) =>
    trace.steps.length === 0
      ? trace.box !== undefined
      : alignedSteps(trace, truth) < trace.steps.length,
  "compositional reasoning": (trace, truth) => {
    const { steps, result } = trace;
    const count = alignedSteps(trace, truth);
    const isOfOther = result !== undefined && result.of !== steps.at(-1)?.value;
    const stopsEarly = count === steps.length && count > 0 &&
      count < truth.plan.length;
    return stopsEarly || isOfOther ||
      steps.some(({ fault }) => fault === "compositional reasoning") ||
      differingOperand(trace, truth, (from) => from !== "question");
  },
};

/** What the trace itself arrives at. */
function resultOf({ steps, result }: Trace): string | undefined {
  return result?.value ?? steps.at(-1)?.value;
}

/** What the trace itself would put into the box. */
function answerOf(trace: Trace, { options }: TraceTruth): string | undefined {
  return options === undefined ? resultOf(trace) : trace.choice?.letter;
}

function hasAnswerInBox({ box }: Trace, { answerForm }: TraceTruth): boolean {
  return box !== undefined && answerForm.test(box);
}

/** Leading steps that are of the plan. */
function alignedSteps({ steps }: Trace, { plan }: TraceTruth): number {
  const differing = steps.findIndex((step, i) => !isAligned(step, plan[i]));
  return differing < 0 ? steps.length : differing;
}

/**
 * Whether a step is the planned one: by its words, and by the fact that is
 * stated before it or else used as it is true.
 */
function isAligned(step: Step, planned?: PlannedStep): boolean {
  if (planned === undefined || step.key !== planned.key) return false;
  if (step.fact !== undefined) {
    return planned.fact !== undefined &&
      factName(step.fact) === factName(planned.fact);
  }
  return planned.fact === undefined ||
    planned.sources.every(({ from }, k) =>
      from !== "fact" || step.operands[k] === planned.operands[k]
    );
}

/** What a fact is about: "crate" in "A crate holds 6." */
function factName(fact: string): string {
  return fact.split(" ")[1];
}

/**
 * Whether a step of the plan computes with another operand than it should: one
 * of the question, or else what the trace itself has found before.
 */
function differingOperand(
  trace: Trace,
  truth: TraceTruth,
  isAsked: (from: "question" | "fact" | "step") => boolean,
): boolean {
  const { steps } = trace;
  return steps.slice(0, alignedSteps(trace, truth)).some((step, i) =>
    truth.plan[i].sources.some((source, k) => {
      if (!isAsked(source.from)) return false;
      const right = source.from === "step"
        ? steps[source.index].value
        : source.from === "question"
        ? truth.plan[i].operands[k]
        // A false fact is another matter; a fact must be used as it is stated.
        : statedOperand(trace, truth, step.operands[k], i, k);
      return step.operands[k] !== right;
    })
  );
}

/** The operand if a stated fact holds it, else the one that is true. */
function statedOperand(
  { facts }: Trace,
  { plan }: TraceTruth,
  operand: string,
  i: number,
  k: number,
): string {
  const isStated = facts.some((fact) =>
    fact.match(/\d+/g)?.includes(operand) ?? false
  );
  return isStated ? operand : plan[i].operands[k];
}
