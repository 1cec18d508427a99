/**
 * Why an answer to the twins of KodCode and BigCodeBench is wrong, told from
 * what it says and does (section 5.10 of the benchmarks' specification). A
 * "tool response error" needs a second turn, which there is not.
 */
import { parse, PythonError, SubsetError } from "../python_subset/mod.ts";
import type { FailureLabel } from "../failures.ts";
import type { Score } from "../task.ts";
import { type Answer, type Dialect, readAnswer } from "./code_answer.ts";
import { type Chain, labelOf } from "./code_chain.ts";
import { isSameOperation, type Operation } from "./code_operations.ts";
import type { CodeProblem } from "./code_problem.ts";
import type { Idioms } from "./idioms.ts";

/** What labels are told by. */
export interface LabelOptions {
  /** How answers are written. */
  readonly dialect: Dialect;
  /** Marks an answer; throws `SubsetError` where it cannot. */
  readonly interpret: (answer: string, gold: string) => Score;
  /** Marks of the answer. Default: those of `interpret`, where it can. */
  readonly score?: Score;
}

/** Labels of what is wrong in an answer; none if no rule applies. */
export function codeFailures(
  { task, chain, idioms }: CodeProblem,
  text: string,
  { dialect, interpret, score }: LabelOptions,
): FailureLabel[] {
  const mark = (answer: string): Partial<Score> => {
    try {
      return interpret(answer, task.gold);
    } catch (error) {
      if (error instanceof SubsetError) return {};
      throw error;
    }
  };
  const { official, failure } = score ?? mark(text);
  const code = functionIn(text, dialect);
  const isDisguised = official !== 1 && code !== undefined &&
    mark(code).official === 1;
  if (isDisguised) return ["answer formatting failure"];
  const isCode = code !== undefined && isPython(code) &&
    failure !== "syntax error";
  if (!isCode) return ["tool parsing error"];
  const answer = readAnswer(code, dialect);
  return answer ? readingErrors(answer, chain, idioms) : [];
}

/**
 * The function of an answer, freed of what stands around it, of its
 * indentation, and of another name; undefined if there is none.
 */
function functionIn(text: string, { head }: Dialect): string | undefined {
  const match = /^( *)def +\w+(\(.*)\n((?:\1 +.*\n?)+)/m.exec(text);
  if (match === null) return undefined;
  const [, indentation, rest, body] = match;
  const lines = body.trimEnd().split("\n")
    .map((line) => line.slice(indentation.length));
  const [before, name] = /^([\s\S]*)def (\w+)\(/.exec(head)!.slice(1);
  return `${before}def ${name}${rest}\n${lines.join("\n")}`;
}

function isPython(code: string): boolean {
  try {
    parse(code);
    return true;
  } catch (error) {
    if (error instanceof PythonError) return false;
    if (error instanceof SubsetError) return true;
    throw error;
  }
}

/** What is wrong with an answer of the grammar. */
function readingErrors(
  answer: Answer,
  chain: Chain,
  idioms: Idioms,
): FailureLabel[] {
  const labels: FailureLabel[] = [];
  const { plan, stages } = answer;
  const done = stages.map(({ fact, operation }) =>
    fact?.name ?? operation?.kind ?? NOTHING
  );
  const request = chain.map(labelOf);
  const isFaithful = stages.every(({ fact, operation }) =>
    fact === undefined || isSame(fact.operation, operation)
  );
  const isAsPlanned = isFaithful && isRearranged(done, plan);
  if (!isAsPlanned) labels.push("think-act inconsistency");
  if (changedSlots(answer, chain, idioms) === 1) {
    labels.push("demand misunderstanding");
  }
  const isTrue = stages.every(({ fact }) =>
    fact === undefined || isSame(fact.operation, idioms.get(fact.name))
  );
  if (!isTrue) labels.push("false belief");
  const isPlanned = plan.join() === request.join();
  if (!isPlanned && isRearranged(plan, request)) {
    labels.push("planning failure");
  }
  if (isPlanned && isAsPlanned && done.join() !== plan.join()) {
    labels.push("compositional reasoning");
  }
  return labels;
}

/** What is done where the list itself is returned. */
const NOTHING = "";

/** Whether one list has nothing but what the other has, in whatever order. */
function isRearranged(
  part: readonly string[],
  whole: readonly string[],
): boolean {
  const done = part.filter((label) => label !== NOTHING);
  return new Set(done).size === done.length &&
    done.every((label) => whole.includes(label));
}

/**
 * How many stages are of another request: another label that is meant and
 * done, or another number.
 */
function changedSlots(
  { plan, stages }: Answer,
  chain: Chain,
  idioms: Idioms,
): number {
  if (plan.length !== chain.length || stages.length !== chain.length) return 0;
  return chain.filter((stage, i) => {
    const { fact, operation } = stages[i];
    const label = fact?.name ?? operation?.kind;
    if (label !== plan[i]) return false;
    if (fact !== undefined) {
      return label !== labelOf(stage) &&
        isSame(operation, idioms.get(fact.name));
    }
    return !isSame(operation, stage.operation);
  }).length;
}

function isSame(a: Operation | undefined, b: Operation | undefined): boolean {
  return a !== undefined && b !== undefined && isSameOperation(a, b);
}
