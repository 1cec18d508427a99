/**
 * Worked answers as a program reads them: the facts that they state, their
 * steps, the option that they choose, and what is in the box.
 */
import { comparedText, firstBox } from "../boxed_math.ts";
import type { FailureLabel } from "../failures.ts";

/** One step, such as "Zoe has 3+4=<<3+4=7>>7 kites." */
export interface Step {
  /** The line without what it computes with: what the step is for. */
  readonly key: string;
  /** What it computes with. */
  readonly operands: readonly string[];
  /** What comes out. */
  readonly value: string;
  /** The fact that is stated right before it. */
  readonly fact?: string;
  /** What is wrong with the step in itself. */
  readonly fault?: FailureLabel;
}

/** Where an operand comes from: the question, a fact's note, an earlier step. */
export type Source =
  | { readonly from: "question" }
  | { readonly from: "fact" }
  | { readonly from: "step"; readonly index: number };

/** A step of a right answer. */
export interface PlannedStep extends Step {
  /** Of each operand. */
  readonly sources: readonly Source[];
}

/** The choice of an option, such as "7 is option C." */
export interface Choice {
  /** What was found. */
  readonly value: string;
  /** The option's letter. */
  readonly letter: string;
  /** Whether the option is said to be that value, not only the nearest. */
  readonly isExact: boolean;
}

/** A worked answer as far as a program can read it. */
export interface Trace {
  /** Facts that are stated, whole sentences. */
  readonly facts: readonly string[];
  /** In order. */
  readonly steps: readonly Step[];
  /** What is read off in the end, where that is no step: of what, and what. */
  readonly result?: { readonly of: string; readonly value: string };
  /** Undefined if there are no options. */
  readonly choice?: Choice;
  /** What is in the box, as the official scorer compares it. */
  readonly box?: string;
}

/** The language of a twin's worked answers. */
export interface TraceLanguage {
  /** Whether a line states a fact, true or not. */
  isFact(line: string): boolean;
  /** A line as what is read off in the end, besides a fact. */
  readResult?(line: string): Trace["result"];
  /** A line as a step. */
  readStep(line: string): Omit<Step, "fact"> | undefined;
}

const CHOICE = /^(\S+) is (nearest )?option ([A-E])\.$/;

/** Reads a worked answer; undefined if a line is not of the twin's language. */
export function readTrace(
  language: TraceLanguage,
  text: string,
): Trace | undefined {
  const boxed = firstBox(text);
  const box = boxed === undefined ? undefined : comparedText(boxed);
  const facts: string[] = [];
  const steps: Step[] = [];
  let choice: Choice | undefined;
  let fact: string | undefined;
  let result: Trace["result"];
  const [work] = text.split("\\boxed");
  for (const line of work.replace(/\$$/, "").split("\n")) {
    // Any closing words may lead to the answer.
    if (!line.endsWith(".") || line.startsWith("The answer is ")) continue;
    const chosen = CHOICE.exec(line);
    if (chosen !== null) {
      const [, value, nearest, letter] = chosen;
      choice = { value, letter, isExact: nearest === undefined };
      continue;
    }
    result = language.readResult?.(line) ?? result;
    const step = language.readStep(line);
    if (step !== undefined) steps.push({ ...step, fact });
    fact = step === undefined ? line : undefined;
    if (step !== undefined) continue;
    if (language.isFact(line)) facts.push(line);
    else return undefined;
  }
  return { facts, steps, result, choice, box };
}

/** Numbers computed from left to right, multiplication and division first. */
const EQUATION = /((?:\d+[-+*/])+\d+)=<<\1=(-?\d+)>>\2/;

/** Reads a step that computes with numbers. */
export function readEquation(line: string): Step | undefined {
  const found = EQUATION.exec(line);
  if (found === null) return undefined;
  const [equation, expression, value] = found;
  const isSound = evaluate(expression) === Number(value);
  return {
    key: line.replace(equation, expression).replace(/\d+/g, "_"),
    operands: expression.match(/\d+/g)!,
    value,
    ...(!isSound && { fault: "compositional reasoning" }),
  };
}

/** `17+18=<<17+18=35>>35`, as GSM8K annotates its steps. */
export function equationText(expression: string, value: number): string {
  return `${expression}=<<${expression}=${value}>>${value}`;
}

function evaluate(expression: string): number {
  const [first, ...terms] = expression.split(/(?=[+-])/);
  const product = (term: string): number =>
    term.split(/(?=[*/])/).reduce((result, factor) => {
      const n = Number(factor.replace(/^[*/]/, ""));
      return factor.startsWith("/") ? result / n : result * n;
    }, 1);
  return terms.reduce((sum, term) => {
    const size = product(term.slice(1));
    return term.startsWith("-") ? sum - size : sum + size;
  }, product(first));
}
