/** Problems of the twins of KodCode and BigCodeBench, as their files hold them. */
import type { Split, Task } from "../task.ts";
import { type Dialect, workedAnswer, writeAnswer } from "./code_answer.ts";
import {
  type Chain,
  idiomsOf,
  questionOf,
  signatureOf,
  type TestedChain,
} from "./code_chain.ts";
import type { Idioms } from "./idioms.ts";
import type { TwinProblem } from "./twin.ts";

/** A problem with what it is made of. */
export interface CodeProblem extends TwinProblem {
  /** What it asks for. */
  readonly chain: Chain;
  /** What its idioms mean. */
  readonly idioms: Idioms;
}

/** One row of a file. */
export interface CodeRow extends TestedChain {
  /** In English. */
  readonly question: string;
  /** The whole answer. */
  readonly solution: string;
  /** Such as `test/3`. */
  readonly place: string;
  /** Where the task is used. */
  readonly split: Split;
}

/** What makes KodCode of a twin, or BigCodeBench. */
export interface CodeFormat {
  /** How answers are written. */
  readonly dialect: Dialect;
  /** A row in the columns of the real files. */
  readonly columnsOf: (row: CodeRow) => Readonly<Record<string, unknown>>;
  /** The task that the real loader makes of the row. */
  readonly taskOf: (row: CodeRow) => Task;
}

/** What a problem is written from. */
export interface ProblemParts extends TestedChain {
  /** What its idioms mean. */
  readonly idioms: Idioms;
  /** See `CodeRow`. */
  readonly place: string;
  /** See `CodeRow`. */
  readonly split: Split;
  /** A line before the prompt. Default: none. */
  readonly notes?: string;
  /** The worked answer. Default: the right one. */
  readonly solution?: string;
}

/** The row of a problem. */
export function rowOf(
  { chain, tests, place, split, solution }: ProblemParts,
  { dialect }: CodeFormat,
): CodeRow {
  return {
    chain,
    tests,
    question: questionOf(chain),
    solution: solution ?? writeAnswer(workedAnswer(chain), dialect),
    place,
    split,
  };
}

/** A problem of its parts. */
export function problemOf(
  parts: ProblemParts,
  format: CodeFormat,
): CodeProblem {
  const task = format.taskOf(rowOf(parts, format));
  const [{ role, content }] = task.messages;
  const { notes = "" } = parts;
  return {
    task: { ...task, messages: [{ role, content: `${notes}${content}` }] },
    signature: signatureOf(parts.chain),
    facts: idiomsOf(parts.chain),
    chain: parts.chain,
    idioms: parts.idioms,
  };
}

/** How hard KodCode would call a chain: by what must be known. */
export function difficultyOf(chain: Chain): "easy" | "medium" | "hard" {
  const facts = idiomsOf(chain).length;
  return facts === 1 ? "easy" : chain.length === 2 ? "medium" : "hard";
}
