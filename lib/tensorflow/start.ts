/** Starts the backend that TensorFlow.js computes on. */
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import type { TensorflowBackend as Backend } from "./backend.ts";
import type { Precision } from "./precision.ts";
import { requireAvx } from "./processor.ts";
import type { WebgpuBackend } from "./webgpu_backend.ts";

/** What computes, for banners and for every result. */
export interface BackendInfo {
  /** TensorFlow.js' name of the backend. */
  readonly name: "tensorflow" | "webgpu" | "wasm" | "cpu";
  /** Version of TensorFlow, or of TensorFlow.js for the fallbacks. */
  readonly version: string;
  /** Such as `CPU` or `GPU:0`. */
  readonly device: string;
  /** Threads that compute. */
  readonly threads: number;
  /** Of matrix products. */
  readonly precision: Precision;
}

/** Where TensorFlow's library is, and how to run it. */
export interface TensorflowOptions {
  /** libtensorflow_framework. */
  readonly frameworkPath: string;
  /** libtensorflow_cc. */
  readonly ccPath: string;
  /** Libraries that must be open before: CUDA's. @default {[]} */
  readonly preload?: readonly string[];
  /** Threads, 1 to 127. Default: all cores. */
  readonly threads?: number;
  /** Of matrix products. @default {"fp32"} */
  readonly precision?: Precision;
  /** Folder that keeps what is compiled for the CPU. Default: none. */
  readonly xlaCacheFolder?: string;
}

/**
 * TensorFlow's allocator that keeps memory, for the CPU, too. By default large
 * buffers go back to the system at the end of every step and come again page by
 * page, each a fault and zeros: up to a third of the time of training
 * (results/LOG.md).
 */
const CPU_ALLOCATOR: Readonly<Record<string, string>> = {
  TF_CPU_ALLOCATOR_USE_BFC: "true",
  // It asks for memory as it needs it, so this keeps nothing for itself: 1 TB,
  // as its own limit, 64 GB, is less than some machines have.
  TF_CPU_BFC_MEM_LIMIT_IN_MB: `${2 ** 20}`,
};

let running: BackendInfo | undefined;

/**
 * Starts TensorFlow under TensorFlow.js.
 *
 * The process keeps it until it ends: a later call goes back to it, as it was
 * started. Sets TF_CPP_MIN_LOG_LEVEL, TF_XLA_FLAGS and, unless they are set,
 * TF_CPU_ALLOCATOR_USE_BFC and TF_CPU_BFC_MEM_LIMIT_IN_MB, which TensorFlow
 * reads when its library loads.
 *
 * @throws {RangeError} If `threads` is not within 1 to 127.
 * @throws {Error} If the processor lacks AVX, the library cannot be opened or
 * TensorFlow does not start.
 */
export async function startTensorflow(
  options: TensorflowOptions,
): Promise<BackendInfo> {
  if (running !== undefined) {
    await tf.setBackend(running.name);
    return running;
  }
  if (Deno.build.os === "linux" && Deno.build.arch === "x86_64") {
    requireAvx(await Deno.readTextFile("/proc/cpuinfo"));
  }
  Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "3");
  for (const [name, value] of Object.entries(CPU_ALLOCATOR)) {
    if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
  }
  if (options.xlaCacheFolder !== undefined) {
    await Deno.mkdir(options.xlaCacheFolder, { recursive: true });
    const flags = [
      Deno.env.get("TF_XLA_FLAGS") ?? "",
      // In quotes, as a path may hold spaces.
      `--tf_xla_persistent_cache_directory=${
        JSON.stringify(options.xlaCacheFolder)
      }`,
      // Code for one GPU does not run on another.
      "--tf_xla_persistent_cache_device_types=CPU",
    ];
    Deno.env.set("TF_XLA_FLAGS", flags.join(" ").trim());
  }
  // Loaded here and not above, so that the fallbacks need none of it.
  const { CApi } = await import("./c_api.ts");
  const { TensorflowBinding } = await import("./binding.ts");
  const { MAX_THREADS } = await import("./context.ts");
  const { TensorflowBackend } = await import("./backend.ts");
  const { registerKernels } = await import("./kernels.ts");
  const api = new CApi(
    options.frameworkPath,
    options.ccPath,
    options.preload,
  );
  const threads = options.threads ??
    Math.min(navigator.hardwareConcurrency, MAX_THREADS);
  const binding = new TensorflowBinding(api, { threads });
  const { precision = "fp32" } = options;
  registerKernels();
  tf.registerBackend(
    "tensorflow",
    (): Backend => new TensorflowBackend(binding, precision),
  );
  await tf.setBackend("tensorflow");
  const device = binding.isUsingGpuDevice() ? "GPU:0" : "CPU";
  running = {
    name: "tensorflow",
    version: api.version,
    device,
    threads,
    precision,
  };
  return running;
}

/**
 * Starts TensorFlow.js' WebGPU backend: for GPUs that are not NVIDIA's.
 *
 * It computes in a worker, which keeps no process from ending.
 *
 * @throws {Error} If the system has no GPU that WebGPU can use.
 */
export async function startWebgpu(): Promise<BackendInfo> {
  const { WebgpuThread } = await import("./webgpu_thread.ts");
  const { WebgpuBackend } = await import("./webgpu_backend.ts");
  const { registerWebgpuKernels } = await import("./webgpu_kernels.ts");
  if (tf.findBackend("webgpu") === null) {
    const thread = await WebgpuThread.start();
    registerWebgpuKernels(thread.welcome.kernels);
    tf.registerBackend("webgpu", () => new WebgpuBackend(thread));
  }
  await tf.setBackend("webgpu");
  const { adapter } = (tf.backend() as WebgpuBackend).thread.welcome;
  return {
    name: "webgpu",
    version: tf.version_core,
    device: adapter!,
    threads: 1,
    precision: "fp32",
  };
}

/** Ends WebGPU's worker; the tensors that it holds are lost. */
export async function stopWebgpu(): Promise<void> {
  const backend = tf.findBackend("webgpu") as WebgpuBackend | null;
  if (backend === null) return;
  tf.removeBackend("webgpu");
  await backend.thread.stop();
}

/** Starts TensorFlow.js' WebAssembly backend: slow, but runs anywhere. */
export async function startWasm(): Promise<BackendInfo> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const { registerWasmKernels } = await import("./wasm_kernels.ts");
  const folder = new URL(
    ".",
    import.meta.resolve(
      "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
    ),
  );
  setWasmPaths(fileURLToPath(folder));
  registerWasmKernels();
  await tf.setBackend("wasm");
  return fallbackInfo("wasm");
}

/** Starts TensorFlow.js' plain JavaScript backend: the slowest. */
export async function startCpu(): Promise<BackendInfo> {
  tf.enableProdMode();
  await tf.setBackend("cpu");
  return fallbackInfo("cpu");
}

function fallbackInfo(name: "wasm" | "cpu"): BackendInfo {
  const version = tf.version_core;
  return { name, version, device: "CPU", threads: 1, precision: "fp32" };
}
