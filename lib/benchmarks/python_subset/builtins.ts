/** Python's own functions and the methods of lists, as far as the subset has them. */
import { PythonError, SubsetError } from "./errors.ts";
import { binary, isEqual, isOrdered, placeAt, placesOf } from "./operators.ts";
import {
  asInteger,
  assertIterable,
  Builtin,
  checkedInteger,
  type Fuel,
  isTrue,
  iterate,
  PythonIterator,
  PythonSet,
  Range,
  Tuple,
  typeName,
  type Value,
} from "./values.ts";

type Named = ReadonlyMap<string, Value>;

/** Functions of Python that the subset lacks. */
const OTHER_BUILTINS = new Set(
  ("aiter anext ascii bin bool breakpoint bytearray bytes callable chr " +
    "classmethod compile complex delattr dict dir divmod eval exec filter " +
    "float format frozenset getattr globals hasattr hash help hex id input " +
    "int isinstance issubclass iter locals map memoryview next object oct " +
    "open ord pow print property repr round setattr slice staticmethod str " +
    "super tuple type vars __import__ __name__ __doc__ __file__ __builtins__ " +
    "Exception ValueError TypeError IndexError KeyError NotImplemented " +
    "Ellipsis AssertionError RuntimeError StopIteration exit quit")
    .split(" "),
);

/** Methods of Python's types that the subset lacks. */
const OTHER_METHODS = new Set("clear copy remove".split(" "));

/** Methods of lists that the subset has. */
const LIST_METHODS = new Set(
  "append count extend index insert pop reverse sort".split(" "),
);

/** The functions by name. */
export function builtins(fuel: Fuel): ReadonlyMap<string, Value> {
  const functions: Record<string, Builtin["call"]> = {
    abs: (values) => {
      const [value] = take("abs", values, 1, 1);
      return Math.abs(integer(value));
    },
    all: (values) => {
      const [value] = take("all", values, 1, 1);
      assertIterable(value);
      return iterate(value, fuel, false).every(isTrue);
    },
    any: (values) => {
      const [value] = take("any", values, 1, 1);
      assertIterable(value);
      return iterate(value, fuel, false).some(isTrue);
    },
    enumerate: (values) => {
      const [value, start = 0] = take("enumerate", values, 1, 2);
      assertIterable(value);
      return new PythonIterator(numbered(value, integer(start), fuel));
    },
    len: (values) => lengthOf(take("len", values, 1, 1)[0]),
    list: (values) => {
      const [value = []] = take("list", values, 0, 1);
      assertIterable(value);
      return [...iterate(value, fuel)];
    },
    max: (values, named) => extreme("max", values, named, fuel),
    min: (values, named) => extreme("min", values, named, fuel),
    range: (values) => {
      const [a, b, step = 1] = take("range", values, 1, 3).map(integer);
      if (step === 0) throw new PythonError("ValueError", "a step of zero");
      return b === undefined ? new Range(0, a, 1) : new Range(a, b, step);
    },
    reversed: (values) => {
      const [value] = take("reversed", values, 1, 1);
      if (value instanceof Range) {
        const last = value.at(value.length - 1);
        const all = new Range(last, value.start - value.step, -value.step);
        return new PythonIterator(iterate(all, fuel));
      }
      const items = placesOf(value);
      if (items === undefined) {
        throw new PythonError("TypeError", `no order: ${typeName(value)}`);
      }
      return new PythonIterator(backwards(items));
    },
    set: (values) => {
      const [value = []] = take("set", values, 0, 1);
      assertIterable(value);
      const result = new PythonSet();
      for (const item of iterate(value, fuel, false)) result.add(item);
      return result;
    },
    sorted: (values, named) => {
      const [value] = take("sorted", values, 1, 1);
      assertIterable(value);
      return sort([...iterate(value, fuel, false)], named);
    },
    sum: (values) => {
      const [value, start = 0] = take("sum", values, 1, 2);
      assertIterable(value);
      if (typeof start === "string") {
        throw new PythonError("TypeError", "a sum of texts");
      }
      let total: Value = start;
      for (const item of iterate(value, fuel, false)) {
        total = binary("+", total, item, fuel);
      }
      return total;
    },
    zip: (values) => {
      for (const value of values) assertIterable(value);
      return new PythonIterator(zipped(values, fuel));
    },
  };
  const takesNames = new Set(["max", "min", "sorted"]);
  return new Map(
    Object.entries(functions).map(([name, call]) => [
      name,
      new Builtin((positional, named) => {
        if (named.size > 0 && !takesNames.has(name)) {
          throw new SubsetError(`${name} with a named argument`);
        }
        return call(positional, named);
      }),
    ]),
  );
}

/** What a name means that the program does not define; always throws. */
export function unknownName(name: string): never {
  if (OTHER_BUILTINS.has(name) || /Error$|Warning$/.test(name)) {
    throw new SubsetError(name);
  }
  throw new PythonError("NameError", `${name} is not defined`);
}

/** `value.name`, where `value` is no module. */
export function method(value: Value, name: string, fuel: Fuel): Builtin {
  const isKnown = LIST_METHODS.has(name) || OTHER_METHODS.has(name);
  if (!Array.isArray(value)) {
    const isPlain = value === null || asInteger(value) !== undefined;
    if (isPlain && isKnown) {
      throw new PythonError("AttributeError", `${typeName(value)}.${name}`);
    }
    throw new SubsetError(`.${name} of ${typeName(value)}`);
  }
  if (!LIST_METHODS.has(name)) {
    if (OTHER_METHODS.has(name) || name.startsWith("__")) {
      throw new SubsetError(`.${name} of list`);
    }
    throw new PythonError("AttributeError", `list.${name}`);
  }
  return new Builtin((positional, named) => {
    if (named.size > 0 && name !== "sort") {
      if (name === "index") {
        throw new SubsetError("index with a named argument");
      }
      throw new PythonError("TypeError", `${name} takes no named argument`);
    }
    return callListMethod(value, name, positional, named, fuel);
  });
}

function callListMethod(
  list: Value[],
  name: string,
  values: readonly Value[],
  named: Named,
  fuel: Fuel,
): Value {
  switch (name) {
    case "append":
      list.push(take(name, values, 1, 1)[0]);
      return null;
    case "extend":
      extend(list, take(name, values, 1, 1)[0], fuel);
      return null;
    case "insert": {
      const [index, item] = take(name, values, 2, 2);
      list.splice(integer(index), 0, item);
      return null;
    }
    case "pop": {
      const [index = -1] = take(name, values, 0, 1);
      integer(index);
      return list.splice(placeAt(list.length, index), 1)[0];
    }
    case "reverse":
      take(name, values, 0, 0);
      list.reverse();
      return null;
    case "sort":
      take(name, values, 0, 0);
      replaceItems(list, sort(list, named));
      return null;
    case "count": {
      fuel.spend(list.length);
      const [item] = take(name, values, 1, 1);
      return list.filter((other) => isEqual(other, item)).length;
    }
    default: {
      if (values.length > 1) throw new SubsetError("index with a start");
      const [item] = take(name, values, 1, 1);
      fuel.spend(list.length);
      const place = list.findIndex((other) => isEqual(other, item));
      if (place < 0) throw new PythonError("ValueError", "not in list");
      return place;
    }
  }
}

/** Adds items to a list in place. */
export function extend(list: Value[], value: Value, fuel: Fuel): void {
  assertIterable(value);
  for (const item of [...iterate(value, fuel)]) list.push(item);
}

/** Gives a list other items in place. */
export function replaceItems(list: Value[], items: readonly Value[]): void {
  list.length = 0;
  for (const item of items) list.push(item);
}

function take(
  name: string,
  values: readonly Value[],
  least: number,
  most: number,
): readonly Value[] {
  if (values.length < least || values.length > most) {
    throw new PythonError("TypeError", `${name} with ${values.length} values`);
  }
  return values;
}

function integer(value: Value): number {
  const result = asInteger(value);
  if (result === undefined) {
    throw new PythonError("TypeError", `no integer: ${typeName(value)}`);
  }
  return checkedInteger(result);
}

function lengthOf(value: Value): number {
  if (value instanceof PythonSet) return value.members.size;
  if (value instanceof Range) return value.length;
  const items = placesOf(value);
  if (items === undefined) {
    throw new PythonError("TypeError", `no length: ${typeName(value)}`);
  }
  return items.length;
}

function extreme(
  name: "max" | "min",
  values: readonly Value[],
  named: Named,
  fuel: Fuel,
): Value {
  for (const key of named.keys()) {
    if (key !== "default") throw new SubsetError(`${name} with ${key}`);
  }
  if (values.length === 0) {
    throw new PythonError("TypeError", `${name} of nothing`);
  }
  if (values.length > 1 && named.size > 0) {
    throw new PythonError("TypeError", `${name} of several with a default`);
  }
  if (values.length === 1) assertIterable(values[0]);
  const items = values.length === 1 ? iterate(values[0], fuel, false) : values;
  let best: Value | undefined;
  for (const item of items) {
    const isBetter = best === undefined ||
      isOrdered(name === "max" ? ">" : "<", item, best);
    if (isBetter) best = item;
  }
  best ??= named.get("default");
  if (best === undefined) throw new PythonError("ValueError", `${name} of []`);
  return best;
}

/** Sorts stably; `reverse` keeps the order of equal items, too. */
function sort(items: readonly Value[], named: Named): Value[] {
  for (const key of named.keys()) {
    if (key !== "reverse") throw new SubsetError(`a sort by ${key}`);
  }
  const isReversed = named.has("reverse") &&
    integer(named.get("reverse")!) !== 0;
  const order = (a: Value, b: Value): number =>
    isOrdered("<", a, b) ? -1 : isOrdered("<", b, a) ? 1 : 0;
  return [...items].sort((a, b) => isReversed ? order(b, a) : order(a, b));
}

function* numbered(
  value: Value,
  start: number,
  fuel: Fuel,
): Generator<Value, void> {
  let i = start;
  for (const item of iterate(value, fuel)) yield new Tuple([i++, item]);
}

function* backwards(items: readonly Value[]): Generator<Value, void> {
  // Python, too, ends where a list has become shorter than the place it is at.
  for (let i = items.length - 1; i >= 0 && i < items.length; i--) {
    yield items[i];
  }
}

function* zipped(values: readonly Value[], fuel: Fuel): Generator<Value, void> {
  const iterators = values.map((value) => iterate(value, fuel));
  while (iterators.length > 0) {
    const items: Value[] = [];
    for (const iterator of iterators) {
      const { done, value } = iterator.next();
      if (done) return;
      items.push(value as Value);
    }
    yield new Tuple(items);
  }
}
