/** Where tasks find the files of twins. */
import { join } from "node:path";
import { isFolder } from "@/lib/benchmarks/files.ts";
import { type Twin, twinKey } from "@/lib/benchmarks/twins/mod.ts";
import { makeTwin } from "@/tasks/make_twin.ts";

/**
 * The folder of a twin, made if it is not there. A twin that has changed has
 * another one.
 */
export async function twinFolder(
  twin: Twin,
  parent: string = join(".runs", "twins"),
): Promise<string> {
  const folder = join(parent, `${twin.benchmark.name}-${twinKey(twin)}`);
  if (!await isFolder(folder)) {
    // Under another name until it is whole.
    await Deno.mkdir(parent, { recursive: true });
    const part = await Deno.makeTempDir({ dir: parent });
    await makeTwin(twin, part);
    await Deno.rename(part, folder);
  }
  return folder;
}
