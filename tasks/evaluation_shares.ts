/**
 * Processes that share the tasks of an evaluation: this one and workers. Each
 * answers its share as it would be answered among all.
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { EvaluationRecord } from "@/lib/benchmarks/mod.ts";
import type { BackendArguments } from "@/tasks/backend.ts";
import {
  type Answers,
  answerTasks,
  type EvaluateModelOptions,
  type OpenTasks,
} from "@/tasks/evaluation_answers.ts";
import { Progress } from "@/tasks/progress.ts";

/** How many processes answer, and what they compute with. */
export interface Workers {
  /** This process among them. Default: see `usefulWorkers`. */
  readonly count?: number;
  /** Of all of them together. */
  readonly backend: BackendArguments;
}

/** What a worker reads from its standard input, as JSON. */
export interface WorkerOrder {
  readonly options: EvaluateModelOptions;
  readonly backend: BackendArguments;
  /** Numbers of its tasks. */
  readonly chosen: readonly number[];
}

/** A line that a worker writes to its standard output, as JSON. */
export type WorkerReport =
  | { readonly done: number }
  | { readonly records: readonly EvaluationRecord[] }
  | { readonly error: string };

/** Fewer tasks for each would not pay for a process. */
const LEAST_SHARE = 128;

/** As many workers as cores, but none for a few tasks. */
export function usefulWorkers(tasks: number): number {
  const shares = Math.ceil(tasks / LEAST_SHARE);
  return Math.min(navigator.hardwareConcurrency, shares);
}

/** What one of so many processes computes with: its share of the threads. */
export function shareThreads(
  backend: BackendArguments,
  processes: number,
): BackendArguments {
  if (processes === 1) return backend;
  const { threads = navigator.hardwareConcurrency } = backend;
  return { ...backend, threads: Math.max(1, Math.floor(threads / processes)) };
}

/**
 * Answers all tasks, with a progress bar.
 *
 * @throws As `answerTasks` does.
 * @throws {Error} If a worker fails; says why.
 */
export async function answerInShares(
  opened: OpenTasks,
  options: EvaluateModelOptions,
  { count, backend }: Required<Workers>,
): Promise<Answers> {
  const { length } = opened.tasks;
  const shares = split(length, count);
  const workerBackend = shareThreads(backend, count);
  const done = shares.map(() => 0);
  const progress = new Progress("Evaluate", length);
  const follow = (share: number) => (answered: number): void => {
    done[share] = answered;
    progress.update(done.reduce((sum, each) => sum + each));
  };
  const stop = new AbortController();
  try {
    const [own, ...others] = shares;
    // Before this process answers: while it does, it hears little.
    const workers = await Promise.all(
      others.map((chosen) =>
        startWorker({ options, backend: workerBackend, chosen }, stop.signal)
      ),
    );
    const [answers, ...records] = await Promise.all([
      answerTasks(opened, options, { chosen: own, onProgress: follow(0) }),
      ...workers.map((worker, i) => readRecords(worker, follow(i + 1))),
    ]);
    progress.end();
    return { ...answers, records: [...answers.records, ...records.flat()] };
  } finally {
    stop.abort();
  }
}

/** The numbers below `length` in runs of about a size. */
function split(length: number, count: number): number[][] {
  const size = Math.ceil(length / count);
  return Array.from({ length: Math.ceil(length / size) }, (_, share) => {
    const rest = length - share * size;
    return Array.from(
      { length: Math.min(size, rest) },
      (_, i) => share * size + i,
    );
  });
}

/** A worker that has its order. */
async function startWorker(
  order: WorkerOrder,
  signal: AbortSignal,
): Promise<Deno.ChildProcess> {
  const path = (file: string): string =>
    fileURLToPath(new URL(file, import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...["-P", "--config", path("../deno.json")],
      path("./evaluation_worker.ts"),
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(order)));
  await input.close();
  return child;
}

/** What a worker has answered. */
async function readRecords(
  { stdout, stderr, status }: Deno.ChildProcess,
  onProgress: (done: number) => void,
): Promise<readonly EvaluationRecord[]> {
  const complaints = new Response(stderr).text();
  let records: readonly EvaluationRecord[] | undefined;
  const lines = createInterface({ input: Readable.fromWeb(stdout) });
  for await (const line of lines) {
    const report: WorkerReport = JSON.parse(line);
    if ("error" in report) throw new Error(report.error);
    if ("done" in report) onProgress(report.done);
    else records = report.records;
  }
  const { code } = await status;
  if (records === undefined) {
    throw new Error(
      `Cannot evaluate as a worker must not end without its answers: current value is status ${code}\n${await complaints}`,
    );
  }
  return records;
}
