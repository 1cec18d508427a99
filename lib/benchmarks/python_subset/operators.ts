/** What Python's operators do with the values of the subset. */
import { PythonError, SubsetError } from "./errors.ts";
import type { BinaryOperator, Comparison } from "./syntax.ts";
import {
  asInteger,
  assertIterable,
  checkedInteger,
  type Fuel,
  iterate,
  PythonSet,
  Range,
  Tuple,
  typeName,
  type Value,
} from "./values.ts";

/** `left operator right`. */
export function binary(
  operator: BinaryOperator,
  left: Value,
  right: Value,
  fuel: Fuel,
): Value {
  const a = asInteger(left);
  const b = asInteger(right);
  if (a !== undefined && b !== undefined) return arithmetic(operator, a, b);
  if (operator === "+") {
    if (Array.isArray(left) && Array.isArray(right)) {
      fuel.spend(left.length + right.length);
      return [...left, ...right];
    }
    if (left instanceof Tuple && right instanceof Tuple) {
      fuel.spend(left.items.length + right.items.length);
      return new Tuple([...left.items, ...right.items]);
    }
    if (typeof left === "string" && typeof right === "string") {
      fuel.spend(left.length + right.length);
      return left + right;
    }
  }
  if (operator === "*") {
    if (b !== undefined) return repeat(left, b, fuel);
    if (a !== undefined) return repeat(right, a, fuel);
  }
  // A text before % is a format; sets have a difference.
  if (
    operator === "%" && typeof left === "string" ||
    operator === "-" && left instanceof PythonSet && right instanceof PythonSet
  ) throw new SubsetError(`${operator} of a ${typeName(left)}`);
  throw noOperator(operator, left, right);
}

function arithmetic(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return checkedInteger(a + b);
    case "-":
      return checkedInteger(a - b);
    case "*":
      return checkedInteger(a * b);
    case "//":
      assertNotZero(b);
      return checkedInteger((a - modulo(a, b)) / b);
    case "%":
      assertNotZero(b);
      return modulo(a, b);
    case "**":
      if (b < 0) throw new SubsetError("a negative power");
      return checkedInteger(a ** b);
  }
}

/** The remainder with the sign of `b`, as Python has it. */
function modulo(a: number, b: number): number {
  const remainder = a % b;
  const result = remainder !== 0 && (remainder < 0) !== (b < 0)
    ? remainder + b
    : remainder;
  return result === 0 ? 0 : result;
}

function assertNotZero(b: number): void {
  if (b === 0) throw new PythonError("ZeroDivisionError", "division by zero");
}

function repeat(value: Value, count: number, fuel: Fuel): Value {
  const times = Math.max(0, count);
  const repeated = (items: readonly Value[]): Value[] => {
    fuel.spend(items.length * times);
    const result: Value[] = [];
    for (let i = 0; items.length > 0 && i < times; i++) {
      for (const item of items) result.push(item);
    }
    return result;
  };
  if (Array.isArray(value)) return repeated(value);
  if (value instanceof Tuple) return new Tuple(repeated(value.items));
  if (typeof value === "string") {
    fuel.spend(value.length * times);
    return value.repeat(value === "" ? 0 : times);
  }
  throw noOperator("*", value, count);
}

function noOperator(
  operator: string,
  left: Value,
  right: Value,
): PythonError {
  return new PythonError(
    "TypeError",
    `no ${operator} of ${typeName(left)} and ${typeName(right)}`,
  );
}

/** `-value`, `+value`. */
export function sign(operator: "-" | "+", value: Value): number {
  const integer = asInteger(value);
  if (integer === undefined) {
    throw new PythonError("TypeError", `no ${operator} of ${typeName(value)}`);
  }
  return operator === "-" ? checkedInteger(-integer) : integer;
}

/** `left operator right`. */
export function compare(
  operator: Comparison,
  left: Value,
  right: Value,
  fuel: Fuel,
): boolean {
  switch (operator) {
    case "==":
      return isEqual(left, right, fuel);
    case "!=":
      return !isEqual(left, right, fuel);
    case "in":
      return isIn(left, right, fuel);
    case "not in":
      return !isIn(left, right, fuel);
    default:
      return isOrdered(operator, left, right, fuel);
  }
}

/** Lists within lists that are compared, at most; a list may hold itself. */
const MOST_LEVELS = 100;

/** Whether two values are equal; values of different types are not. */
export function isEqual(
  left: Value,
  right: Value,
  fuel: Fuel,
  level = 0,
): boolean {
  fuel.spend(1);
  if (level > MOST_LEVELS) {
    throw new SubsetError(`${MOST_LEVELS} lists within lists`);
  }
  const a = asInteger(left);
  const b = asInteger(right);
  if (a !== undefined || b !== undefined) return a === b;
  if (Array.isArray(left) && Array.isArray(right)) {
    return areEqual(left, right, fuel, level);
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    return areEqual(left.items, right.items, fuel, level);
  }
  if (left instanceof PythonSet && right instanceof PythonSet) {
    fuel.spend(left.members.size);
    return left.members.size === right.members.size &&
      left.members.keys().every((key) => right.members.has(key));
  }
  if (left instanceof Range && right instanceof Range) {
    const { length } = left;
    return length === right.length &&
      (length === 0 || left.start === right.start) &&
      (length <= 1 || left.step === right.step);
  }
  if (typeof left === "string") fuel.spend(left.length);
  return left === right;
}

function areEqual(
  left: readonly Value[],
  right: readonly Value[],
  fuel: Fuel,
  level: number,
): boolean {
  return left.length === right.length &&
    left.every((item, i) => isEqual(item, right[i], fuel, level + 1));
}

function isIn(item: Value, container: Value, fuel: Fuel): boolean {
  if (typeof container === "string") {
    if (typeof item === "string") {
      fuel.spend(container.length + item.length);
      return container.includes(item);
    }
    throw noOperator("in", item, container);
  }
  assertIterable(container);
  if (container instanceof PythonSet) {
    if (item instanceof PythonSet) throw new SubsetError("a set in a set");
    return container.has(item, fuel);
  }
  for (const other of iterate(container, fuel)) {
    if (isEqual(other, item, fuel)) return true;
  }
  return false;
}

/** An order of two values: that of numbers, texts, or their first difference. */
export function isOrdered(
  operator: "<" | "<=" | ">" | ">=",
  left: Value,
  right: Value,
  fuel: Fuel,
): boolean {
  fuel.spend(1);
  const a = asInteger(left);
  const b = asInteger(right);
  if (a !== undefined && b !== undefined) return ordered(operator, a, b);
  if (typeof left === "string" && typeof right === "string") {
    fuel.spend(left.length);
    return ordered(operator, left, right);
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return areOrdered(operator, left, right, fuel);
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    return areOrdered(operator, left.items, right.items, fuel);
  }
  if (left instanceof PythonSet && right instanceof PythonSet) {
    throw new SubsetError("an order of sets");
  }
  throw noOperator(operator, left, right);
}

function areOrdered(
  operator: "<" | "<=" | ">" | ">=",
  left: readonly Value[],
  right: readonly Value[],
  fuel: Fuel,
): boolean {
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (!isEqual(left[i], right[i], fuel)) {
      return isOrdered(operator, left[i], right[i], fuel);
    }
  }
  return ordered(operator, left.length, right.length);
}

function ordered<T extends number | string>(
  operator: "<" | "<=" | ">" | ">=",
  a: T,
  b: T,
): boolean {
  switch (operator) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
  }
}
