/**
 * Fetches a fake TensorFlow in a process of its own, which the tests of
 * `fetchTensorflow()` start twice at once or kill. Writes what it does to
 * standard output, a line each, and may stop in the middle until it is killed
 * or, for `pause`, until a line comes on standard input.
 */
// deno-lint-ignore-file no-console

import { join } from "node:path";
import { fetchTensorflow } from "@/lib/tensorflow/fetch.ts";
import type { Wheel } from "@/lib/tensorflow/wheel.ts";
import { fakePip } from "./fake_wheel.ts";

/** What the child is given as JSON. */
export interface ChildTask {
  /** Folder that holds the wheel. */
  readonly index: string;
  readonly cache: string;
  readonly wheel: Wheel;
  /** Where it stops. */
  readonly stop: "never" | "download" | "unpack";
}

function waitForLine(): void {
  Deno.stdin.readSync(new Uint8Array(1));
}

if (import.meta.main) {
  const { index, cache, wheel, stop }: ChildTask = JSON.parse(Deno.args[0]);
  let unpacking = false;
  const library = await fetchTensorflow({
    cache,
    wheels: [wheel],
    platform: { os: "linux", arch: "x86_64" },
    environment: () => undefined,
    onProgress: ({ phase }) => {
      if (phase === "wait") console.log("wait");
      if (phase !== "unpack" || unpacking) return;
      unpacking = true;
      console.log("unpack");
      if (stop === "unpack") waitForLine();
    },
    runPip: async (args, temporaryFolder) => {
      const unfinished = join(temporaryFolder, "unfinished.whl");
      await Deno.writeFile(unfinished, new Uint8Array(1000));
      console.log("download");
      if (stop === "download") waitForLine();
      await Deno.remove(unfinished);
      return await fakePip(index)(args, temporaryFolder);
    },
  });
  console.log(library.folder);
}
