/** The methods of lists, as far as the subset has them. */
import { integer, take } from "./arguments.ts";
import { PythonError, SubsetError } from "./errors.ts";
import { isEqual, isOrdered } from "./operators.ts";
import { placeAt } from "./places.ts";
import {
  asInteger,
  assertIterable,
  Builtin,
  type Fuel,
  iterate,
  typeName,
  type Value,
} from "./values.ts";

/** Methods of Python's types that the subset lacks. */
const OTHER_METHODS = new Set("clear copy remove".split(" "));

/** Methods of lists that the subset has. */
const LIST_METHODS = new Set(
  "append count extend index insert pop reverse sort".split(" "),
);

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
  named: ReadonlyMap<string, Value>,
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
      fuel.spend(list.length);
      list.splice(integer(index), 0, item);
      return null;
    }
    case "pop": {
      const [index = -1] = take(name, values, 0, 1);
      integer(index);
      fuel.spend(list.length);
      return list.splice(placeAt(list.length, index), 1)[0];
    }
    case "reverse":
      take(name, values, 0, 0);
      fuel.spend(list.length);
      list.reverse();
      return null;
    case "sort":
      take(name, values, 0, 0);
      replaceItems(list, sort(list, named, fuel));
      return null;
    case "count": {
      const [item] = take(name, values, 1, 1);
      return list.filter((other) => isEqual(other, item, fuel)).length;
    }
    default: {
      if (values.length > 1) throw new SubsetError("index with a start");
      const [item] = take(name, values, 1, 1);
      const place = list.findIndex((other) => isEqual(other, item, fuel));
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

/** Sorts stably; `reverse` keeps the order of equal items, too. */
export function sort(
  items: readonly Value[],
  named: ReadonlyMap<string, Value>,
  fuel: Fuel,
): Value[] {
  for (const key of named.keys()) {
    if (key !== "reverse") throw new SubsetError(`a sort by ${key}`);
  }
  const isReversed = named.has("reverse") &&
    integer(named.get("reverse")!) !== 0;
  const order = (a: Value, b: Value): number =>
    isOrdered("<", a, b, fuel) ? -1 : isOrdered("<", b, a, fuel) ? 1 : 0;
  return [...items].sort((a, b) => isReversed ? order(b, a) : order(a, b));
}
