/**
 * What BigCodeBench runs of an answer (bigcodebench/sanitize.py, and
 * execution/sanitize.py of this project), for answers of the Python subset.
 */
import {
  parse,
  PythonError,
  type Statement,
  SubsetError,
} from "../python_subset/mod.ts";

/** What a parser of Python takes and a compiler does not; ours is both. */
const COMPILED_LATER = /^return\b|\b(?:break|continue)\b/m;

/** A function in one line, which the sanitiser may take for a call. */
const ONE_LINE = /^def .*: *\S/m;

/**
 * The imports and functions of an answer: of the lines that parse together,
 * those with the most text.
 *
 * @throws {SubsetError} If only Python can tell.
 */
export function sanitizedAnswer(answer: string): readonly Statement[] {
  if (COMPILED_LATER.test(answer) || ONE_LINE.test(answer)) {
    throw new SubsetError("an answer that needs Python's own parser");
  }
  const statements = longestCode(answer.trim().split("\n"));
  if (statements.some(({ kind }) => kind !== "import" && kind !== "def")) {
    throw new SubsetError("an answer with more than functions");
  }
  const names = new Set<string>();
  const functions = statements.filter((statement) => {
    if (statement.kind !== "def" || names.has(statement.name)) return false;
    names.add(statement.name);
    return true;
  });
  const imports = statements.filter(({ kind }) => kind === "import");
  return [...imports, ...functions];
}

function longestCode(lines: readonly string[]): readonly Statement[] {
  const textOf = (span: readonly string[]): number =>
    span.filter((line) => line.trim() !== "").length;
  let best = parsed(lines.slice(0, 1)) ?? [];
  let most = 0;
  for (const first of lines.keys()) {
    for (let end = lines.length; end > first + 1; end--) {
      const span = lines.slice(first, end);
      if (textOf(span) <= most) break;
      const statements = parsed(span);
      if (statements === undefined) continue;
      best = statements;
      most = textOf(span);
      break;
    }
  }
  return best;
}

/** The statements of lines; undefined if they are no Python. */
function parsed(lines: readonly string[]): readonly Statement[] | undefined {
  try {
    return parse(lines.join("\n"));
  } catch (error) {
    if (error instanceof PythonError) return undefined;
    throw error;
  }
}
