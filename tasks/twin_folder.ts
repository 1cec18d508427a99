/** Where tasks find the files of twins. */
import { dirname, join } from "node:path";
import { isFolder } from "@/lib/benchmarks/files.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { makeTwin } from "@/tasks/make_twin.ts";

/** The folder of a benchmark's twin, made if it is not there. */
export async function twinFolder(benchmark: string): Promise<string> {
  const folder = join(".runs", "twins", benchmark);
  if (!await isFolder(folder)) {
    // Under another name until it is whole.
    await Deno.mkdir(dirname(folder), { recursive: true });
    const part = await Deno.makeTempDir({ dir: dirname(folder) });
    await makeTwin(findTwin(benchmark), part);
    await Deno.rename(part, folder);
  }
  return folder;
}
