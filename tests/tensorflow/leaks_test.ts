import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { Generator, loadModel } from "@/lib/models/mod.ts";
import type { TensorflowBinding } from "@/lib/tensorflow/binding.ts";
import { disposeTree, jit, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import { initialState, makeTrainStep } from "@/lib/training/mod.ts";
import { tensorflowTest } from "@/tests/backend.ts";
import { KERNEL_CASES } from "./kernel_cases.ts";

/** Steps that are watched, after some in which caches fill. */
const STEPS = 1000;

/** Numbers of a tensor whose loss would be seen: 512 KiB. */
const SIZE = 2 ** 17;

/**
 * Bytes by which the process may grow: what the JavaScript heap takes before
 * it is collected. One forgotten tensor of `SIZE` numbers a step is 4 times
 * that.
 */
const BOUND = 128 * 2 ** 20;

/**
 * Rounds of steps in one of which, at least, memory may not grow. Compilers
 * and allocators keep over 100 MiB when they like, once; a forgotten tensor
 * makes every round grow.
 */
const ROUNDS = 3;

/** Calls `run` many times; neither tensors nor memory may grow. */
function assertSteady(
  binding: TensorflowBinding,
  run: (i: number) => void,
  calls = STEPS,
): void {
  for (let i = 0; i < calls / 10; i++) run(i);
  const tensors = tf.memory().numTensors;
  const handles = binding.getNumOfTensors();
  const growths: number[] = [];
  do {
    const { rss } = Deno.memoryUsage();
    for (let i = 0; i < calls; i++) run(i);
    assertEquals(tf.memory().numTensors, tensors, "tensors");
    assertEquals(binding.getNumOfTensors(), handles, "handles");
    growths.push(Deno.memoryUsage().rss - rss);
  } while (growths.at(-1)! >= BOUND && growths.length < ROUNDS);
  assert(Math.min(...growths) < BOUND, `${growths} bytes more`);
}

tensorflowTest("every kernel frees what it makes", (binding) => {
  for (const { name, inputs, fn } of KERNEL_CASES) {
    const tensors = tf.memory().numTensors;
    const handles = binding.getNumOfTensors();
    tf.tidy(() => {
      const host = inputs.map(({ values, shape, dtype }) =>
        tf.tensor([...values], [...shape], dtype)
      );
      fn(...host);
    });
    assertEquals(tf.memory().numTensors, tensors, name);
    assertEquals(binding.getNumOfTensors(), handles, name);
  }
});

tensorflowTest("eager steps do not grow", (binding) => {
  const x = tf.ones([SIZE]);
  assertSteady(binding, (i) => {
    const sum = tf.tidy(() =>
      x.mul(i).add(tf.scalar(1)).reshape([2, -1]).slice([1, 0], [1, -1]).sum()
    );
    assertEquals(sum.dataSync()[0], (i + 1) * SIZE / 2);
    sum.dispose();
  });
  x.dispose();
});

for (const xla of ["never", "always"] as const) {
  tensorflowTest(`training steps do not grow, xla ${xla}`, (binding) => {
    const target = tf.ones([SIZE]);
    const step = makeTrainStep(
      ({ w }: NamedTensors, x: tf.Tensor) =>
        w.sub(target).mul(x).square().sum().asScalar(),
      { name: "train", xla },
    );
    let state = initialState({ w: tf.zeros([SIZE]) });
    const x = tf.ones([SIZE]);
    assertSteady(binding, (i) => {
      const clock = { rate: tf.scalar(1e-3), step: tf.scalar(i + 1) };
      const result = step(state, x, clock);
      result.loss.dataSync();
      disposeTree([state, clock, result.loss, result.gradNorm]);
      state = result.state;
    });
    disposeTree([state, x, target]);
    step.dispose();
  });
}

tensorflowTest("generation steps do not grow", async (binding) => {
  const model = await loadModel("tests/parity/models/tiny-qwen2.5");
  const generator = new Generator(model);
  const maxNewTokens = 25;
  let tokens = 0;
  assertSteady(binding, (i) => {
    const prompts = [[5, 6, 7, i % 50 + 1], [8, i % 30 + 2]];
    const rows = generator.generate(prompts, { maxNewTokens });
    tokens += Math.max(...rows.map(({ ids }) => ids.length));
  }, STEPS / maxNewTokens);
  assert(tokens > STEPS / 2, `only ${tokens} steps`);
  generator.dispose();
});

tensorflowTest(
  "dispose() of a jitted function gives back what it captured",
  (binding) => {
    assertSteady(binding, () => {
      const outside = tf.ones([SIZE]);
      const fn = jit((x: tf.Tensor) => x.add(outside), {
        name: "add",
        xla: "never",
      });
      const x = tf.scalar(1);
      disposeTree([fn(x), x, outside]);
      fn.dispose();
    });
  },
);

tensorflowTest("failing steps do not grow", (binding) => {
  const x = tf.ones([SIZE]);
  const indices = tf.tensor1d([SIZE], "int32");
  assertSteady(binding, () => {
    const fn = jit((y: tf.Tensor) => {
      throw new Error(`${y.add(x).shape}`);
    }, { name: "fail" });
    const run = (): void => {
      tf.tidy(() => tf.gather(x.add(1), indices));
    };
    for (const fails of [run, () => fn(x)]) {
      let message = "";
      try {
        fails();
      } catch (error) {
        message = (error as Error).message;
      }
      assert(message.includes(`${SIZE}`), message);
    }
  });
  disposeTree([x, indices]);
});
