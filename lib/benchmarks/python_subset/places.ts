/** Items by their places: indices and slices. */
import { PythonError, SubsetError } from "./errors.ts";
import {
  asInteger,
  type Fuel,
  Range,
  Tuple,
  typeName,
  type Value,
} from "./values.ts";

/** Items of a list, a tuple or a text; undefined for others. */
export function placesOf(
  value: Value,
  fuel: Fuel,
): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple) return value.items;
  if (typeof value !== "string") return undefined;
  fuel.spend(value.length);
  return [...value];
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
  const items = placesOf(value, fuel);
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
