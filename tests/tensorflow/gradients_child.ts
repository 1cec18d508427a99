/**
 * Peak memory, in MB above the start, of a gradient through 8 blocks that
 * widen 100,000 rows from 8 to 64 numbers: checkpointed, then not.
 */
// deno-lint-ignore-file no-console
import "@/tests/backend.ts";
import * as tf from "@tensorflow/tfjs";
import {
  checkpoint,
  disposeTree,
  jit,
  valueAndGradients,
  type XlaMode,
} from "@/lib/tensorflow/mod.ts";

const [xla] = Deno.args as [XlaMode];

function peak(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024;
}

function block(x: tf.Tensor2D, wide: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(tf.matMul(x, wide).sin(), wide, false, true);
}

const wide = tf.randomNormal([8, 64], 0, 0.1, "float32", 1) as tf.Tensor2D;
const start = tf.ones([100_000, 8]) as tf.Tensor2D;
const peaks = [true, false].map((gradientCheckpointing) => {
  const gradient = jit(
    (wide: tf.Tensor2D, start: tf.Tensor2D) =>
      valueAndGradients(
        () => {
          let x = start;
          for (let i = 0; i < 8; i++) {
            x = checkpoint(
              ({ x }: { x: tf.Tensor2D }) => block(x, wide),
              { inputs: { x }, constants: {}, weights: [wide] },
            );
          }
          return x.sum() as tf.Scalar;
        },
        [wide],
        { gradientCheckpointing },
      ),
    { name: "deep", xla },
  );
  const before = peak();
  const result = gradient(wide, start);
  result.gradients[0].dataSync();
  disposeTree(result);
  return peak() - before;
});
console.log(JSON.stringify(peaks));
