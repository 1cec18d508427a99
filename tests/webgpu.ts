/** Tests on a GPU through WebGPU, or on software that stands for one. */
import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { startWebgpu, stopWebgpu } from "@/lib/tensorflow/mod.ts";
import type { WebgpuBackend } from "@/lib/tensorflow/webgpu_backend.ts";
import { backend } from "@/tests/backend.ts";

const adapter = await navigator.gpu?.requestAdapter();

/** Whether WebGPU computes here. */
export const hasWebgpu = Boolean(adapter);

/** An environment in which Deno finds no graphics adapter on Linux. */
export const NO_ADAPTER = {
  DENO_WEBGPU_BACKEND: "vulkan",
  // Where Vulkan's loaders, new and old, look for drivers.
  VK_DRIVER_FILES: "/dev/null",
  VK_ICD_FILENAMES: "/dev/null",
} as const;

/** Values that WebGPU's worker holds; those here must be as many. */
export function valuesInWorker(): number {
  const backend = tf.backend() as WebgpuBackend;
  const count = backend.thread.call<"count">({ type: "count" });
  assertEquals(backend.numDataIds(), count);
  return count;
}

/** A test with the backend `webgpu` running; skipped, by name, without one. */
export function webgpuTest(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({
    name: hasWebgpu ? name : `${name} (no graphics adapter)`,
    ignore: !hasWebgpu,
    fn: async (t) => {
      await startWebgpu();
      try {
        await fn(t);
      } finally {
        await stopWebgpu();
        await tf.setBackend(backend.name);
      }
    },
  });
}
