/** Python's own functions, as far as the subset has them. */
import { integer, take } from "./arguments.ts";
import { PythonError, SubsetError } from "./errors.ts";
import { sort } from "./list_methods.ts";
import { binary, isOrdered } from "./operators.ts";
import { placesOf } from "./places.ts";
import {
  assertIterable,
  Builtin,
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

/** Names that Python has, or BigCodeBench gives, and the subset lacks. */
const OTHER_BUILTINS = new Set(
  ("aiter anext ascii bin bool breakpoint bytearray bytes callable chr " +
    "classmethod compile complex copyright credits delattr dict dir divmod " +
    "eval exec exit filter float format frozenset getattr globals hasattr " +
    "hash help hex id input int isinstance issubclass iter license locals " +
    "map memoryview next object oct open ord pow print property quit repr " +
    "round setattr slice staticmethod str super tuple type vars Ellipsis " +
    "NotImplemented BaseException BaseExceptionGroup Exception " +
    "ExceptionGroup GeneratorExit KeyboardInterrupt StopAsyncIteration " +
    "StopIteration SystemExit environ os sys")
    .split(" "),
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
    len: (values) => lengthOf(take("len", values, 1, 1)[0], fuel),
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
      const items = placesOf(value, fuel);
      if (items === undefined) {
        throw new PythonError("TypeError", `no order: ${typeName(value)}`);
      }
      return new PythonIterator(backwards(items, items.length - 1));
    },
    set: (values) => {
      const [value = []] = take("set", values, 0, 1);
      assertIterable(value);
      const result = new PythonSet();
      for (const item of iterate(value, fuel, false)) result.add(item, fuel);
      return result;
    },
    sorted: (values, named) => {
      const [value] = take("sorted", values, 1, 1);
      assertIterable(value);
      return sort([...iterate(value, fuel, false)], named, fuel);
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
  if (OTHER_BUILTINS.has(name) || /^__|Error$|Warning$/.test(name)) {
    throw new SubsetError(name);
  }
  throw new PythonError("NameError", `${name} is not defined`);
}

function lengthOf(value: Value, fuel: Fuel): number {
  if (value instanceof PythonSet) return value.members.size;
  if (value instanceof Range) return value.length;
  const items = placesOf(value, fuel);
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
      isOrdered(name === "max" ? ">" : "<", item, best, fuel);
    if (isBetter) best = item;
  }
  if (best === undefined) best = named.get("default");
  if (best === undefined) throw new PythonError("ValueError", `${name} of []`);
  return best;
}

function* numbered(
  value: Value,
  start: number,
  fuel: Fuel,
): Generator<Value, void> {
  let i = start;
  for (const item of iterate(value, fuel)) yield new Tuple([i++, item]);
}

/** `last` is the place of the item that is last when the iterator is made. */
function* backwards(
  items: readonly Value[],
  last: number,
): Generator<Value, void> {
  // Python, too, ends where a list has become shorter than the place it is at.
  for (let i = last; i >= 0 && i < items.length; i--) {
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
