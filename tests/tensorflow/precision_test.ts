import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { normals, seededRandom } from "@/lib/random.ts";
import {
  jit,
  jitStatistics,
  type Precision,
  startCpu,
  startWasm,
  tidy,
  withPrecision,
} from "@/lib/tensorflow/mod.ts";
import { backend, tensorflowTest } from "@/tests/backend.ts";

/** Ways to compute the same: op by op, traced, compiled by XLA. */
const MODES = ["eager", "never", "always"] as const;

/** What `fn` computes of tensors in one of the ways. */
function compute(
  mode: typeof MODES[number],
  precision: Precision,
  fn: (...inputs: tf.Tensor[]) => tf.Tensor,
  ...inputs: tf.Tensor[]
): number[] {
  return withPrecision(precision, () => {
    if (mode === "eager") return [...tidy(() => fn(...inputs)).dataSync()];
    const compiled = jit(fn, { name: "precision", xla: mode });
    const values = [...compiled(...inputs).dataSync()];
    compiled.dispose();
    return values;
  });
}

/** A number rounded to 8 significant bits, to even between two. */
function bfloat16(value: number): number {
  const float = Float32Array.of(value);
  const [bits] = new Uint32Array(float.buffer);
  const odd = (bits >>> 16) & 1;
  const rounded = Uint32Array.of((bits + 0x7fff + odd) & 0xffff0000);
  return new Float32Array(rounded.buffer)[0];
}

const product = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.matMul(a, b);

for (const mode of MODES) {
  tensorflowTest(`bf16 rounds factors, fp32 does not, ${mode}`, () => {
    // Between 256 and 258 lies 257, between 258 and 260 lies 259: to even.
    const a = tf.tensor2d([[257 / 256, 259 / 256]]);
    const b = tf.tensor2d([[1], [2]]);
    assertEquals(compute(mode, "fp32", product, a, b), [775 / 256]);
    assertEquals(compute(mode, "bf16", product, a, b), [776 / 256]);
  });

  tensorflowTest(`bf16 keeps sums in float32, ${mode}`, () => {
    const ones = tf.ones([1, 1024]);
    // A sum in bfloat16 stays at 256: 257 rounds to 256 again.
    const values = compute(mode, "bf16", product, ones, ones.transpose());
    assertEquals(values, [1024]);
    // Nor is it rounded at the end: 1024 + 8 is the next bfloat16.
    const more = tf.tensor2d([[4, ...Array(1023).fill(1)]]);
    assertEquals(
      compute(mode, "bf16", product, ones, more.transpose()),
      [1027],
    );
  });

  tensorflowTest(`bf16 rounds the factors of gradients, ${mode}`, () => {
    // d = 257/256 rounds to 1, a = 3 x 257/256 to 193/64, b to 161/32.
    const gradients = tf.grads((a, b) =>
      tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D).mul(257 / 256).sum()
    );
    const both = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
      tf.concat(gradients([a, b]).map((gradient) => gradient.flatten()), 0);
    const [a, b] = [3, 5].map((x) => tf.tensor2d([[x * 257 / 256]]));
    assertEquals(compute(mode, "bf16", both, a, b), [161 / 32, 193 / 64]);
    const exact = compute(mode, "fp32", both, a, b);
    assertEquals(exact, [5 * (257 / 256) ** 2, 3 * (257 / 256) ** 2]);
  });

  tensorflowTest(`bf16 changes neither integers nor other ops, ${mode}`, () => {
    const whole = tf.tensor2d([[257]], undefined, "int32");
    assertEquals(compute(mode, "bf16", product, whole, whole), [257 ** 2]);
    const x = tf.tensor2d([[257 / 256, 259 / 256]]);
    const sum = (x: tf.Tensor): tf.Tensor => x.add(x).square().sum();
    assertEquals(
      compute(mode, "bf16", sum, x),
      compute(mode, "fp32", sum, x),
    );
  });

  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      tensorflowTest(
        `bf16 multiplies stacks, ${mode}, transposed ${transposeA} and ${transposeB}`,
        () => {
          const random = seededRandom("factors", mode);
          const [B, M, K, N] = [3, 4, 70, 5];
          const a = normals(random, B * M * K);
          const b = normals(random, K * N);
          const values = compute(
            mode,
            "bf16",
            (a, b) => tf.matMul(a, b, transposeA, transposeB),
            transposeA
              ? tf.tensor3d(a, [B, M, K]).transpose([0, 2, 1])
              : tf.tensor3d(a, [B, M, K]),
            transposeB
              ? tf.tensor3d(b, [1, K, N]).transpose([0, 2, 1])
              : tf.tensor3d(b, [1, K, N]),
          );
          assertEquals(values.length, B * M * N);
          values.forEach((value, i) => {
            const row = Math.floor(i / N);
            const terms = Array.from(
              { length: K },
              (_, k) => bfloat16(a[row * K + k]) * bfloat16(b[k * N + i % N]),
            );
            const expected = terms.reduce((sum, term) => sum + term, 0);
            // Sums lose only what float32 loses.
            assert(
              Math.abs(value - expected) <= 1e-5,
              `number ${i} is ${value}, not ${expected}`,
            );
          });
        },
      );
    }
  }
}

tensorflowTest("jit() compiles a function for each precision", () => {
  for (const xla of ["never", "always"] as const) {
    const fn = jit(product, { name: "both", xla });
    const x = tf.tensor2d([[257 / 256]]);
    const { traces } = jitStatistics();
    const run = (): number[] => [...fn(x, x).dataSync()];
    for (let i = 0; i < 2; i++) {
      assertEquals(run(), [(257 / 256) ** 2]);
      assertEquals(withPrecision("bf16", run), [1]);
    }
    assertEquals(jitStatistics().traces - traces, 2);
    fn.dispose();
  }
});

tensorflowTest(
  "withPrecision() ends with what it calls, even if that fails",
  () => {
    const x = tf.tensor2d([[257 / 256]]);
    const run = (): number => tf.matMul(x, x).dataSync()[0];
    const nested = withPrecision("bf16", () => {
      const exact = withPrecision("fp32", run);
      return [exact, run()];
    });
    assertEquals(nested, [(257 / 256) ** 2, 1]);
    assertThrows(
      () =>
        withPrecision("bf16", () => {
          throw new Error("broken");
        }),
      Error,
      "broken",
    );
    assertEquals(run(), (257 / 256) ** 2);
  },
);

tensorflowTest("bf16 leaves no tensors behind", (binding) => {
  const x = tf.ones([2, 2]);
  const count = (): number[] => [
    tf.memory().numTensors,
    binding.getNumOfTensors(),
  ];
  const before = count();
  const gradient = (x: tf.Tensor): tf.Tensor =>
    tf.grad((x) => tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D).sum())(x);
  for (const mode of MODES) {
    // Compiled functions return tensors that tidy frees.
    tf.tidy(() => {
      compute(mode, "bf16", gradient, x);
    });
    assertEquals(count(), before, mode);
  }
});

for (const start of [startWasm, startCpu]) {
  Deno.test(`withPrecision() refuses bf16 after ${start.name}()`, async () => {
    try {
      const { name } = await start();
      const error = assertThrows(
        () => withPrecision("bf16", () => {}),
        RangeError,
      );
      assertEquals(
        (error as Error).message,
        `Cannot multiply in bf16 as the backend must be tensorflow: current value is ${name}`,
      );
      assertEquals(withPrecision("fp32", () => 3), 3);
    } finally {
      await tf.setBackend(backend.name);
    }
  });
}
