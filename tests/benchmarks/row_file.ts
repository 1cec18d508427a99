/** A file of rows that exists for one test. */
import { join } from "node:path";
import type pl from "nodejs-polars";
import { withFolder } from "@/tests/folder.ts";

/** Runs `use` on a new file with that content, then removes it. */
export function withFile(
  name: string,
  content: string | Uint8Array | pl.DataFrame,
  use: (path: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    const path = join(folder, name);
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else if (content instanceof Uint8Array) await Deno.writeFile(path, content);
    else content.writeParquet(path);
    await use(path);
  });
}
