/**
 * Values of the Python subset. Integers are numbers within 2^53, lists are
 * arrays, None is null; the other types have classes.
 */
import { PythonError, SubsetError } from "./errors.ts";
import type { FunctionDefinition } from "./syntax.ts";

/** Any value. */
export type Value =
  | number
  | boolean
  | string
  | null
  | Value[]
  | Tuple
  | PythonSet
  | Range
  | PythonIterator
  | UserFunction
  | Builtin
  | Module;

/** A tuple. */
export class Tuple {
  constructor(readonly items: readonly Value[]) {}
}

/** A set; its order is Python's secret, so that nothing may depend on it. */
export class PythonSet {
  /** Members by what makes them equal. */
  readonly members = new Map<string, Value>();

  /** Adds a member. */
  add(value: Value, fuel: Fuel): void {
    const key = hashKey(value, fuel);
    if (!this.members.has(key)) this.members.set(key, value);
  }

  /** Whether a value is a member. */
  has(value: Value, fuel: Fuel): boolean {
    return this.members.has(hashKey(value, fuel));
  }
}

/** `range(start, stop, step)`. */
export class Range {
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {}

  /** Number of items. */
  get length(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }

  /** Item number `i`. */
  at(i: number): number {
    return this.start + i * this.step;
  }
}

/** What gives its items once: a generator, `zip`, `enumerate`, `reversed`. */
export class PythonIterator {
  readonly #items: Iterator<Value, void>;
  #isRunning = false;

  constructor(items: Iterator<Value, void>) {
    this.#items = items;
  }

  /** @throws {SubsetError} If it is asked while it makes an item. */
  next(): IteratorResult<Value, void> {
    if (this.#isRunning) throw new SubsetError("an iterator that runs");
    this.#isRunning = true;
    try {
      return this.#items.next();
    } finally {
      this.#isRunning = false;
    }
  }
}

/** A function of a program, with the names of its module. */
export class UserFunction {
  constructor(
    readonly definition: FunctionDefinition,
    readonly names: Map<string, Value>,
  ) {}
}

/** A function of Python, or a bound method. */
export class Builtin {
  constructor(
    readonly call: (
      positional: readonly Value[],
      named: ReadonlyMap<string, Value>,
    ) => Value,
  ) {}
}

/** A module, or an object whose members are looked up alike. */
export class Module {
  /** @param isWhole Whether it has no members but these. */
  constructor(
    readonly name: string,
    readonly members: ReadonlyMap<string, Value>,
    readonly isWhole = true,
  ) {}
}

/** How much a run may still do, in steps. */
export class Fuel {
  #left: number;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** @throws {RangeError} If nothing is left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) {
      throw new RangeError(
        `Cannot run Python as it must end within ${this.#limit} steps: current value is more`,
      );
    }
  }
}

/** Python's name of a value's type. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "number") return "int";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "str";
  if (Array.isArray(value)) return "list";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof PythonSet) return "set";
  if (value instanceof Range) return "range";
  if (value instanceof PythonIterator) return "iterator";
  return value instanceof Module ? "module" : "function";
}

/** The number behind an integer or a truth value; undefined for others. */
export function asInteger(value: Value): number | undefined {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" ? value : undefined;
}

/** @throws {SubsetError} If an integer is beyond 2^53. */
export function checkedInteger(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new SubsetError("a number beyond 2^53");
  }
  return value === 0 ? 0 : value;
}

/** Whether a condition holds. */
export function isTrue(value: Value): boolean {
  if (Array.isArray(value) || typeof value === "string") {
    return value.length > 0;
  }
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof PythonSet) return value.members.size > 0;
  if (value instanceof Range) return value.length > 0;
  return value !== null && value !== false && value !== 0;
}

/** A text that is equal for equal values. */
function hashKey(value: Value, fuel: Fuel): string {
  fuel.spend(1);
  const integer = asInteger(value);
  if (integer !== undefined) return String(integer);
  if (typeof value === "string") {
    fuel.spend(value.length);
    return JSON.stringify(value);
  }
  if (value === null) return "None";
  if (value instanceof Tuple) {
    return `(${value.items.map((item) => hashKey(item, fuel)).join()})`;
  }
  if (Array.isArray(value) || value instanceof PythonSet) {
    throw new PythonError("TypeError", `unhashable: ${typeName(value)}`);
  }
  throw new SubsetError(`a ${typeName(value)} in a set`);
}

/**
 * The items of a value, one after another; of a list also those that are added
 * meanwhile. Each is a step.
 *
 * @param inOrder Whether the order matters; a set has none.
 */
export function* iterate(
  value: Value,
  fuel: Fuel,
  inOrder = true,
): Generator<Value, void> {
  if (value instanceof PythonSet && inOrder && value.members.size > 1) {
    throw new SubsetError("the order of a set");
  }
  for (const item of itemsOf(value)) {
    fuel.spend(1);
    yield item;
  }
}

function* itemsOf(value: Value): Generator<Value, void> {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield value[i];
  } else if (typeof value === "string") yield* value;
  else if (value instanceof Tuple) yield* value.items;
  else if (value instanceof Range) {
    for (let i = 0; i < value.length; i++) yield value.at(i);
  } else if (value instanceof PythonSet) yield* value.members.values();
  else if (value instanceof PythonIterator) {
    for (;;) {
      const { done, value: item } = value.next();
      if (done) return;
      yield item as Value;
    }
  }
}

/** @throws {PythonError} A `TypeError`, if a value has no items. */
export function assertIterable(value: Value): void {
  const isIterable = Array.isArray(value) || typeof value === "string" ||
    value instanceof Tuple || value instanceof Range ||
    value instanceof PythonSet || value instanceof PythonIterator;
  if (!isIterable) {
    throw new PythonError("TypeError", `not iterable: ${typeName(value)}`);
  }
}
