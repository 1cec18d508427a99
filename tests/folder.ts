/** A folder that exists for one test. */

/** Calls `use` with the path of a new folder, which is removed afterwards. */
export async function withFolder<Result>(
  use: (folder: string) => Result | Promise<Result>,
  options: Deno.MakeTempOptions = {},
): Promise<Result> {
  const folder = await Deno.makeTempDir(options);
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** `withFolder` for what needs no waiting. */
export function withFolderSync<Result>(
  use: (folder: string) => Result,
): Result {
  const folder = Deno.makeTempDirSync();
  try {
    return use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
