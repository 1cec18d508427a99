/** A missing file is named in this project's words. */

/**
 * Calls `read`.
 *
 * @throws {Deno.errors.NotFound} If it finds no file; names `path`.
 */
export function readExisting<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(
      `Cannot read ${path} as the file must exist: current value is none`,
      { cause },
    );
  }
}
