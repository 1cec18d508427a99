/**
 * The backend of the tests: TensorFlow, fetched at the first run, else what a
 * user without it would get.
 */
import * as tf from "@tensorflow/tfjs";
import type { TensorflowBackend } from "@/lib/tensorflow/backend.ts";
import type { TensorflowBinding } from "@/lib/tensorflow/binding.ts";
import { startBackend } from "@/tasks/backend.ts";

/** Whether to run the tests on an NVIDIA GPU: `MEMGEN_TEST_CUDA` is set. */
export const cuda = Deno.env.has("MEMGEN_TEST_CUDA");

/** Started once for a test file; two threads, so that files run side by side. */
export const backend = await startBackend({ threads: 2, cuda });

/** A test of TensorFlow itself; skipped, by name, where it cannot be had. */
export function tensorflowTest(
  name: string,
  fn: (binding: TensorflowBinding) => void | Promise<void>,
): void {
  Deno.test({
    name,
    ignore: backend.name !== "tensorflow",
    fn: () => fn((tf.backend() as TensorflowBackend).tensorflow),
  });
}
