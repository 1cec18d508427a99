/** `deno task fetch-data`: downloads the files of a benchmark from the hub. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import {
  fetchHubFiles,
  type FetchHubOptions,
} from "@/lib/benchmarks/hub_files.ts";
import { findBenchmark, type Split } from "@/lib/benchmarks/mod.ts";
import { DATA_SOURCES, type DataSource } from "@/lib/benchmarks/sources.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import { Progress } from "@/tasks/progress.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task fetch-data` takes. */
export const DEFINITION = {
  name: "fetch-data",
  description:
    "Downloads the files of a benchmark from the Hugging Face hub into a folder, where deno task evaluate and the others read them, counts their tasks, and says what must be got by hand; run it once more when that is there, to have the tasks counted. Goes on where it was stopped. HF_TOKEN in the environment says who you are, where a data set asks; HF_ENDPOINT is the address of another hub.",
  positionals: {
    benchmark: {
      type: "string",
      placeholder: "NAME",
      help: "Benchmark",
      choices: Object.keys(DATA_SOURCES),
      required: true,
    },
  },
  options: {
    output: {
      type: "string",
      placeholder: "DIR",
      help: "Folder to fill. Default: .runs/data/NAME",
    },
    acceptTerms: {
      type: "flag",
      help:
        "Say that you accept the terms of a benchmark that has some; without it they are printed",
    },
  },
  examples: ["gsm8k", "kodcode --accept-terms --output data/kodcode"],
} as const satisfies TaskDefinition;

/** What to download, and from where. */
export interface FetchDataOptions
  extends Pick<FetchHubOptions, "accessToken" | "hubUrl" | "onProgress"> {
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** The folder. */
  readonly folder: string;
  /** Whether its terms, if it has some, are accepted. */
  readonly acceptTerms: boolean;
}

/** The licence of a benchmark, its terms, and what must be got by hand. */
export function describeSource(benchmark: string): string {
  const { licence, terms, byHand } = DATA_SOURCES[benchmark];
  return [
    `Licence: ${licence}.`,
    ...terms === undefined ? [] : [`Terms: ${terms}.`],
    ...byHand === undefined ? [] : [`By hand: ${byHand}`],
  ].join("\n");
}

/**
 * Downloads what a benchmark's source names, and counts the tasks in it.
 *
 * @returns Lines that say what is in the folder now.
 * @throws {UsageError} If its terms are not accepted.
 * @throws {Deno.errors.PermissionDenied} If the hub does not know who asks, or
 * the terms were not accepted there.
 * @throws {RangeError} If a split has another number of tasks than published.
 * @throws As `fetchHubFiles` and the benchmark's `load` do.
 */
export async function fetchData(options: FetchDataOptions): Promise<string> {
  const { benchmark, folder, acceptTerms } = options;
  const source = DATA_SOURCES[benchmark];
  if (source.terms !== undefined && !acceptTerms) {
    throw new UsageError(
      DEFINITION.name,
      `--accept-terms must be given once you accept the terms of ${benchmark}`,
      "none",
    );
  }
  const files = source.files.length;
  const fetched = files === 0 ? [] : await fetchFiles(source, options);
  return [
    files === 0
      ? `${benchmark}: no file to download`
      : `${benchmark}: ${files} files in ${folder}, ${fetched.length} of them new`,
    ...await countTasks(benchmark, source, folder),
  ].join("\n");
}

async function fetchFiles(
  { files, terms }: DataSource,
  options: FetchDataOptions,
): Promise<string[]> {
  try {
    return await fetchHubFiles(files, options);
  } catch (error) {
    const isGated = error instanceof Deno.errors.PermissionDenied;
    if (!isGated || terms === undefined) throw error;
    throw new Deno.errors.PermissionDenied(`${error.message}. ${terms}`, {
      cause: error,
    });
  }
}

/**
 * A line of the tasks in each split, or of the file that must be got by hand
 * before they can be counted; none where nothing is to count.
 */
async function countTasks(
  name: string,
  { tasks, byHand }: DataSource,
  folder: string,
): Promise<string[]> {
  const counts: string[] = [];
  for (const [split, published] of Object.entries(tasks ?? {})) {
    const benchmark = findBenchmark(name);
    let length: number;
    try {
      ({ length } = await benchmark.load(folder, split as Split));
    } catch (error) {
      const isAwaited = error instanceof Deno.errors.NotFound;
      if (!isAwaited || byHand === undefined) throw error;
      return [`Tasks: to be counted by another run. ${error.message}`];
    }
    if (length !== published) {
      throw new RangeError(
        `Cannot use ${folder} as ${name} ${split} must have ${published} tasks: current value is ${length}`,
      );
    }
    counts.push(`${split} ${length}`);
  }
  return counts.length === 0 ? [] : [`Tasks: ${counts.join(", ")}`];
}

/** Draws a bar of megabytes, from the first that arrives. */
function showDownload(title: string): (done: number, total: number) => void {
  let bar: Progress | undefined;
  return (done, total) => {
    bar ??= new Progress(title, toMegabytes(total), {
      done: toMegabytes(done),
    });
    bar.update(toMegabytes(done));
    if (done === total) bar.end();
  };
}

function toMegabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}

if (import.meta.main) {
  await runTask(DEFINITION, async ({ benchmark, output, acceptTerms }) => {
    console.log(describeSource(benchmark));
    console.log(
      await fetchData({
        benchmark,
        folder: output ?? join(".runs", "data", benchmark),
        acceptTerms,
        accessToken: Deno.env.get("HF_TOKEN"),
        hubUrl: Deno.env.get("HF_ENDPOINT"),
        onProgress: showDownload(`Download ${benchmark} (MB)`),
      }),
    );
  });
}
