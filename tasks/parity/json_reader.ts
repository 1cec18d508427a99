/**
 * Reads parsed JSON of a known form: what is malformed is refused by its
 * place in the file.
 */
import { readJsonValue } from "@/lib/models/mod.ts";

/** Returns a value of its form, or refuses it by the name of its place. */
export type Reader<T> = (value: unknown, place: string) => T;

/** Readers of the fields of an object, which are in snake case in the file. */
export type FieldReaders<T> = {
  readonly [K in keyof T]: Reader<T[K]>;
};

/** A number. */
export const number: Reader<number> = (value, place) =>
  typeof value === "number" ? value : refuse(value, place, "a number");

/** An integer. */
export const integer: Reader<number> = (value, place) =>
  Number.isSafeInteger(value)
    ? value as number
    : refuse(value, place, "an integer");

/** A text. */
export const text: Reader<string> = (value, place) =>
  typeof value === "string" ? value : refuse(value, place, "a text");

/** A boolean. */
export const boolean: Reader<boolean> = (value, place) =>
  typeof value === "boolean" ? value : refuse(value, place, "a boolean");

/** One of some texts. */
export function oneOf<T extends string>(choices: readonly T[]): Reader<T> {
  return (value, place) =>
    choices.find((choice) => choice === value) ??
      refuse(value, place, choices.join(" or "));
}

/** A list, each of its items in one form. */
export function listOf<T>(item: Reader<T>): Reader<T[]> {
  return (value, place) =>
    Array.isArray(value)
      ? value.map((child, i) => item(child, `${place}[${i}]`))
      : refuse(value, place, "a list");
}

/** An object with any names, each of its values in one form. */
export function recordOf<T>(item: Reader<T>): Reader<Record<string, T>> {
  return (value, place) => {
    const entries = Object.entries(asObject(value, place)).map((
      [name, child],
    ) => [name, item(child, `${place}.${name}`)] as const);
    return Object.fromEntries(entries);
  };
}

/** An object with these fields; others are left out. */
export function objectOf<T>(fields: FieldReaders<T>): Reader<T> {
  return (value, place) => {
    const object = asObject(value, place);
    const entries = Object.entries<Reader<unknown>>(fields).map((
      [name, read],
    ) => {
      const key = name.replace(
        /[A-Z]/g,
        (letter) => `_${letter.toLowerCase()}`,
      );
      return [name, read(object[key], `${place}.${key}`)] as const;
    });
    return Object.fromEntries(entries) as T;
  };
}

/**
 * Reads a file.
 *
 * @throws {Deno.errors.NotFound} If it does not exist.
 * @throws {SyntaxError} If it is no JSON.
 * @throws {TypeError} If it is not of the form.
 */
export function readJson<T>(path: string, reader: Reader<T>): T {
  return reader(readJsonValue(path), path);
}

function asObject(
  value: unknown,
  place: string,
): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : refuse(value, place, "an object");
}

function refuse(value: unknown, place: string, form: string): never {
  const current = value === undefined ? "none" : JSON.stringify(value);
  throw new TypeError(
    `Cannot read ${place} as it must be ${form}: current value is ${
      current.slice(0, 80)
    }`,
  );
}
