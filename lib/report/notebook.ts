/**
 * What is checked in a notebook: its form before it runs, its outputs after.
 *
 * The Deno kernel erases types without checking them, gives `undefined` for an
 * import that does not exist and can lose outputs (measured on 2.9.6), so the
 * cells are also joined into one module for `deno check` and `deno lint`, and
 * every output is asked for.
 */

import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** One cell. */
export interface NotebookCell {
  /** `code` or `markdown`. */
  readonly type: string;
  /** Its text. */
  readonly source: string;
  /** Its stored outputs; empty for a cell that is not code. */
  readonly outputs: readonly JsonObject[];
}

/** A Jupyter notebook, as far as it is checked. */
export interface Notebook {
  /** Name of the kernel. */
  readonly kernel: string;
  /** Language of the code. */
  readonly language: string;
  /** Cells from top to bottom. */
  readonly cells: readonly NotebookCell[];
}

/** A notebook is a short story; longer ones are two. */
const MAX_CELLS = 15;

/** A specifier after `from` or `import`, static or dynamic. */
const IMPORT = /\b(?:from|import)\s*\(?\s*(["'`])(.*?)\1/g;

const SHOW_CALL = /\bshow\(/;
const AWAITED_SHOW_CALL = /\bawait\s+show\(/;

/**
 * Reads a notebook (nbformat 4).
 *
 * @param text Content of an `.ipynb` file.
 * @returns The notebook.
 * @throws {SyntaxError} If the text is no notebook.
 */
export function parseNotebook(text: string): Notebook {
  const fail = (rule: string): never => {
    throw new SyntaxError(
      `Cannot read a notebook as ${rule}: current value is ${
        JSON.stringify(text.slice(0, 40))
      }`,
    );
  };
  let json: Json = null;
  try {
    json = JSON.parse(text);
  } catch {
    fail("it must be JSON");
  }
  if (
    !isJsonObject(json) || json.nbformat !== 4 || !Array.isArray(json.cells)
  ) {
    return fail("it must be of nbformat 4 and have cells");
  }
  const nameIn = (value?: Json) =>
    isJsonObject(value) ? String(value.name) : "none";
  const metadata = isJsonObject(json.metadata) ? json.metadata : {};
  return {
    kernel: nameIn(metadata.kernelspec),
    language: nameIn(metadata.language_info),
    cells: json.cells.map((cell: Json) => {
      if (!isJsonObject(cell)) return fail("every cell must be an object");
      const { cell_type: type, outputs } = cell;
      return {
        type: String(type),
        source: joinLines(cell.source),
        outputs: Array.isArray(outputs) ? outputs.filter(isJsonObject) : [],
      };
    }),
  };
}

/** A multi-line text is stored as one text or as its lines. */
function joinLines(text?: Json): string {
  return Array.isArray(text) ? text.join("") : String(text ?? "");
}

/**
 * Checks the form that all our notebooks have.
 *
 * @param notebook A notebook.
 * @returns What is wrong, one line each; empty if nothing is.
 */
export function checkStructure(notebook: Notebook): string[] {
  const { kernel, language, cells } = notebook;
  const problems: string[] = [];
  if (kernel !== "deno") {
    problems.push(`its kernelspec must be deno: current value is ${kernel}`);
  }
  if (language !== "typescript") {
    problems.push(
      `its language_info must be typescript: current value is ${language}`,
    );
  }
  if (cells.length > MAX_CELLS) {
    problems.push(
      `it must have at most ${MAX_CELLS} cells: current value is ${cells.length}`,
    );
  }
  if (cells[0]?.type !== "markdown" || !cells[0].source.startsWith("# ")) {
    problems.push("cell 1: it must be the title, Markdown that starts with #");
  }
  for (const [index, { type, source }] of cells.entries()) {
    if (type !== "code") continue;
    for (const [, , specifier] of source.matchAll(IMPORT)) {
      if (specifier.startsWith("@/")) continue;
      problems.push(
        `cell ${
          index + 1
        }: imports must start with @/: current value is ${specifier}`,
      );
    }
    for (const line of codeLines(source)) {
      if (!SHOW_CALL.test(line) || AWAITED_SHOW_CALL.test(line)) continue;
      problems.push(
        `cell ${
          index + 1
        }: show() must be awaited: current value is ${line.trim()}`,
      );
    }
  }
  return problems;
}

function codeLines(source: string): string[] {
  return source.split("\n").filter((line) => !line.trim().startsWith("//"));
}

/** All code of a notebook as one module. */
export interface JoinedCells {
  /** TypeScript text of the module. */
  readonly source: string;
  /**
   * Place of a line of the module in the notebook.
   *
   * @param line Line of the module, from 1.
   * @returns For example `cell 3, line 2`.
   */
  place(line: number): string;
}

/**
 * Joins the code cells in their order, so that tools for files can check them.
 *
 * @param notebook A notebook.
 * @returns The module and the way back to the cells.
 */
export function joinCells(notebook: Notebook): JoinedCells {
  const lines: string[] = [];
  const places: string[] = [];
  for (const [index, { type, source }] of notebook.cells.entries()) {
    if (type !== "code") continue;
    for (const [line, text] of source.split("\n").entries()) {
      lines.push(text);
      places.push(`cell ${index + 1}, line ${line + 1}`);
    }
  }
  return {
    // Without an import or export the text would be a script, where a
    // top-level await is an error.
    source: [...lines, "export {};", ""].join("\n"),
    place: (line) => places[line - 1] ?? "after the last cell",
  };
}

/**
 * Checks the outputs of a notebook that has just run: no error, nothing lost.
 *
 * @param notebook A notebook with its outputs.
 * @returns What is wrong, one line each; empty if nothing is.
 */
export function checkOutputs(notebook: Notebook): string[] {
  return notebook.cells.flatMap(({ source, outputs }, index) => {
    const where = `cell ${index + 1}`;
    const ofType = (type: string) =>
      outputs.filter(({ output_type }) => output_type === type);
    const problems = ofType("error").map(({ ename, evalue }) =>
      `${where}: it failed with ${ename}: ${evalue}`
    );
    if (problems.length > 0) return problems;
    if (ofType("execute_result").length > 0) {
      problems.push(`${where}: its last value must go through await show()`);
    }
    const shown = ofType("display_data");
    const empty = shown.filter(({ data }) =>
      !isJsonObject(data) || Object.values(data).every((value) => value === "")
    );
    if (empty.length > 0) problems.push(`${where}: it shows an empty output`);
    const expected = expectedOutputs(source);
    if (shown.length < expected) {
      problems.push(
        `${where}: it must show at least ${expected} outputs: current value is ${shown.length}`,
      );
    }
    return problems;
  });
}

/** Calls that must happen; one inside a block may be skipped or repeated. */
function expectedOutputs(source: string): number {
  const calls = codeLines(source).filter((line) => SHOW_CALL.test(line));
  const unconditional = calls.filter((line) => line.startsWith("await show("));
  return Math.max(unconditional.length, Math.min(calls.length, 1));
}
