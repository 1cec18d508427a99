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
      return isEqual(left, right);
    case "!=":
      return !isEqual(left, right);
    case "in":
      return isIn(left, right, fuel);
    case "not in":
      return !isIn(left, right, fuel);
    default:
      return isOrdered(operator, left, right);
  }
}

/** Lists within lists that are compared, at most; a list may hold itself. */
const MOST_LEVELS = 100;

/** Whether two values are equal; values of different types are not. */
export function isEqual(left: Value, right: Value, level = 0): boolean {
  if (level > MOST_LEVELS) {
    throw new SubsetError(`${MOST_LEVELS} lists within lists`);
  }
  const a = asInteger(left);
  const b = asInteger(right);
  if (a !== undefined || b !== undefined) return a === b;
  if (Array.isArray(left) && Array.isArray(right)) {
    return areEqual(left, right, level);
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    return areEqual(left.items, right.items, level);
  }
  if (left instanceof PythonSet && right instanceof PythonSet) {
    return left.members.size === right.members.size &&
      left.members.keys().every((key) => right.members.has(key));
  }
  if (left instanceof Range && right instanceof Range) {
    const { length } = left;
    return length === right.length &&
      (length === 0 || left.start === right.start) &&
      (length <= 1 || left.step === right.step);
  }
  return left === right;
}

function areEqual(
  left: readonly Value[],
  right: readonly Value[],
  level: number,
): boolean {
  return left.length === right.length &&
    left.every((item, i) => isEqual(item, right[i], level + 1));
}

function isIn(item: Value, container: Value, fuel: Fuel): boolean {
  if (typeof container === "string") {
    if (typeof item === "string") return container.includes(item);
    throw noOperator("in", item, container);
  }
  assertIterable(container);
  if (container instanceof PythonSet) {
    const probe = new PythonSet();
    probe.add(item);
    return container.members.has(probe.members.keys().next().value!);
  }
  for (const other of iterate(container, fuel)) {
    if (isEqual(other, item)) return true;
  }
  return false;
}

/** An order of two values: that of numbers, texts, or their first difference. */
export function isOrdered(
  operator: "<" | "<=" | ">" | ">=",
  left: Value,
  right: Value,
): boolean {
  const a = asInteger(left);
  const b = asInteger(right);
  if (a !== undefined && b !== undefined) return ordered(operator, a, b);
  if (typeof left === "string" && typeof right === "string") {
    return ordered(operator, left, right);
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return areOrdered(operator, left, right);
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    return areOrdered(operator, left.items, right.items);
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
): boolean {
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (!isEqual(left[i], right[i])) {
      return isOrdered(operator, left[i], right[i]);
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

/** Items of a list, a tuple or a text; undefined for others. */
export function placesOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple) return value.items;
  return typeof value === "string" ? [...value] : undefined;
}

/** The place that an index means, from the end where it is negative. */
export function placeAt(length: number, index: Value): number {
  const i = asInteger(index);
  if (i === undefined) {
    throw new PythonError("TypeError", `index of type ${typeName(index)}`);
  }
  const place = i < 0 ? i + length : i;
  if (place < 0 || place >= length) {
    throw new PythonError("IndexError", `index ${i} of ${length} items`);
  }
  return place;
}

/** `value[start:stop:step]`; null where a part is left out. */
export function slice(
  value: Value,
  start: Value,
  stop: Value,
  step: Value,
  fuel: Fuel,
): Value {
  if (value instanceof Range) throw new SubsetError("a slice of a range");
  const items = placesOf(value);
  if (items === undefined) {
    throw new PythonError("TypeError", `no slice of ${typeName(value)}`);
  }
  const by = partOf(step) ?? 1;
  if (by === 0) throw new PythonError("ValueError", "a step of zero");
  const from = partOf(start);
  const to = partOf(stop);
  const bound = (part: number): number => {
    const place = part < 0 ? part + items.length : part;
    return by > 0
      ? Math.min(Math.max(place, 0), items.length)
      : Math.min(Math.max(place, -1), items.length - 1);
  };
  const first = from !== undefined
    ? bound(from)
    : by > 0
    ? 0
    : items.length - 1;
  const end = to !== undefined ? bound(to) : by > 0 ? items.length : -1;
  const chosen: Value[] = [];
  for (let i = first; by > 0 ? i < end : i > end; i += by) {
    fuel.spend(1);
    chosen.push(items[i]);
  }
  if (Array.isArray(value)) return chosen;
  return value instanceof Tuple ? new Tuple(chosen) : chosen.join("");
}

function partOf(value: Value): number | undefined {
  if (value === null) return undefined;
  const integer = asInteger(value);
  if (integer === undefined) {
    throw new PythonError("TypeError", `slice by ${typeName(value)}`);
  }
  return integer;
}
