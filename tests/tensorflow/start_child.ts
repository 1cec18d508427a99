/**
 * Starts a backend in a process of its own and computes on it; prints what
 * came of it as JSON.
 */
// deno-lint-ignore-file no-console
import * as tf from "@tensorflow/tfjs";
import {
  type BackendInfo,
  jit,
  startCpu,
  startTensorflow,
  startWasm,
  startWebgpu,
  type TensorflowOptions,
} from "@/lib/tensorflow/mod.ts";

/** What the child is given as JSON. */
export type StartTask = "webgpu" | "wasm" | "cpu" | TensorflowOptions;

/** What the child prints. */
export type StartOutcome =
  | { readonly error: string }
  | {
    readonly info: BackendInfo;
    /** A few numbers, computed by a jitted function. */
    readonly values: readonly number[];
    /** TF_XLA_FLAGS afterwards. */
    readonly xlaFlags: string | undefined;
    /** What starting TensorFlow again, with other threads, says. */
    readonly again: BackendInfo;
  };

async function start(task: StartTask): Promise<BackendInfo> {
  if (task === "webgpu") return await startWebgpu();
  if (task === "wasm") return await startWasm();
  if (task === "cpu") return await startCpu();
  return await startTensorflow(task);
}

async function compute(task: StartTask): Promise<StartOutcome> {
  try {
    const info = await start(task);
    const fn = jit((x: tf.Tensor) => tf.matMul(x, x).add(x).square(), {
      name: "compute",
      xla: "always",
    });
    const values = [...fn(tf.tensor2d([[1, 2], [3, 4]])).dataSync()];
    const again = await start(
      typeof task === "string" ? task : { ...task, threads: 7 },
    );
    const xlaFlags = Deno.env.get("TF_XLA_FLAGS");
    return { info, values, xlaFlags, again };
  } catch (error) {
    return { error: `${error}` };
  }
}

if (import.meta.main) {
  console.log(JSON.stringify(await compute(JSON.parse(Deno.args[0]))));
}
