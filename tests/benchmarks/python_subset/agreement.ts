/** The interpreter's outcomes of programs beside CPython's. */
import {
  parse,
  PythonError,
  PythonProgram,
  SubsetError,
  type Value,
} from "@/lib/benchmarks/python_subset/mod.ts";
import { PythonSet, Tuple } from "@/lib/benchmarks/python_subset/values.ts";

/** What each program is called with. */
export const INPUTS: readonly (readonly [readonly number[], number])[] = [
  [[3, 8, 2, 5, 5, 9], 4],
  [[], 2],
  [[7, -1, 0, 12, 3], -3],
];

/** Steps after which a program counts as endless. */
const FUEL = 300_000;

/** An outcome: a value as Python writes it, an exception's class, or `endless`. */
export type Outcome = string;

/** Outcomes for `INPUTS`, or the only one of a program that fails at once; undefined where it is refused. */
export function interpret(source: string): Outcome[] | undefined {
  try {
    const loaded = outcomeOf(() => new PythonProgram(parse(source)));
    if (typeof loaded === "string") return [loaded];
    if (!loaded.names.has("solve")) return INPUTS.map(() => "KeyError");
    return INPUTS.map(([xs, k]) => {
      const program = new PythonProgram(parse(source), { fuel: FUEL });
      const result = outcomeOf(() => repr(program.call("solve", [...xs], k)));
      return result;
    });
  } catch (error) {
    if (error instanceof SubsetError) return undefined;
    throw error;
  }
}

function outcomeOf<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof PythonError) {
      return error.name === "UnboundLocalError" ? "NameError" : error.name;
    }
    if (error instanceof RangeError && /must end within/.test(error.message)) {
      return "endless";
    }
    throw error;
  }
}

/** What CPython makes of the programs. */
export async function runInPython(
  sources: readonly string[],
): Promise<Outcome[][]> {
  const child = new Deno.Command("python3", {
    args: [
      "-I",
      "-W",
      "ignore",
      new URL("./cpython.py", import.meta.url).pathname,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = sources.map((source) =>
    `${JSON.stringify({ source, inputs: INPUTS })}\n`
  );
  const input = new Blob(lines).stream().pipeTo(child.stdin);
  const { stdout } = await child.output();
  await input;
  return new TextDecoder().decode(stdout).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
}

/** A value as Python writes it. */
function repr(value: Value, depth = 0): string {
  if (depth > 20) throw new SubsetError("a list within itself");
  const within = (item: Value): string => repr(item, depth + 1);
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(within).join(", ")}]`;
  if (value instanceof Tuple) {
    const items = value.items.map(within).join(", ");
    return value.items.length === 1 ? `(${items},)` : `(${items})`;
  }
  if (value instanceof PythonSet) throw new SubsetError("a set's text");
  if (typeof value === "number") return String(value);
  throw new SubsetError("such a text");
}
