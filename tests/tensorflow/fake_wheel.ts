/** Small wheels that stand for TensorFlow's, for the tests of the fetching. */

import { dirname, join } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { digestFile } from "@/lib/tensorflow/digest.ts";
import type { PipResult, RunPip } from "@/lib/tensorflow/download.ts";
import type { Wheel } from "@/lib/tensorflow/wheel.ts";

/** The two libraries, on Linux, with contents that the tests can compare. */
export const FAKE_LIBRARIES: Readonly<Record<string, Uint8Array>> = {
  "tensorflow/libtensorflow_cc.so.2": pseudoRandomBytes(400_000, 1),
  "tensorflow/libtensorflow_framework.so.2": pseudoRandomBytes(1_000, 2),
};

/** Bytes that do not compress, the same for the same seed. */
export function pseudoRandomBytes(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

/**
 * Writes a wheel that holds `contents` and a file that nobody needs.
 *
 * @param path Where to write it; its last part is the file name of the wheel.
 * @param contents Path inside the wheel → bytes.
 */
export async function writeFakeWheel(
  path: string,
  contents: Readonly<Record<string, Uint8Array>> = FAKE_LIBRARIES,
): Promise<Wheel> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  const all = { "tensorflow/__init__.py": new Uint8Array(10), ...contents };
  for (const [name, bytes] of Object.entries(all)) {
    await zip.add(name, new Uint8ArrayReader(bytes), {
      unixMode: name.includes("/bin/") ? 0o755 : 0o644,
    });
  }
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, await zip.close());
  const members = Object.entries(contents)
    .map(([name, bytes]) => [name, bytes.length] as const);
  return {
    file: path.slice(dirname(path).length + 1),
    ...await digestFile(path),
    members: Object.fromEntries(members),
  };
}

/** A pip that copies the wheel that it is asked for out of a folder. */
export function fakePip(index: string): RunPip {
  return async (args): Promise<PipResult> => {
    const [name, version] = args[args.length - 1].split("==");
    const destination = args[args.indexOf("--dest") + 1];
    for await (const entry of Deno.readDir(index)) {
      if (entry.name.startsWith(`${name}-${version}-`)) {
        await Deno.copyFile(
          join(index, entry.name),
          join(destination, entry.name),
        );
        return { code: 0, errorText: "" };
      }
    }
    return { code: 1, errorText: "ERROR: No matching distribution found\n" };
  };
}
