import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import type { WebgpuBackend } from "@/lib/tensorflow/webgpu_backend.ts";
import {
  disposeTree,
  jit,
  type NamedTensors,
  startWebgpu,
  stopWebgpu,
  tidy,
} from "@/lib/tensorflow/mod.ts";
import {
  type CausalBatch,
  causalLoss,
  initialState,
  makeTrainStep,
  packCausal,
} from "@/lib/training/mod.ts";
import { backend } from "@/tests/backend.ts";
import { randomWeights, tinyConfig } from "@/tests/models/tiny.ts";
import { runChild } from "@/tests/run_child.ts";
import { NO_ADAPTER, valuesInWorker, webgpuTest } from "@/tests/webgpu.ts";

const CHILD = new URL("start_child.ts", import.meta.url);

webgpuTest(
  "startWebgpu() names the adapter, and starts one worker",
  async () => {
    const info = await startWebgpu();
    const { device } = info;
    assert(device.length > 0);
    assertEquals(info, {
      name: "webgpu",
      version: "4.22.0",
      device,
      threads: 1,
      precision: "fp32",
    });
    assertEquals(tf.getBackend(), "webgpu");
    const x = tf.tensor1d(Float32Array.of(0, 1, 2, 3).subarray(1, 3));
    assertEquals(await startWebgpu(), info);
    assertEquals(x.arraySync(), [1, 2], "it is the worker that it was");
    x.dispose();
    await stopWebgpu();
    await stopWebgpu();
    assertEquals(await startWebgpu(), info, "it starts again");
  },
);

webgpuTest(
  "webgpu computes a jitted function, and reads either way",
  async () => {
    const slope = jit(
      (x: tf.Tensor) => tf.grad((x) => x.square().sum())(x),
      { name: "slope" },
    );
    const x = tf.tensor1d([1, 2, 3]);
    const y = slope(x);
    assertEquals(y.arraySync(), [2, 4, 6]);
    assertEquals(await y.array(), [2, 4, 6]);
    disposeTree([x, y]);
  },
);

webgpuTest(
  "webgpu takes over tensors of another backend, and gives them back",
  async () => {
    await tf.setBackend(backend.name);
    const x = tf.tensor2d([[1, 2], [3, 4]]);
    const view = x.reshape([4]);
    await startWebgpu();
    const y = tidy(() => x.add(view.sum()));
    assertEquals(y.arraySync(), [[11, 12], [13, 14]]);
    await tf.setBackend(backend.name);
    const z = y.add(x);
    assertEquals(z.arraySync(), [[12, 14], [16, 18]]);
    disposeTree([x, view, y, z]);
  },
);

/** One training step of a random model: numbers by name. */
function trainOnce(): Record<string, Float32Array> {
  const config = tinyConfig("qwen2");
  const step = makeTrainStep(
    (weights: NamedTensors, batch: CausalBatch) =>
      causalLoss(config, { weights }, batch),
    { name: "train", xla: "never" },
  );
  const initial = initialState(randomWeights(config, 3));
  const batch = packCausal([
    { ids: [5, 6, 7, 8, 9], labels: [IGNORED_LABEL, 6, 7, 8, 9] },
    { ids: [1, 2, 30], labels: [IGNORED_LABEL, IGNORED_LABEL, 30] },
  ], { rows: 2, length: 5, targets: 5 });
  const clock = { rate: tf.scalar(1e-2), step: tf.scalar(1) };
  const result = step(initial, batch, clock);
  const { state: { means }, loss, gradNorm } = result;
  const values = Object.fromEntries(
    // The first mean is a tenth of the gradient.
    Object.entries({ ...means, loss, gradNorm })
      .map(([name, tensor]) => [name, tensor.dataSync<"float32">()]),
  );
  disposeTree([initial, batch, clock, result]);
  step.dispose();
  return values;
}

webgpuTest("webgpu trains as the other backend does", async () => {
  const tensors = tf.memory().numTensors;
  const found = trainOnce();
  assertEquals(tf.memory().numTensors, tensors, "tensors");
  assertEquals(valuesInWorker(), 0);
  await tf.setBackend(backend.name);
  const expected = trainOnce();
  assertEquals(Object.keys(found), Object.keys(expected));
  // float32, summed in another order; some gradients are 0 but for that.
  const bound = 1e-5 * expected.gradNorm[0];
  for (const [name, values] of Object.entries(expected)) {
    assertEquals(found[name].length, values.length, name);
    values.forEach((value, i) =>
      assertAlmostEquals(found[name][i], value, bound, name)
    );
  }
});

webgpuTest("webgpu refuses integers that float32 does not hold", () => {
  const limit = 2 ** 24;
  const exact = tf.tensor1d([limit, -limit], "int32");
  assertEquals(exact.arraySync(), [limit, -limit]);
  const message =
    "Cannot compute with an integer on webgpu as it must be within 16777216 of 0: current value is ";
  for (const large of [limit + 1, -limit - 1]) {
    const make = [
      () => tf.tensor1d([0, large], "int32"),
      () => tf.fill([2], large, "int32"),
    ];
    for (const fn of make) {
      assertThrows(() => tf.tidy(fn), RangeError, `${message}${large}`);
    }
  }
  exact.dispose();
});

webgpuTest("webgpu says why a kernel fails, and goes on", () => {
  tf.tidy(() => {
    const deep = tf.zeros([1, 1, 1, 1, 1, 1, 2]);
    assertThrows(
      () => tf.transpose(deep),
      Error,
      "Cannot run Transpose on webgpu: ",
    );
    assertEquals(tf.tensor1d([1, 2]).add(1).arraySync(), [2, 3]);
  });
});

webgpuTest("webgpu says what the GPU refused when values are next read", () => {
  tf.tidy(() => {
    const backend = tf.backend() as WebgpuBackend;
    // One more than the buffers that WebGPU grants a shader.
    const inputs = Array.from({ length: 8 }, () => tf.ones([2]));
    const list = inputs as unknown as tf.NamedTensorInfoMap;
    const { dataId } = backend.run(tf.AddN, list, {}) as tf.TensorInfo;
    assertThrows(
      () => backend.readSync(dataId),
      Error,
      "Cannot read a tensor as WebGPU failed: ",
    );
    backend.disposeData(dataId);
    // WebGPU has no complex numbers: fails in the worker, with nobody waiting.
    const complex = backend.write(new Float32Array(2), [1], "complex64");
    backend.disposeData(complex);
    assertThrows(() => inputs[0].dataSync(), Error, "complex64");
    assertEquals(tf.addN(inputs).arraySync(), [8, 8], "the next op runs");
  });
});

Deno.test({
  name: "startWebgpu() refuses a system without a graphics adapter",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const task = JSON.stringify("webgpu");
    const { code, stdout } = await runChild(CHILD, [task], NO_ADAPTER);
    assertEquals(code, 0);
    assertEquals(JSON.parse(stdout), {
      error:
        "Error: Cannot start the webgpu backend as WebGPU must find a graphics adapter: current value is none (on Linux it needs a Vulkan driver)",
    });
  },
});
