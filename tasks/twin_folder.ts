/** Where tasks find the files of twins. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isFolder } from "@/lib/benchmarks/files.ts";
import { splitProblems, type Twin } from "@/lib/benchmarks/twins/mod.ts";
import { makeTwin } from "@/tasks/make_twin.ts";

/** Problems of each split that a key depends on. */
const KEY_PROBLEMS = 32;

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

/**
 * A short text that changes with the sizes of a twin and with the first
 * problems of its splits, and so with nearly every change of its program or its
 * world. All problems would take seconds.
 */
export function twinKey(twin: Twin): string {
  const problems = (["train", "valid", "test"] as const).map((split) =>
    splitProblems(twin, split, KEY_PROBLEMS)
  );
  const text = JSON.stringify([twin.sizes, problems]);
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
