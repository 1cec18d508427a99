/** `deno task setup`: fetches ahead of time what other tasks fetch at need. */
// deno-lint-ignore-file no-console
import {
  type FetchOptions,
  type FetchProgress,
  fetchTensorflow,
} from "@/lib/tensorflow/fetch.ts";
import { verifyTensorflow } from "@/lib/tensorflow/library.ts";
import { runTask } from "@/tasks/cli.ts";
import { Progress, type ProgressOutput } from "@/tasks/progress.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task setup` takes. */
export const DEFINITION = {
  name: "setup",
  description:
    "Fetches TensorFlow's library through Python's pip, unless it is there, and prints where it is. 0.3 GB to download and 0.9 GB on the disk; with --cuda 3.4 GB and 5.2 GB. MEMGEN_CACHE names another cache folder, MEMGEN_TENSORFLOW_DIR a folder that holds the library already.",
  options: {
    cuda: { type: "flag", help: "Fetch the build for NVIDIA GPUs" },
    verify: { type: "flag", help: "Compare every file with its checksum" },
  },
  examples: ["", "--cuda --verify"],
} as const satisfies TaskDefinition;

/** How {@linkcode setUp} fetches. */
export interface SetUpOptions extends FetchOptions {
  /** Whether to compare every file with its checksum. */
  readonly verify: boolean;
}

/**
 * Fetches TensorFlow's libraries, unless they are there.
 *
 * @returns Lines that say where they are and how large.
 * @throws As {@linkcode fetchTensorflow} and {@linkcode verifyTensorflow} do.
 */
export async function setUp(options: SetUpOptions): Promise<string> {
  const library = await fetchTensorflow(options);
  if (options.verify) await verifyTensorflow(library);
  const { version, variant, folder, ccPath, frameworkPath, preload } = library;
  let bytes = 0;
  for (const path of [ccPath, frameworkPath]) {
    bytes += (await Deno.stat(path)).size;
  }
  const checked = options.verify ? ", checksums right" : "";
  return [
    `TensorFlow ${version} (${variant}): ${toMegabytes(bytes)} MB${checked}`,
    folder,
    ...preload,
  ].join("\n");
}

const TITLES = {
  download: "Download TensorFlow (MB)",
  unpack: "Unpack TensorFlow (MB)",
} as const;

/**
 * Shows how far a fetch is: a progress bar for each phase.
 *
 * @param output Where it is drawn.
 * @returns What `fetchTensorflow()` takes as `onProgress`.
 */
export function showFetch(
  output: ProgressOutput = Deno.stderr,
): (progress: FetchProgress) => void {
  let bar: Progress | undefined;
  let shown: FetchProgress["phase"] | undefined;
  return ({ phase, done, total }) => {
    if (phase === "wait") {
      output.writeSync(new TextEncoder().encode(
        "Waiting for another process that fetches TensorFlow\n",
      ));
      return;
    }
    if (phase !== shown) {
      bar?.end();
      bar = new Progress(TITLES[phase], toMegabytes(total), {
        done: toMegabytes(done),
        output,
      });
      shown = phase;
    }
    bar?.update(toMegabytes(done));
    if (done === total) {
      bar?.end();
      bar = undefined;
    }
  };
}

function toMegabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    console.log(await setUp({ ...args, onProgress: showFetch() }));
  });
}
