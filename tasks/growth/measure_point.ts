/**
 * Time and memory of one point of the curves of `deno task measure-growth`, in
 * a process of its own: what an earlier point had taken would be used again.
 */
// deno-lint-ignore-file no-console
import * as tf from "@tensorflow/tfjs";
import type { GrowthPoint, PointCost } from "@/experiments/cost_growth.ts";
import type { DecoderConfig } from "@/lib/models/mod.ts";
import {
  type BackendInfo,
  fetchTensorflow,
  jit,
  startTensorflow,
} from "@/lib/tensorflow/mod.ts";
import {
  type BenchCase,
  generationCase,
  trainingCase,
} from "@/tasks/bench/cases.ts";
import {
  memgenGenerationCase,
  memgenTrainingCase,
} from "@/tasks/bench/memgen_cases.ts";

/** What a process is asked to measure. */
export interface PointRequest {
  /** What. */
  readonly point: GrowthPoint;
  /** Shape of the model. */
  readonly model: DecoderConfig;
  /** Timed runs at least. */
  readonly runs: number;
  /** Threads of TensorFlow. Default: all cores. */
  readonly threads?: number;
}

/** What it answers, as one line of JSON. */
export interface PointReply {
  /** What was measured. */
  readonly cost: PointCost;
  /** What computed. */
  readonly backend: BackendInfo;
}

/** Short runs are repeated for this long, so that their median means more. */
const LEAST_SECONDS = 1;

/** Work of a point: half of a row is its prompt, half its answer. */
export function caseOf(
  { work, length, batch: rows, insertions, latents }: GrowthPoint,
  model: DecoderConfig,
): BenchCase {
  const promptLength = length / 2;
  const answerLength = length - promptLength;
  const common = { name: work, rows, runs: 1 };
  const memory = {
    insertion: "prepend",
    insertions,
    latents,
    every: Math.floor(answerLength / insertions),
  } as const;
  // Latents take positions beyond those of the text.
  const config = { ...model, maxPositions: length + insertions * latents };
  if (work === "train") return trainingCase(config, { ...common, length });
  if (work === "weaver") {
    const size = { promptLength, answerLength, memory };
    return memgenTrainingCase(config, { ...common, ...size });
  }
  const size = { ...common, promptLength, newTokens: answerLength };
  return insertions === 0
    ? generationCase(config, size)
    : memgenGenerationCase(config, { ...size, memory });
}

/**
 * A line of /proc/self/status, such as VmHWM, in bytes.
 *
 * @throws {Error} If there is none: memory is measured on Linux only.
 */
export function residentBytes(
  status: string,
  field: "VmRSS" | "VmHWM",
): number {
  const kilobytes = status.match(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m"));
  if (kilobytes === null) {
    throw new Error(
      `Cannot measure memory as the process status must have ${field}: current value is none`,
    );
  }
  return 1024 * Number(kilobytes[1]);
}

function resident(field: "VmRSS" | "VmHWM"): number {
  return residentBytes(Deno.readTextFileSync("/proc/self/status"), field);
}

/**
 * Measures in this process, which must be young: memory that earlier work has
 * left would be used again.
 */
async function measure(benchCase: BenchCase, runs: number): Promise<PointCost> {
  const time = (run: () => unknown): number => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  };
  loadCompiler();
  giveBack();
  const before = resident("VmRSS");
  const workload = await benchCase.prepare();
  try {
    const firstSeconds = time(() => workload.run());
    // What compiling needed is not the work's.
    giveBack();
    Deno.writeTextFileSync("/proc/self/clear_refs", RESET_PEAK);
    const seconds: number[] = [];
    for (let total = 0; seconds.length < runs || total < LEAST_SECONDS;) {
      seconds.push(time(() => workload.run()));
      total += seconds.at(-1)!;
    }
    return { firstSeconds, seconds, peakBytes: resident("VmHWM") - before };
  } finally {
    workload.dispose();
  }
}

/** Makes VmHWM begin anew (proc_pid_clear_refs(5)). */
const RESET_PEAK = "5";

/** XLA itself is code that every compiled function shares. */
function loadCompiler(): void {
  const double = jit((x: tf.Tensor) => x.mul(2), {
    name: "double",
    xla: "always",
  });
  tf.tidy(() => double(tf.tensor1d([1])).dataSync());
  double.dispose();
}

/** Returns what is free in both heaps to the system, so that it is not counted. */
function giveBack(): void {
  // There with --expose-gc, which starts this process.
  (globalThis as { gc?: () => void }).gc?.();
  const libc = Deno.dlopen("libc.so.6", {
    malloc_trim: { parameters: ["usize"], result: "i32" },
  });
  libc.symbols.malloc_trim(0n);
  libc.close();
}

if (import.meta.main) {
  const { point, model, runs, threads }: PointRequest = JSON.parse(
    Deno.args[0],
  );
  // Without the cache of compiled code: compiling is measured too.
  const library = await fetchTensorflow();
  const backend = await startTensorflow({ ...library, threads });
  const cost = await measure(caseOf(point, model), runs);
  console.log(JSON.stringify({ cost, backend } satisfies PointReply));
}
