/**
 * What the twins of KodCode and BigCodeBench compute with: operations on a list
 * of integers, each with its English, its Python and its function of the small
 * library.
 */

/** What an operation gives: a list to go on with, or the number asked for. */
export type Role = "step" | "result";

/** One operation, such as adding 3. */
export interface Operation {
  /** Its kind, which is its name in plans and in the library. */
  readonly kind: string;
  /** Its number; absent where the kind has none. */
  readonly number?: number;
}

/** A kind of operations. `Value` is what they give. */
interface Kind<Value> {
  /** Numbers that it may have. */
  readonly numbers: readonly number[];
  /** In English; `n` is the number. */
  readonly phrase: (n: number) => string;
  /** In Python, for a list `xs`; `n` is the number or a variable's name. */
  readonly code: (n: number | string) => string;
  /** What it gives; undefined where Python raises an exception. */
  readonly apply: (xs: readonly number[], n: number) => Value;
}

const NONE: readonly number[] = [];
const DIGITS = [2, 3, 4, 5, 6, 7, 8, 9];
const FEW = [2, 3, 4];

/** Operations that give a list. */
const STEPS: Readonly<Record<string, Kind<readonly number[]>>> = {
  add: {
    numbers: DIGITS,
    phrase: (n) => `add ${n} to each number`,
    code: (n) => `[x+${n} for x in xs]`,
    apply: (xs, n) => xs.map((x) => x + n),
  },
  take: {
    numbers: DIGITS,
    phrase: (n) => `take ${n} from each number`,
    code: (n) => `[x-${n} for x in xs]`,
    apply: (xs, n) => xs.map((x) => x - n),
  },
  multiply: {
    numbers: DIGITS,
    phrase: (n) => `multiply each number by ${n}`,
    code: (n) => `[x*${n} for x in xs]`,
    apply: (xs, n) => xs.map((x) => x * n),
  },
  square: {
    numbers: NONE,
    phrase: () => "square each number",
    code: () => "[x*x for x in xs]",
    apply: (xs) => xs.map((x) => x * x),
  },
  cap: {
    numbers: DIGITS,
    phrase: (n) => `cap each number at ${n}`,
    code: (n) => `[min(x, ${n}) for x in xs]`,
    apply: (xs, n) => xs.map((x) => Math.min(x, n)),
  },
  above: {
    numbers: DIGITS,
    phrase: (n) => `keep the numbers above ${n}`,
    code: (n) => `[x for x in xs if x>${n}]`,
    apply: (xs, n) => xs.filter((x) => x > n),
  },
  below: {
    numbers: DIGITS,
    phrase: (n) => `keep the numbers below ${n}`,
    code: (n) => `[x for x in xs if x<${n}]`,
    apply: (xs, n) => xs.filter((x) => x < n),
  },
  even: {
    numbers: NONE,
    phrase: () => "keep the even numbers",
    code: () => "[x for x in xs if x%2==0]",
    apply: (xs) => xs.filter((x) => x % 2 === 0),
  },
  odd: {
    numbers: NONE,
    phrase: () => "keep the odd numbers",
    code: () => "[x for x in xs if x%2==1]",
    apply: (xs) => xs.filter((x) => x % 2 !== 0),
  },
  first: {
    numbers: FEW,
    phrase: (n) => `keep the first ${n} numbers`,
    code: (n) => `xs[:${n}]`,
    apply: (xs, n) => xs.slice(0, n),
  },
  drop: {
    numbers: FEW,
    phrase: (n) => `drop the first ${n} numbers`,
    code: (n) => `xs[${n}:]`,
    apply: (xs, n) => xs.slice(n),
  },
  sort: {
    numbers: NONE,
    phrase: () => "sort the numbers",
    code: () => "sorted(xs)",
    apply: (xs) => sorted(xs),
  },
  reverse: {
    numbers: NONE,
    phrase: () => "reverse the numbers",
    code: () => "xs[::-1]",
    apply: (xs) => xs.toReversed(),
  },
  distinct: {
    numbers: NONE,
    phrase: () => "sort the numbers without repeats",
    code: () => "sorted(set(xs))",
    apply: (xs) => sorted([...new Set(xs)]),
  },
  highs: {
    numbers: NONE,
    phrase: () => "take the running maximum",
    code: () => "[max(xs[:i+1]) for i in range(len(xs))]",
    apply: (xs) => xs.map((_, i) => Math.max(...xs.slice(0, i + 1))),
  },
  gaps: {
    numbers: NONE,
    phrase: () => "take the neighbor differences",
    code: () => "[b-a for a, b in zip(xs, xs[1:])]",
    apply: (xs) => xs.slice(1).map((b, i) => b - xs[i]),
  },
};

/** Operations that give a number. */
const RESULTS: Readonly<Record<string, Kind<number | undefined>>> = {
  // Not "sum", which the library's functions call.
  total: {
    numbers: NONE,
    phrase: () => "the sum",
    code: () => "sum(xs)",
    apply: sum,
  },
  plus: {
    numbers: DIGITS,
    phrase: (n) => `the sum plus ${n}`,
    code: (n) => `sum(xs)+${n}`,
    apply: (xs, n) => sum(xs) + n,
  },
  count: {
    numbers: NONE,
    phrase: () => "the count of numbers",
    code: () => "len(xs)",
    apply: (xs) => xs.length,
  },
  over: {
    numbers: DIGITS,
    phrase: (n) => `the count of numbers above ${n}`,
    code: (n) => `len([x for x in xs if x>${n}])`,
    apply: (xs, n) => xs.filter((x) => x > n).length,
  },
  kinds: {
    numbers: NONE,
    phrase: () => "the count without repeats",
    code: () => "len(set(xs))",
    apply: (xs) => new Set(xs).size,
  },
  rises: {
    numbers: NONE,
    phrase: () => "the count of rises",
    code: () => "sum([a<b for a, b in zip(xs, xs[1:])])",
    apply: (xs) => xs.slice(1).filter((b, i) => xs[i] < b).length,
  },
  largest: {
    numbers: NONE,
    phrase: () => "the largest number",
    code: () => "max(xs)",
    apply: (xs) => sorted(xs).at(-1),
  },
  smallest: {
    numbers: NONE,
    phrase: () => "the smallest number",
    code: () => "min(xs)",
    apply: (xs) => sorted(xs).at(0),
  },
  second: {
    numbers: NONE,
    phrase: () => "the second largest number",
    code: () => "sorted(xs)[-2]",
    apply: (xs) => sorted(xs).at(-2),
  },
  middle: {
    numbers: NONE,
    phrase: () => "the middle number",
    code: () => "sorted(xs)[len(xs)//2]",
    apply: (xs) => sorted(xs)[Math.floor(xs.length / 2)],
  },
  span: {
    numbers: NONE,
    phrase: () => "the largest minus the smallest number",
    code: () => "max(xs)-min(xs)",
    apply: (xs) =>
      xs.length === 0 ? undefined : Math.max(...xs) - Math.min(...xs),
  },
  last: {
    numbers: NONE,
    phrase: () => "the last number",
    code: () => "xs[-1]",
    apply: (xs) => xs.at(-1),
  },
};

/** Every operation of a role, with every number. */
export const OPERATIONS_OF: Readonly<Record<Role, readonly Operation[]>> = {
  step: allOf(STEPS),
  result: allOf(RESULTS),
};

/** Kinds of a role. */
export const KINDS_OF: Readonly<Record<Role, readonly string[]>> = {
  step: Object.keys(STEPS),
  result: Object.keys(RESULTS),
};

/** The operation in English, such as "add 3 to each number". */
export function phraseOf({ kind, number = 0 }: Operation): string {
  return kindOf(kind).phrase(number);
}

/** The operation in Python, an expression of the list `xs`. */
export function pythonOf({ kind, number = 0 }: Operation): string {
  return kindOf(kind).code(number);
}

/** The operation as a call of the library. */
export function libraryCallOf({ kind, number }: Operation): string {
  return number === undefined
    ? `lib.${kind}(xs)`
    : `lib.${kind}(xs, ${number})`;
}

/** The source of the library: a function for each kind. */
export const LIBRARY_SOURCE: string = [
  ...Object.entries(STEPS),
  ...Object.entries(RESULTS),
]
  .map(([kind, { numbers, code }]) => {
    const parameters = numbers.length > 0 ? "xs, n" : "xs";
    return `def ${kind}(${parameters}):\n    return ${code("n")}\n`;
  }).join("\n");

/** What a step makes of a list. */
export function applyStep(
  { kind, number = 0 }: Operation,
  xs: readonly number[],
): readonly number[] {
  return STEPS[kind].apply(xs, number);
}

/** The number that a result gives; undefined where Python raises an exception. */
export function applyResult(
  { kind, number = 0 }: Operation,
  xs: readonly number[],
): number | undefined {
  return RESULTS[kind].apply(xs, number);
}

/** Whether two operations are the same. */
export function isSameOperation(a: Operation, b: Operation): boolean {
  return a.kind === b.kind && a.number === b.number;
}

function kindOf(kind: string): Pick<Kind<unknown>, "phrase" | "code"> {
  return STEPS[kind] ?? RESULTS[kind];
}

function allOf(kinds: Readonly<Record<string, Kind<unknown>>>): Operation[] {
  return Object.entries(kinds).flatMap(([kind, { numbers }]) =>
    numbers.length === 0
      ? [{ kind }]
      : numbers.map((number) => ({ kind, number }))
  );
}

function sum(xs: readonly number[]): number {
  return xs.reduce((total, x) => total + x, 0);
}

function sorted(xs: readonly number[]): number[] {
  return xs.toSorted((a, b) => a - b);
}
