/**
 * Worked answers of the twins of KodCode and BigCodeBench: a plan, and for each
 * stage its code, after the fact where it is an idiom. Written and read by the
 * same grammar, so that programs can tell what an answer says.
 */
import { type Chain, labelOf, type Stage } from "./code_chain.ts";
import {
  libraryCallOf,
  type Operation,
  OPERATIONS_OF,
  pythonOf,
} from "./code_operations.ts";
import { factText, readFact } from "./idioms.ts";

/** How a benchmark's answers are written. */
export interface Dialect {
  /** What stands before the body. */
  readonly head: string;
  /** An operation as code. */
  readonly write: (operation: Operation) => string;
}

/** KodCode: plain Python. */
export const KODCODE_DIALECT: Dialect = {
  head: "def solve(xs):\n",
  write: pythonOf,
};

/** BigCodeBench: calls of the library. */
export const BIGCODEBENCH_DIALECT: Dialect = {
  head: "import lib\ndef task_func(xs):\n",
  write: libraryCallOf,
};

/** What an answer says and does. */
export interface Answer {
  /** Labels of the plan. */
  readonly plan: readonly string[];
  /** What is done, in order. */
  readonly stages: readonly AnswerStage[];
}

/** One stage of an answer. */
export interface AnswerStage {
  /** What is said before, if anything is. */
  readonly fact?: { readonly name: string; readonly operation: Operation };
  /** What the code does; absent where the list itself is returned. */
  readonly operation?: Operation;
}

/** The stages of a chain as an answer that says what it does. */
export function workedAnswer(chain: Chain): Answer {
  return {
    plan: chain.map(labelOf),
    stages: chain.map(({ idiom, operation }: Stage) => ({
      operation,
      ...(idiom !== undefined && { fact: { name: idiom, operation } }),
    })),
  };
}

/** The text of an answer, without a newline at its end. */
export function writeAnswer(
  { plan, stages }: Answer,
  { head, write }: Dialect,
): string {
  const lines = stages.flatMap(({ fact, operation }, i) => {
    const code = operation === undefined ? "xs" : write(operation);
    const keyword = i < stages.length - 1 ? "xs = " : "return ";
    return [
      ...(fact ? [`# ${factText(fact.name, fact.operation)}`] : []),
      `${keyword}${code}`,
    ];
  });
  return head +
    [`# ${plan.join(", ")}.`, ...lines].map((line) => `    ${line}`).join("\n");
}

/** Reads an answer; undefined if it is not of the grammar. */
export function readAnswer(text: string, dialect: Dialect): Answer | undefined {
  if (!text.startsWith(dialect.head)) return undefined;
  const lines = text.slice(dialect.head.length).split("\n");
  const plan = /^ {4}# ([a-z]+(?:, [a-z]+)*)\.$/.exec(lines[0])?.[1];
  if (plan === undefined) return undefined;
  const stages: AnswerStage[] = [];
  let fact: AnswerStage["fact"];
  for (const [i, line] of lines.entries()) {
    if (i === 0) continue;
    const comment = /^ {4}# (.*)$/.exec(line);
    if (comment !== null) {
      fact = readFact(comment[1]);
      if (fact === undefined) return undefined;
      continue;
    }
    const keyword = i < lines.length - 1 ? "xs = " : "return ";
    if (!line.startsWith(`    ${keyword}`)) return undefined;
    const code = line.slice(4 + keyword.length);
    const operation = readCode(code, dialect);
    if (operation === undefined && code !== "xs") return undefined;
    stages.push({ ...(fact && { fact }), ...(operation && { operation }) });
    fact = undefined;
  }
  return { plan: plan.split(", "), stages };
}

/** The operation that an expression computes. */
function readCode(code: string, { write }: Dialect): Operation | undefined {
  return [...OPERATIONS_OF.step, ...OPERATIONS_OF.result]
    .find((operation) => write(operation) === code);
}
