/**
 * Rows of text columns from JSONL and parquet files. Strict on purpose: a
 * benchmark with a row lost or changed gives numbers that mean nothing.
 */
import pl from "nodejs-polars";

/** One row: the text of each column that was asked for. */
export type Row<Column extends string> = Readonly<Record<Column, string>>;

/**
 * Reads text columns of every row of a `.jsonl` or `.parquet` file.
 *
 * @param path The file; its ending says the format.
 * @param columns Columns that each row must have. Others are left out.
 * @returns At least one row, in the order of the file. Row `i` is line `i + 1`
 * of a JSONL file.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If the file or a line of it cannot be parsed, or a
 * column is missing.
 * @throws {TypeError} If a value is null or not a text.
 * @throws {RangeError} If the file has no rows, or another ending.
 */
export async function readRows<const Column extends string>(
  path: string,
  columns: readonly Column[],
): Promise<Row<Column>[]> {
  await assertIsFile(path);
  const records = await readRecords(path);
  if (records.length === 0) {
    throw new RangeError(
      `Cannot read ${path} as it must have at least one row: current value is 0 rows`,
    );
  }
  return records.map((record) => selectColumns(record, columns));
}

async function assertIsFile(path: string): Promise<void> {
  try {
    if ((await Deno.stat(path)).isFile) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${path} as the file must exist: current value is none`,
    );
  }
  throw new TypeError(
    `Cannot read ${path} as it must be a file: current value is another thing`,
  );
}

/** A value that should be a row, and where it stands, for messages. */
interface FoundRecord {
  readonly place: string;
  readonly value: unknown;
}

async function readRecords(path: string): Promise<FoundRecord[]> {
  if (path.endsWith(".jsonl")) {
    return parseJsonLines(await Deno.readFile(path), path);
  }
  if (path.endsWith(".parquet")) return readParquetRecords(path);
  throw new RangeError(
    `Cannot read rows as the file name must end in .jsonl or .parquet: current value is ${path}`,
  );
}

/**
 * A line ends at the byte of "\n" alone: texts of GSM8K hold U+2028, which
 * other rules take for a line end.
 */
function parseJsonLines(bytes: Uint8Array, path: string): FoundRecord[] {
  const records: FoundRecord[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const place = `${path} line ${records.length + 1}`;
    const value = parseJsonLine(bytes.subarray(start, end), place);
    records.push({ place, value });
    start = end + 1;
  }
  return records;
}

function parseJsonLine(bytes: Uint8Array, place: string): unknown {
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

function readParquetRecords(path: string): FoundRecord[] {
  try {
    return pl.readParquet(path).toRecords().map((value, index) => ({
      place: `${path} row ${index + 1}`,
      value,
    }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SyntaxError(
      `Cannot read ${path} as it must be a whole parquet file: current value is one that polars refuses (${reason})`,
    );
  }
}

function selectColumns<Column extends string>(
  { place, value }: FoundRecord,
  columns: readonly Column[],
): Row<Column> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(
      `Cannot read ${place} as it must be an object: current value is ${
        excerpt(value)
      }`,
    );
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  const row = columns.map((column) => {
    if (!fields.has(column)) {
      throw new SyntaxError(
        `Cannot read ${place} as it must have the column "${column}": current value is ${
          [...fields.keys()].join(", ") || "no columns"
        }`,
      );
    }
    const field = fields.get(column);
    if (typeof field !== "string") {
      throw new TypeError(
        `Cannot read ${place} as column "${column}" must be text: current value is ${
          excerpt(field)
        }`,
      );
    }
    return [column, field] as const;
  });
  return Object.fromEntries(row) as Row<Column>;
}

/** The value on one line, cut to a length that a message can hold. */
function excerpt(value: unknown): string {
  const text = Deno.inspect(value, { breakLength: Infinity, depth: 1 });
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
