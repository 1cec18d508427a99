/** The files of a benchmark's folder. */
import { join } from "node:path";

/** Whose file it is, for messages. */
export interface FileOwner {
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** Where the file is published, such as "openai/gsm8k". */
  readonly source: string;
}

/**
 * The first of the files that is in the folder.
 *
 * @param names Paths relative to the folder.
 * @returns Its path.
 * @throws {Deno.errors.NotFound} If there is none; names them and their source.
 */
export async function findFile(
  folder: string,
  names: readonly string[],
  { benchmark, source }: FileOwner,
): Promise<string> {
  for (const name of names) {
    const path = join(folder, name);
    if (await isFile(path)) return path;
  }
  throw new Deno.errors.NotFound(
    `Cannot load ${benchmark} as the folder must hold ${
      names.join(" or ")
    } of ${source}: current value is ${folder}`,
  );
}

/** Whether there is a file of that name. */
export async function isFile(path: string): Promise<boolean> {
  return (await statOf(path))?.isFile ?? false;
}

/** Whether there is a folder of that name. */
export async function isFolder(path: string): Promise<boolean> {
  return (await statOf(path))?.isDirectory ?? false;
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory; // below a file
    if (isAbsent) return undefined;
    throw error;
  }
}
