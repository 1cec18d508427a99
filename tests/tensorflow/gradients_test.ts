import { backend } from "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  checkpoint,
  disposeTree,
  valueAndGradients,
} from "@/lib/tensorflow/mod.ts";
import { tensorTest, tidyTest } from "@/tests/models/tiny.ts";
import { runChild } from "@/tests/run_child.ts";

tidyTest("valueAndGradients() gives a gradient to each parameter", () => {
  const [x, y, unused] = [tf.scalar(3), tf.scalar(4), tf.tensor1d([1, 2])];
  const { value, gradients } = valueAndGradients(
    () => x.square().mul(y) as tf.Scalar,
    [x, y, unused],
  );
  assertEquals(value.arraySync(), 36);
  assertEquals(gradients.map((each) => each.arraySync()), [24, 9, [0, 0]]);
});

/** x -> scale x^2 + shift and 5 x past, of which `scale` is from outside. */
function twoOutputs(
  { x, past }: { x: tf.Tensor; past: tf.Tensor[] },
  { shift }: { shift: tf.Tensor },
  scale: tf.Tensor,
) {
  return {
    next: x.square().mul(scale).add(shift),
    side: [x.mul(past[0]).mul(5)],
  };
}

/** Two checkpoints in a row; their constants are freed before the gradient. */
function chain(
  [x, past, scale]: readonly tf.Tensor[],
  gradientCheckpointing: boolean,
  parameters: readonly tf.Tensor[] = [x, past, scale],
) {
  return valueAndGradients(
    () => {
      const shift = tf.scalar(1);
      const layer = (x: tf.Tensor, past: tf.Tensor) =>
        checkpoint(
          (inputs: { x: tf.Tensor; past: tf.Tensor[] }, constants) =>
            twoOutputs(inputs, constants, scale),
          {
            inputs: { x, past: [past] },
            constants: { shift },
            weights: [scale],
          },
        );
      const first = layer(x, past);
      const second = layer(first.next, first.side[0]);
      return second.side[0].sum().add(second.next.sum()) as tf.Scalar;
    },
    parameters,
    { gradientCheckpointing },
  );
}

tidyTest("checkpoint() gives the gradients worked out by hand", () => {
  // a = s x^2 + 1 = 13, b = 5 x p = 40; value 5 a b + s a^2 + 1, so that
  // d/da = 5 b + 2 s a = 278 and d/db = 5 a = 65, each with x, p, s = 2, 4, 3.
  const inputs = [tf.scalar(2), tf.scalar(4), tf.scalar(3)];
  const { value, gradients } = chain(inputs, true);
  assertEquals(value.arraySync(), 5 * 13 * 40 + 3 * 169 + 1);
  assertEquals(gradients.map((each) => each.arraySync()), [
    278 * 12 + 65 * 20,
    65 * 10,
    278 * 4 + 169,
  ]);
});

tensorTest("checkpoint() changes no bit and leaks nothing", () => {
  const inputs = [tf.tensor1d([0.1, -2]), tf.tensor1d([3, 0.7]), tf.scalar(3)];
  const [found, expected] = [true, false].map((each) => chain(inputs, each));
  assertEquals(found.value.dataSync(), expected.value.dataSync());
  found.gradients.forEach((gradient, i) =>
    assertEquals(gradient.dataSync(), expected.gradients[i].dataSync())
  );
  disposeTree([inputs, found, expected]);
});

tensorTest(
  "checkpoint() computes no gradient for what is no parameter",
  async () => {
    const x = tf.ones([3, 5]) as tf.Tensor2D;
    const weight = tf.ones([5, 5]) as tf.Tensor2D;
    const products = async (parameters: tf.Tensor[]) => {
      const { kernels } = await tf.profile(() => {
        disposeTree(
          valueAndGradients(
            () =>
              checkpoint(
                ({ x }: { x: tf.Tensor2D }) => tf.matMul(x, weight),
                { inputs: { x }, constants: {}, weights: [weight] },
              ).sum() as tf.Scalar,
            parameters,
            { gradientCheckpointing: true },
          ),
        );
      });
      return kernels.filter(({ name }) => name === tf.BatchMatMul).length;
    };
    // Forward, forward again, and one or two gradients.
    assertEquals(await products([x]), 3);
    assertEquals(await products([x, weight]), 4);
    disposeTree([x, weight]);
  },
);

tidyTest(
  "checkpoint() is its function outside of a checkpointed gradient",
  () => {
    const inputs = { x: tf.scalar(2) };
    const result = { y: inputs.x };
    const options = { inputs, constants: {}, weights: [] };
    assertEquals(checkpoint(() => result, options) === result, true);
  },
);

for (const xla of ["never", "always"]) {
  Deno.test({
    name: `checkpoint() saves memory, xla ${xla}`,
    ignore: backend.name !== "tensorflow" || Deno.build.os !== "linux",
    async fn() {
      const child = new URL("gradients_child.ts", import.meta.url);
      const { code, stdout, stderr } = await runChild(child, [xla]);
      assertEquals(code, 0, stderr);
      const [checkpointed, plain] = JSON.parse(stdout);
      // A block without a checkpoint keeps two tensors of 25 MB.
      assert(plain > 150, `${checkpointed} MB, then ${plain} MB more`);
    },
  });
}
