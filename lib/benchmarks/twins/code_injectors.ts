/** Answers with one known fault, for the twins of KodCode and BigCodeBench. */
import { type Random, randomChoice, randomInt } from "../../random.ts";
import type { FailureLabel } from "../failures.ts";
import {
  type Answer,
  type Dialect,
  workedAnswer,
  writeAnswer,
} from "./code_answer.ts";
import { type Chain, labelOf } from "./code_chain.ts";
import {
  isSameOperation,
  type Operation,
  OPERATIONS_OF,
} from "./code_operations.ts";
import type { CodeProblem } from "./code_problem.ts";
import { IDIOMS_OF, roleOf } from "./idioms.ts";
import type { Twin } from "./twin.ts";

/** Makes an answer of a problem wrong. */
type Inject = (problem: CodeProblem, random: Random) => string;

/** Policies that fail for a known reason. */
export function codeInjectors(
  dialect: Dialect,
  disguise: (answer: string, random: Random) => string,
): Twin<CodeProblem>["injectors"] {
  const right = ({ chain }: CodeProblem): string =>
    writeAnswer(workedAnswer(chain), dialect);
  const changed =
    (change: (problem: CodeProblem, random: Random) => Answer): Inject =>
    (problem, random) => writeAnswer(change(problem, random), dialect);
  const injects: Partial<Record<FailureLabel, Inject>> = {
    "tool parsing error": (problem, random) =>
      breakSyntax(right(problem), random),
    "answer formatting failure": (problem, random) =>
      disguise(right(problem), random),
    "think-act inconsistency": changed(actOtherwise),
    "demand misunderstanding": changed(({ chain, idioms }, random) =>
      workedAnswer(sibling(chain, idioms, random))
    ),
    "false belief": changed(believeFalsely),
    "planning failure": changed(({ chain }, random) =>
      workedAnswer(rearranged(chain, random))
    ),
    "compositional reasoning": changed(combineWrongly),
  };
  return Object.fromEntries(
    Object.entries(injects).map(([label, inject]) => [
      label,
      (problem: CodeProblem, random: Random) => {
        const text = inject(problem, random);
        return () => text;
      },
    ]),
  );
}

/** Takes a bracket or a colon that Python needs. */
function breakSyntax(answer: string, random: Random): string {
  const places = [...answer.matchAll(/\):$|[()\]]/gm)]
    .map(({ index }) => index)
    .filter((index) => !isInComment(answer, index));
  const at = randomChoice(random, places);
  return answer.slice(0, at) + answer.slice(at + 1);
}

function isInComment(text: string, index: number): boolean {
  return text.slice(text.lastIndexOf("\n", index) + 1, index).includes("#");
}

/** Does something else than what was said, or planned, of one stage. */
function actOtherwise({ chain }: CodeProblem, random: Random): Answer {
  const { plan, stages } = workedAnswer(chain);
  const at = randomInt(random, stages.length);
  const { operation, fact } = stages[at];
  const other = otherOperation(operation!, random, plan);
  return {
    plan,
    stages: stages.with(at, { ...(fact && { fact }), operation: other }),
  };
}

/** States a wrong meaning of one idiom, and follows it. */
function believeFalsely({ chain }: CodeProblem, random: Random): Answer {
  const { plan, stages } = workedAnswer(chain);
  const places = stages.flatMap(({ fact }, i) => fact === undefined ? [] : [i]);
  const at = randomChoice(random, places);
  const { name, operation } = stages[at].fact!;
  const other = otherOperation(operation, random, plan);
  const stage = { fact: { name, operation: other }, operation: other };
  return { plan, stages: stages.with(at, stage) };
}

/** A request in which one stage is another. */
function sibling(
  chain: Chain,
  idioms: CodeProblem["idioms"],
  random: Random,
): Chain {
  const at = randomInt(random, chain.length);
  const { idiom, operation } = chain[at];
  const labels = chain.map(labelOf);
  if (idiom === undefined) {
    const others = labels.toSpliced(at, 1);
    return chain.with(at, {
      operation: otherOperation(operation, random, others),
    });
  }
  const other = randomChoice(
    random,
    IDIOMS_OF[roleOf(operation)].filter((name) => !labels.includes(name)),
  );
  return chain.with(at, { idiom: other, operation: idioms.get(other)! });
}

/** The steps in another order, or one of them left out. */
function rearranged(chain: Chain, random: Random): Chain {
  const steps = chain.slice(0, -1);
  const result = chain.at(-1)!;
  if (steps.length === 2 && random() < 0.5) {
    return [...steps.toReversed(), result];
  }
  return [...steps.toSpliced(randomInt(random, steps.length), 1), result];
}

/** Plans rightly, but swaps the steps, or returns before the last operation. */
function combineWrongly({ chain }: CodeProblem, random: Random): Answer {
  const { plan, stages } = workedAnswer(chain);
  const steps = stages.slice(0, -1);
  if (steps.length === 2 && random() < 0.5) {
    return { plan, stages: [...steps.toReversed(), stages.at(-1)!] };
  }
  return { plan, stages: [...steps, {}] };
}

/** Another operation of the role, of a kind that is not among the labels. */
function otherOperation(
  operation: Operation,
  random: Random,
  labels: readonly string[],
): Operation {
  return randomChoice(
    random,
    OPERATIONS_OF[roleOf(operation)].filter((other) =>
      !isSameOperation(other, operation) && !labels.includes(other.kind)
    ),
  );
}
