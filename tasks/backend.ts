/** The backend of a task: chosen, fetched if needed, started, announced. */
// deno-lint-ignore-file no-console
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  type BackendInfo,
  cacheFolder,
  fetchTensorflow,
  type Precision,
  PRECISIONS,
  requirePrecision,
  startCpu,
  startTensorflow,
  startWasm,
  startWebgpu,
} from "@/lib/tensorflow/mod.ts";
import { showFetch } from "@/tasks/setup.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

const BACKENDS = ["auto", "tensorflow", "webgpu", "wasm", "cpu"] as const;

/** Options of the backend alone. */
export const DEVICE_OPTIONS = {
  backend: {
    type: "string",
    choices: BACKENDS,
    placeholder: "NAME",
    help:
      "What computes: auto takes tensorflow, else wasm, else cpu; webgpu is for GPUs that are not NVIDIA's. Default: MEMGEN_BACKEND, else auto",
  },
  threads: {
    type: "integer",
    minimum: 1,
    maximum: 127,
    placeholder: "N",
    help: "Threads of tensorflow. Default: all cores",
  },
  cuda: {
    type: "flag",
    help: "Use TensorFlow's build for NVIDIA GPUs (3.4 GB to download)",
  },
} as const satisfies TaskDefinition["options"];

/** Options of every task that computes in a precision of the user's choice. */
export const BACKEND_OPTIONS = {
  ...DEVICE_OPTIONS,
  precision: {
    type: "string",
    choices: PRECISIONS,
    placeholder: "NAME",
    default: "fp32",
    help:
      "Of matrix products: bf16 rounds their factors to bfloat16, on tensorflow only",
  },
} as const satisfies TaskDefinition["options"];

/** What these options say. */
export interface BackendArguments {
  /** Undefined: MEMGEN_BACKEND, else auto. */
  readonly backend?: typeof BACKENDS[number];
  /** Undefined: all cores. */
  readonly threads?: number;
  /** Of matrix products. @default {"fp32"} */
  readonly precision?: Precision;
  /** Whether to use the CUDA build. */
  readonly cuda?: boolean;
}

/**
 * Starts the backend and prints one line that says what computes.
 *
 * @throws {RangeError} If MEMGEN_BACKEND names no backend, or one without the
 * precision that was asked for.
 * @throws {Error} If the backend that was asked for does not start.
 */
export async function startBackend(
  args: BackendArguments,
): Promise<BackendInfo> {
  const info = await start(args);
  console.error(
    `MemGen on ${info.name} ${info.version}, ${info.device}, ${info.threads} ${
      info.threads === 1 ? "thread" : "threads"
    }, ${info.precision}`,
  );
  return info;
}

async function start(args: BackendArguments): Promise<BackendInfo> {
  const name = args.backend ?? Deno.env.get("MEMGEN_BACKEND") ?? "auto";
  const { precision = "fp32" } = args;
  switch (name) {
    case "tensorflow":
      return await startNative(args);
    case "webgpu":
      return await startWebgpu();
    case "wasm":
      requirePrecision(name, precision);
      return await startWasm();
    case "cpu":
      requirePrecision(name, precision);
      return await startCpu();
    case "auto":
      // No other backend can stand in for it.
      if (precision === "bf16") return await startNative(args);
      return await startFirst([
        () => startNative(args),
        startWasm,
        startCpu,
      ]);
    default:
      throw new RangeError(
        `Cannot start a backend as MEMGEN_BACKEND must be one of ${
          BACKENDS.join(", ")
        }: current value is ${name}`,
      );
  }
}

/** The first backend that starts; says why the others did not. */
async function startFirst(
  starts: readonly (() => Promise<BackendInfo>)[],
): Promise<BackendInfo> {
  const [first, ...others] = starts;
  if (others.length === 0) return await first();
  try {
    return await first();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error("Going on with a slower backend instead");
    return await startFirst(others);
  }
}

async function startNative(args: BackendArguments): Promise<BackendInfo> {
  const library = await fetchTensorflow({
    cuda: args.cuda,
    onProgress: showFetch(),
  });
  const info = await startTensorflow({
    ...library,
    threads: args.threads,
    precision: args.precision,
    xlaCacheFolder: join(
      cacheFolder(),
      `xla-${library.version}-${processorKey()}`,
    ),
  });
  if (args.cuda && info.device === "CPU") {
    console.error(
      "TensorFlow found no NVIDIA GPU (nvidia-smi lists those that have a driver): going on with the CPU",
    );
  }
  return info;
}

/** Compiled code is for one kind of processor: its features, hashed. */
function processorKey(): string {
  let features: string = Deno.build.arch;
  if (Deno.build.os === "linux") {
    const info = Deno.readTextFileSync("/proc/cpuinfo");
    features += /^(flags|Features)\s*:.*$/m.exec(info)?.[0] ?? "";
  }
  return createHash("sha256").update(features).digest("hex").slice(0, 12);
}
