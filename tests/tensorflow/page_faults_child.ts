/**
 * Computes large tensors, one after the other, in a process of its own; prints
 * how many pages the system had to map meanwhile.
 */
// deno-lint-ignore-file no-console
import * as tf from "@tensorflow/tfjs";
import { startTensorflow } from "@/lib/tensorflow/mod.ts";

/** Bytes of a tensor: more than the C library keeps when it is freed. */
export const BYTES = 64 * 2 ** 20;
/** Tensors. */
export const COUNT = 20;

/** Pages that were mapped so far: minflt, the tenth field (proc_pid_stat(5)). */
function pageFaults(): number {
  const stat = Deno.readTextFileSync("/proc/self/stat");
  // Before it are the process's number, and its name in parentheses.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[7]);
}

if (import.meta.main) {
  await startTensorflow(JSON.parse(Deno.args[0]));
  const x = tf.ones([BYTES / 4]);
  const computeOnce = () => tf.tidy(() => x.add(1).slice(0, 1).dataSync()[0]);
  const compute = () => {
    for (let i = 0; i < COUNT; i++) computeOnce();
  };
  // What the process has not, it must get once.
  compute();
  const before = pageFaults();
  compute();
  console.log(pageFaults() - before);
}
