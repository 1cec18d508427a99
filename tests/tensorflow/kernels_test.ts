import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { normals, seededRandom } from "@/lib/random.ts";
import {
  jit,
  startCpu,
  startWasm,
  tidy,
  type XlaMode,
} from "@/lib/tensorflow/mod.ts";
import { backend, tensorflowTest } from "@/tests/backend.ts";
import { valuesInWorker, webgpuTest } from "@/tests/webgpu.ts";
import {
  hasLargeIntegers,
  type HostInput,
  KERNEL_CASES,
  type KernelCase,
} from "./kernel_cases.ts";

/**
 * Float32 keeps 2^-24 of a number. Sums of a few dozen terms in another order,
 * and the polynomials that XLA and WebAssembly take for exp, sin and pow, cost
 * up to 100 times that.
 */
const TOLERANCE = 1e-5;

/** Values of an op, and the gradient of their product with random numbers. */
interface Answer<T> {
  readonly values: readonly T[];
  readonly gradients: readonly T[];
}

function answer(
  { fn, gradients }: KernelCase,
  inputs: readonly tf.Tensor[],
): Answer<tf.Tensor> {
  const values = [fn(...inputs)].flat();
  const chosen = gradients ??
    inputs.flatMap(({ dtype }, i) => dtype === "float32" ? [i] : []);
  if (chosen.length === 0) return { values, gradients: [] };
  const random = seededRandom("cotangents");
  const cotangents = values.map(({ size, shape }) =>
    tf.tensor(normals(random, size), shape)
  );
  const loss = (...some: tf.Tensor[]): tf.Scalar => {
    const all = [...inputs];
    chosen.forEach((input, i) => all[input] = some[i]);
    return tf.addN(
      [fn(...all)].flat().map((y, i) => y.mul(cotangents[i]).sum()),
    );
  };
  const grads = tf.grads(loss)(chosen.map((input) => inputs[input]));
  return { values, gradients: grads };
}

function toTensor({ values, shape, dtype }: HostInput): tf.Tensor {
  return tf.tensor([...values], [...shape], dtype);
}

function toHost(tensor: tf.Tensor): HostInput {
  return {
    shape: tensor.shape,
    dtype: tensor.dtype as HostInput["dtype"],
    values: [...tensor.dataSync()],
  };
}

/** The answers of all cases, in their order. */
function evaluate(
  cases: readonly KernelCase[],
  mode: "eager" | XlaMode,
): Answer<HostInput>[] {
  const compute = (inputs: tf.Tensor[][]): Answer<tf.Tensor>[] =>
    cases.map((kernelCase, i) => answer(kernelCase, inputs[i]));
  return tidy(() => {
    const inputs = cases.map(({ inputs }) => inputs.map(toTensor));
    const answers = mode === "eager"
      ? compute(inputs)
      : jit(compute, { name: "kernels", xla: mode })(inputs);
    return answers.map(({ values, gradients }) => ({
      values: values.map(toHost),
      gradients: gradients.map(toHost),
    }));
  });
}

function assertClose(
  actual: readonly HostInput[],
  expected: readonly HostInput[],
  what: string,
): void {
  assertEquals(
    actual.map(({ shape, dtype }) => ({ shape, dtype })),
    expected.map(({ shape, dtype }) => ({ shape, dtype })),
    what,
  );
  actual.forEach(({ values }, i) => {
    const wanted = expected[i].values;
    if (expected[i].dtype !== "float32") {
      assertEquals(values, wanted, what);
      return;
    }
    const bound = TOLERANCE * Math.max(1, ...wanted.map(Math.abs));
    values.forEach((value, j) =>
      assert(
        Object.is(value, wanted[j]) || Math.abs(value - wanted[j]) <= bound,
        `${what}: element ${j} is ${value}, not ${wanted[j]}`,
      )
    );
  });
}

/** What the plain JavaScript backend answers. */
await startCpu();
const EXPECTED = new Map(
  evaluate(KERNEL_CASES, "eager")
    .map((answer, i) => [KERNEL_CASES[i].name, answer]),
);
await startWasm();
await tf.setBackend(backend.name);

Deno.test("kernel cases have different names", () => {
  assertEquals(EXPECTED.size, KERNEL_CASES.length);
});

/** What lib/ calls of TensorFlow.js that computes nothing, and our `step`. */
const NO_OPS = new Set(
  "tensor tensor1d tensor2d tensor3d tensor4d scalar tidy dispose dataSync engine customGrad step"
    .split(" "),
);
const NO_TENSORS = /^(Math|Number|Object|Promise|Array|JSON)$/;

/** Ops that a file calls, as `tf.op(` or `tensor.op(`. */
function opsIn(source: string): string[] {
  return [...source.matchAll(/(\w*)\s*\.\s*(\w+)(?:<[^<>()]*>)?\(/g)]
    .filter(([, object, name]) =>
      object === "tf" || name in tf.Tensor.prototype && !NO_TENSORS.test(object)
    )
    .map(([, , name]) => name)
    .filter((name) => !NO_OPS.has(name));
}

/** The files of a folder that use TensorFlow.js. */
function* usersOfTensors(folder: string): Generator<[string, string]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) {
      yield* usersOfTensors(path);
    } else {
      const source = Deno.readTextFileSync(path);
      if (source.includes('"@tensorflow/tfjs"')) yield [path, source];
    }
  }
}

Deno.test("there is a kernel case for every op that lib/ calls", () => {
  const tested = new Set(KERNEL_CASES.map(({ name }) => name.split(/\W/)[0]));
  const untested: string[] = [];
  for (const [path, source] of usersOfTensors("lib")) {
    // What our own kernels and the tracer call shows in the cases themselves.
    if (path.startsWith(join("lib", "tensorflow"))) continue;
    const missing = opsIn(source).filter((op) => !tested.has(op));
    untested.push(...missing.map((op) => `${path}: ${op}`));
  }
  assertEquals(untested, []);
});

/** One step for each case: what a backend answers, and the cpu backend. */
async function assertExpected(
  t: Deno.TestContext,
  cases: readonly KernelCase[],
  answers: readonly Answer<HostInput>[],
): Promise<void> {
  for (const [i, { values, gradients }] of answers.entries()) {
    await t.step(cases[i].name, () => {
      const expected = EXPECTED.get(cases[i].name)!;
      assertClose(values, expected.values, "value");
      assertClose(gradients, expected.gradients, "gradient");
    });
  }
}

/** WebAssembly leaves a sum of nothing as its memory was; lib/ takes none. */
function sumsNothing({ inputs }: KernelCase): boolean {
  return inputs.some(({ values }) => values.length === 0);
}

for (
  const [name, mode, words] of [
    ["tensorflow", "eager", "eager"],
    ["tensorflow", "never", "traced"],
    ["tensorflow", "always", "compiled by XLA"],
    ["wasm", "eager", "eager"],
  ] as const
) {
  Deno.test({
    name: `${name}, ${words}, computes what the cpu backend computes`,
    ignore: name === "tensorflow" && backend.name !== name,
    fn: async (t) => {
      await tf.setBackend(name);
      const cases = name === "wasm"
        ? KERNEL_CASES.filter((kernelCase) => !sumsNothing(kernelCase))
        : KERNEL_CASES;
      const answers = evaluate(cases, mode);
      await tf.setBackend(backend.name);
      await assertExpected(t, cases, answers);
    },
  });
}

webgpuTest(
  "webgpu, eager, computes what the cpu backend computes",
  async (t) => {
    const cases = KERNEL_CASES.filter((kernelCase) =>
      !hasLargeIntegers(kernelCase)
    );
    await assertExpected(t, cases, evaluate(cases, "eager"));
    assertEquals(valuesInWorker(), 0);
  },
);

for (const xla of ["eager", "never"] as const) {
  tensorflowTest(
    `gather names an index that is outside, ${
      xla === "eager" ? xla : "traced"
    }`,
    () => {
      const pick = (x: tf.Tensor, index: tf.Tensor): tf.Tensor =>
        tf.gather(x, index as tf.Tensor1D);
      const fn = xla === "eager" ? pick : jit(pick, { name: "pick", xla });
      const x = tf.ones([5, 2]);
      for (const index of [5, -1]) {
        assertThrows(
          () => fn(x, tf.tensor1d([0, index], "int32")),
          Error,
          `indices[1] = ${index} is not in [0, 5)`,
        );
      }
    },
  );
}
