/** What functions of Python take. */
import { PythonError } from "./errors.ts";
import { asInteger, checkedInteger, typeName, type Value } from "./values.ts";

/** The values, if there are as many as there may be. */
export function take(
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

/** @throws {PythonError} A `TypeError`, if a value is no integer. */
export function integer(value: Value): number {
  const result = asInteger(value);
  if (result === undefined) {
    throw new PythonError("TypeError", `no integer: ${typeName(value)}`);
  }
  return checkedInteger(result);
}
