/**
 * What the columns of a benchmark's files hold. A column is described by data,
 * from which come the check, the TypeScript type and the words of an error.
 */

/** The values that a column may hold. */
export interface ColumnType<Value> {
  /** What it must be, in messages: "text", "a list of text". */
  readonly description: string;
  /** The value, or undefined if it is not one of this type. */
  read(value: unknown): Value | undefined;
  /** The value of a field of a CSV or TSV file, which holds only text. */
  fromField?(field: string): unknown;
}

/** Columns by name. */
export type Columns = Readonly<Record<string, ColumnType<unknown>>>;

/** The values of columns, by name. */
export type Row<Asked extends Columns> = {
  readonly [Name in keyof Asked]: Asked[Name] extends ColumnType<infer Value>
    ? Value
    : never;
};

/** A text, which may be empty. */
export const text: ColumnType<string> = {
  description: "text",
  read: (value) => typeof value === "string" ? value : undefined,
};

/** Any finite number. */
export const number: ColumnType<number> = {
  description: "a number",
  read: (value) => Number.isFinite(value) ? value as number : undefined,
  fromField: (field) =>
    /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(field) ? Number(field) : field,
};

/** An integer that a JavaScript number holds exactly. */
export const integer: ColumnType<number> = {
  description: "an integer",
  read: (value) => Number.isSafeInteger(value) ? value as number : undefined,
  fromField: (field) => /^[+-]?\d+$/.test(field) ? Number(field) : field,
};

/** An integer above 0. */
export const positiveInteger: ColumnType<number> = {
  description: "an integer above 0",
  read(value) {
    const count = integer.read(value);
    return count !== undefined && count > 0 ? count : undefined;
  },
  fromField: integer.fromField,
};

/** One of these texts. */
export function oneOf<Text extends string>(
  texts: readonly Text[],
): ColumnType<Text> {
  return {
    description: `one of ${texts.join(", ")}`,
    read: (value) => texts.find((text) => text === value),
  };
}

/** A value or null; in a CSV or TSV file, an empty field without quotes. */
export function nullable<Value>(
  type: ColumnType<Value>,
): ColumnType<Value | null> {
  return {
    description: `${type.description} or null`,
    read: (value) => value === null ? null : type.read(value),
    fromField: type.fromField,
  };
}

/** A list of any length. */
export function listOf<Value>(
  type: ColumnType<Value>,
): ColumnType<readonly Value[]> {
  return {
    description: `a list of ${type.description}`,
    read: (value) => {
      if (!Array.isArray(value)) return undefined;
      const items = value.map((item) => type.read(item));
      return items.includes(undefined) ? undefined : items as Value[];
    },
  };
}

/** A struct with these fields; others are left out. */
export function structOf<const Asked extends Columns>(
  fields: Asked,
): ColumnType<Row<Asked>> {
  const entries = Object.entries(fields);
  return {
    description: `a struct of ${
      entries.map(([name, { description }]) => `${name} (${description})`)
        .join(", ")
    }`,
    read: (value) => {
      if (!isRecord(value)) return undefined;
      const values = entries.map(([name, type]) =>
        [name, type.read(value[name])] as const
      );
      return values.some(([, field]) => field === undefined)
        ? undefined
        : Object.fromEntries(values) as Row<Asked>;
    },
  };
}

/** A struct whose fields are not looked at. */
export const anyStruct: ColumnType<Readonly<Record<string, unknown>>> = {
  description: "a struct",
  read: (value) => isRecord(value) ? value : undefined,
};

/** A text that holds a value as JSON. */
export function jsonText<Value>(type: ColumnType<Value>): ColumnType<Value> {
  return {
    description: `JSON text of ${type.description}`,
    read: (value) => {
      if (typeof value !== "string") return undefined;
      try {
        return type.read(JSON.parse(value));
      } catch {
        return undefined;
      }
    },
  };
}

/** Whether a value is an object with named fields. */
export function isRecord(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
