/**
 * Rows with typed columns from JSONL, parquet, CSV and TSV files. Strict on
 * purpose: a benchmark with a row lost or changed gives numbers that mean
 * nothing.
 */
import { extname } from "node:path";
import pl from "nodejs-polars";
import { type Columns, isRecord, type Row } from "./columns.ts";

/** What else is known of a file. */
export interface ReadOptions<Asked extends Columns> {
  /** Where the file is published, such as "openai/gsm8k"; for messages. */
  readonly source?: string;
  /** The column that names the rows: no two may be the same. */
  readonly id?: keyof Asked & string;
}

/**
 * Reads columns of every row of a file; its ending says the format.
 *
 * - `.jsonl`, and `.json` as AQuA names it: an object in each line.
 * - `.parquet`: also with lists and structs.
 * - `.csv` and `.tsv`: with a header, fields in double quotes where needed (""
 *   for a quote inside), in UTF-8 with or without a byte order mark. An empty
 *   field without quotes is null.
 *
 * @param columns Columns that there must be. Others are left out.
 * @returns At least one row, in the order of the file. Row `i` is line `i + 1`
 * of a JSONL file.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If the file or a line of it cannot be parsed, or a
 * column is missing.
 * @throws {TypeError} If a value is not of its column's type.
 * @throws {RangeError} If the file has no rows, an id repeats, or the ending
 * is another.
 */
export async function readRows<const Asked extends Columns>(
  path: string,
  columns: Asked,
  options: ReadOptions<Asked> = {},
): Promise<Row<Asked>[]> {
  const file = describeFile(path, options);
  await assertIsFile(path, file);
  const records = await readRecords(path, file, columns);
  if (records.length === 0) {
    throw new RangeError(
      `Cannot read ${file} as it must have at least one row: current value is 0 rows`,
    );
  }
  const rows = records.map((record) => selectColumns(record, columns));
  if (options.id !== undefined) assertDistinct(rows, options.id, file);
  return rows;
}

/**
 * Reads a file that holds one JSON object.
 *
 * @throws As {@linkcode readRows} does.
 */
export async function readObject<const Asked extends Columns>(
  path: string,
  columns: Asked,
  options: Pick<ReadOptions<Asked>, "source"> = {},
): Promise<Row<Asked>> {
  const place = describeFile(path, options);
  await assertIsFile(path, place);
  const value = parseJson(await Deno.readFile(path), place);
  return selectColumns({ place, value }, columns);
}

function describeFile(path: string, { source }: { source?: string }): string {
  return source === undefined ? path : `${path} of ${source}`;
}

async function assertIsFile(path: string, file: string): Promise<void> {
  try {
    if ((await Deno.stat(path)).isFile) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${file} as the file must exist: current value is none`,
    );
  }
  throw new TypeError(
    `Cannot read ${file} as it must be a file: current value is another thing`,
  );
}

/** A value that should be a row, and where it stands, for messages. */
interface FoundRecord {
  readonly place: string;
  readonly value: unknown;
}

async function readRecords(
  path: string,
  file: string,
  columns: Columns,
): Promise<FoundRecord[]> {
  switch (extname(path)) {
    case ".jsonl":
    case ".json":
      return parseJsonLines(await Deno.readFile(path), file);
    case ".parquet":
      return readTable(file, columns, () => pl.readParquet(path));
    case ".csv":
      return readFields(path, file, columns, ",");
    case ".tsv":
      return readFields(path, file, columns, "\t");
    default:
      throw new RangeError(
        `Cannot read rows as the file name must end in .jsonl, .json, .parquet, .csv or .tsv: current value is ${path}`,
      );
  }
}

/**
 * A line ends at the byte of "\n" alone: texts of GSM8K hold U+2028, which
 * other rules take for a line end.
 */
function parseJsonLines(bytes: Uint8Array, file: string): FoundRecord[] {
  const records: FoundRecord[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const place = `${file} line ${records.length + 1}`;
    records.push({
      place,
      value: parseJson(bytes.subarray(start, end), place),
    });
    start = end + 1;
  }
  return records;
}

function parseJson(bytes: Uint8Array, place: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxError(
      `Cannot read ${place} as it must be UTF-8: current value is ${bytes.length} bytes of another encoding`,
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(
      `Cannot read ${place} as it must be JSON: current value is ${
        excerpt(text)
      }`,
    );
  }
}

/** Rows of a CSV or TSV file: each field is text until its column reads it. */
function readFields(
  path: string,
  file: string,
  columns: Columns,
  sep: string,
): FoundRecord[] {
  const records = readTable(file, columns, () =>
    pl.readCSV(path, {
      sep,
      inferSchemaLength: 0, // every field is text: "007" stays as it is
      truncateRaggedLines: false, // a row with a field too many is an error
    }));
  return records.map(({ place, value }) => ({
    place,
    value: Object.fromEntries(
      Object.entries(value as Record<string, string | null>).map(
        ([name, field]) => [
          name,
          field === null ? null : columns[name].fromField?.(field) ?? field,
        ],
      ),
    ),
  }));
}

/** Rows of a table that polars reads, with the columns that are asked for. */
function readTable(
  file: string,
  columns: Columns,
  read: () => pl.DataFrame,
): FoundRecord[] {
  let table: pl.DataFrame;
  try {
    table = read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SyntaxError(
      `Cannot read ${file} as it must be a whole file of its format: current value is one that polars refuses (${reason})`,
    );
  }
  const names = Object.keys(columns);
  for (const name of names) assertHas(table.columns, name, file);
  return table.select(...names).toRecords().map((value, index) => ({
    place: `${file} row ${index + 1}`,
    value,
  }));
}

function selectColumns<Asked extends Columns>(
  { place, value }: FoundRecord,
  columns: Asked,
): Row<Asked> {
  if (!isRecord(value)) {
    throw new TypeError(
      `Cannot read ${place} as it must be an object: current value is ${
        excerpt(value)
      }`,
    );
  }
  const row = Object.entries(columns).map(([name, type]) => {
    assertHas(Object.keys(value), name, place);
    const field = type.read(value[name]);
    if (field === undefined) {
      throw new TypeError(
        `Cannot read ${place} as column "${name}" must be ${type.description}: current value is ${
          excerpt(value[name])
        }`,
      );
    }
    return [name, field] as const;
  });
  return Object.fromEntries(row) as Row<Asked>;
}

function assertHas(
  names: readonly string[],
  column: string,
  place: string,
): void {
  if (names.includes(column)) return;
  throw new SyntaxError(
    `Cannot read ${place} as it must have the column "${column}": current value is ${
      names.join(", ") || "no columns"
    }`,
  );
}

function assertDistinct(
  rows: readonly Readonly<Record<string, unknown>>[],
  column: string,
  file: string,
): void {
  const rowById = new Map<unknown, number>();
  for (const [index, { [column]: id }] of rows.entries()) {
    const first = rowById.get(id);
    if (first !== undefined) {
      throw new RangeError(
        `Cannot read ${file} as column "${column}" must name each row differently: current value is ${
          excerpt(id)
        } in rows ${first + 1} and ${index + 1}`,
      );
    }
    rowById.set(id, index);
  }
}

/** The value on one line, cut to a length that a message can hold. */
function excerpt(value: unknown): string {
  const text = Deno.inspect(value, { breakLength: Infinity, depth: 1 });
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
