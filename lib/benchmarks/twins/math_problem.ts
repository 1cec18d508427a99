/**
 * Problems of the MATH twin: two or three invented operations on a number, one
 * after another, and what is asked of the result.
 */
import {
  definitionText,
  type OperationName,
  type OperationWorld,
} from "./named_operations.ts";
import {
  equationText,
  type PlannedStep,
  readEquation,
  type Source,
  type Step,
} from "./trace.ts";

/** What is asked: the result, how far it is from x, or what part of a whole. */
export type Ask = "value" | "difference" | "part";

/** A problem. */
export interface Exercise {
  /** The operations, in the order in which they are done. */
  readonly operations: readonly OperationName[];
  /** The number that they begin with. */
  readonly x: number;
  /** What is asked. */
  readonly ask: Ask;
  /** For "part": of what; else not used. */
  readonly whole: number;
}

/** A slip: what is added to the result of a step. */
export interface MathSlip {
  /** Number of the step. */
  readonly step: number;
  /** What is added. */
  readonly by: number;
}

/** An exercise worked out. */
export interface Solution {
  /** Definitions and steps. */
  readonly lines: readonly string[];
  /** The steps among them. */
  readonly steps: readonly PlannedStep[];
  /** The operations that were used, in order. */
  readonly facts: readonly OperationName[];
  /** What belongs into the box. */
  readonly answer: string;
  /** Whether all numbers are of the twin's range. */
  readonly isInRange: boolean;
}

const LARGEST = 99;
/** The last number may be negative. */
const SMALLEST_LAST = -30;

/** The problem's text. */
export function askExercise({ operations, x, ask, whole }: Exercise): string {
  const nested = `${
    operations.toReversed().map((name) => `the ${name} of `).join("")
  }$${x}$`;
  switch (ask) {
    case "value":
      return `What is ${nested}?`;
    case "difference":
      return `By how much do $${x}$ and ${nested} differ?`;
    case "part":
      return `What part of $${whole}$ is ${nested}?`;
  }
}

const QUESTION =
  /^(What is|By how much do \$\d+\$ and|What part of \$(\d+)\$ is) ((?:the [a-z]+ of )+)\$(\d+)\$( differ)?\?$/;

/**
 * The exercise that a text asks for.
 *
 * @throws {SyntaxError} If it is not of the twin's language.
 */
export function readExercise(text: string): Exercise {
  const match = QUESTION.exec(text);
  if (match === null) {
    throw new SyntaxError(
      `Cannot read a problem as it must be of the twin's language: current value is ${
        JSON.stringify(text)
      }`,
    );
  }
  const [, opening, whole = "1", nested, x] = match;
  return {
    operations: nested.match(/[a-z]+(?= of)/g)!.reverse() as OperationName[],
    x: Number(x),
    ask: opening.startsWith("By")
      ? "difference"
      : opening.startsWith("What part")
      ? "part"
      : "value",
    whole: Number(whole),
  };
}

/** A number with its place of origin. */
interface Amount {
  readonly value: number;
  readonly source: Source;
}

/** Works an exercise out, with a slip or without. */
export function workExercise(
  { operations, x, ask, whole }: Exercise,
  world: OperationWorld,
  slip?: MathSlip,
): Solution {
  const lines: string[] = [];
  const steps: PlannedStep[] = [];
  let stated: string | undefined;
  const fact = (value: number): Amount => ({ value, source: { from: "fact" } });
  const question = (value: number): Amount => ({
    value,
    source: { from: "question" },
  });
  const compute = (
    opening: string,
    left: Amount,
    sign: "+" | "-" | "*",
    right: Amount,
  ): Amount => {
    const expression = `${left.value}${sign}${right.value}`;
    const exact = {
      "+": left.value + right.value,
      "-": left.value - right.value,
      "*": left.value * right.value,
    }[sign];
    const index = steps.length;
    const value = exact + (slip?.step === index ? slip.by : 0);
    const line = `${opening}${equationText(expression, value)}.`;
    lines.push(line);
    steps.push({
      key: line.replace(equationText(expression, value), expression)
        .replace(/\d+/g, "_"),
      operands: [`${left.value}`, `${right.value}`],
      value: `${value}`,
      fact: stated,
      sources: [left.source, right.source],
    });
    stated = undefined;
    return { value, source: { from: "step", index } };
  };

  let now = question(x);
  for (const name of operations) {
    const definition = world.definitions[name];
    stated = definitionText(world, name);
    lines.push(stated);
    if (definition.kind === "remainder") {
      const { modulus } = definition;
      const most = now.value - (now.value % modulus);
      now = compute("", now, "-", fact(most));
    } else {
      const product = compute("", fact(definition.factor), "*", now);
      const { term } = definition;
      now = term < 0
        ? compute("", product, "-", fact(-term))
        : compute("", product, "+", fact(term));
    }
  }
  const values = [x, ...steps.map(({ value }) => Number(value))];
  const isInRange = values.slice(0, -1)
    .every((value) => value >= 1 && value <= LARGEST) &&
    now.value >= SMALLEST_LAST && now.value <= LARGEST &&
    (ask === "value" || now.value >= 2 && now.value !== x);
  let answer = `${now.value}`;
  if (ask === "difference") {
    const start = question(x);
    const [large, small] = now.value > x ? [now, start] : [start, now];
    answer = `${compute("They differ by ", large, "-", small).value}`;
  }
  if (ask === "part") {
    answer = fractionText(now.value, whole);
    const unreduced = `\\frac{${now.value}}{${whole}}`;
    lines.push(partText(unreduced, answer));
    steps.push({
      key: "The part is",
      operands: [`${now.value}`, `${whole}`],
      value: answer,
      sources: [now.source, { from: "question" }],
    });
  }
  return {
    lines,
    steps,
    facts: operations,
    answer,
    isInRange,
  };
}

const PART =
  /^The part is \\frac\{(\d+)\}\{(\d+)\}(?:=(\\frac\{\d+\}\{\d+\}|\d+))?\.$/;

/** Reads a step of a worked answer. */
export function readMathStep(line: string): Step | undefined {
  const part = PART.exec(line);
  if (part === null) return readEquation(line);
  const [, top, bottom, reduced] = part;
  const value = reduced ?? `\\frac{${top}}{${bottom}}`;
  const isSound = value === fractionText(Number(top), Number(bottom));
  return {
    key: "The part is",
    operands: [top, bottom],
    value,
    ...(!isSound && { fault: "compositional reasoning" }),
  };
}

/** "The part is \frac{6}{8}=\frac{3}{4}." */
export function partText(unreduced: string, reduced: string): string {
  return unreduced === reduced
    ? `The part is ${reduced}.`
    : `The part is ${unreduced}=${reduced}.`;
}

/** A fraction in lowest terms, or a whole number. */
export function fractionText(top: number, bottom: number): string {
  const divisor = greatestDivisor(top, bottom);
  const [a, b] = [top / divisor, bottom / divisor];
  return b === 1 ? `${a}` : `\\frac{${a}}{${b}}`;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
