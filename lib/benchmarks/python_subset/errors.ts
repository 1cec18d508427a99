/** How a run of the subset ends early: Python's exceptions, and refusals. */

/** An exception that Python would raise; `name` is its class, such as `IndexError`. */
export class PythonError extends Error {
  constructor(kind: string, message: string) {
    super(message);
    this.name = kind;
  }
}

/** A program that is valid Python perhaps, but not of the subset. */
export class SubsetError extends SyntaxError {
  /**
   * @param found What is not of the subset.
   * @param line Where, from 1; none while a program runs.
   */
  constructor(found: string, line?: number) {
    const place = line === undefined ? "" : ` in line ${line}`;
    super(
      `Cannot run Python as it must be of the subset: current value is ${found}${place}`,
    );
    this.name = "SubsetError";
  }
}
