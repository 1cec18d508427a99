import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  disposeTree,
  jit,
  startCpu,
  Variable,
  type XlaMode,
} from "@/lib/tensorflow/mod.ts";
import { backend } from "@/tests/backend.ts";

/** Adds to one element; returns what the variable held before. */
function addAt(
  { table }: { table: Variable },
  place: tf.Tensor2D,
  amount: tf.Tensor1D,
): tf.Tensor {
  const before = table.read();
  const there = tf.gatherND(before, place);
  table.assign(tf.tensorScatterUpdate(before, place, there.add(amount)));
  return before.sum();
}

for (const xla of ["never", "always"] as const satisfies XlaMode[]) {
  Deno.test(`Variable: a compiled function updates it, xla ${xla}`, () => {
    const { numTensors } = tf.memory();
    const step = jit(addAt, { name: "add_at", xla });
    const table = Variable.of(tf.tensor2d([[1, 2], [3, 4]]));
    const other = Variable.of(tf.tensor2d([[5, 6], [7, 8]]));
    const place = tf.tensor2d([[1, 0]], [1, 2], "int32");
    const amount = tf.tensor1d([10]);
    const sums = [table, other, table].map((variable) => {
      const sum = step({ table: variable }, place, amount);
      const [value] = sum.dataSync();
      sum.dispose();
      return value;
    });
    assertEquals(sums, [10, 26, 20]);
    const values = [table, other].map((variable) => {
      const value = variable.read();
      const array = value.arraySync();
      value.dispose();
      return array;
    });
    assertEquals(values, [[[1, 2], [23, 4]], [[5, 6], [17, 8]]]);
    disposeTree([place, amount]);
    for (const variable of [table, other]) variable.dispose();
    step.dispose();
    assertEquals(tf.memory().numTensors, numTensors);
  });

  Deno.test(`Variable: one call may update it many times, xla ${xla}`, () => {
    const step = jit((count: Variable) => {
      const seen = [count.read()];
      for (let i = 0; i < 3; i++) {
        count.assign(count.read().mul(10).add(i));
        seen.push(count.read());
      }
      return tf.stack(seen);
    }, { name: "many", xla });
    const count = Variable.of(tf.scalar(1));
    for (
      const expected of [[1, 10, 101, 1012], [1012, 10120, 101201, 1012012]]
    ) {
      const seen = step(count);
      assertEquals([...seen.dataSync()], expected);
      seen.dispose();
    }
    count.dispose();
    step.dispose();
  });

  Deno.test(`Variable: a value read before an update stays, xla ${xla}`, () => {
    const step = jit(addAt, { name: "add_at_read", xla });
    const table = Variable.of(tf.tensor2d([[1, 2], [3, 4]]));
    const before = table.read();
    const args = [
      tf.tensor2d([[0, 1]], [1, 2], "int32"),
      tf.tensor1d([1]),
    ] as const;
    step({ table }, ...args).dispose();
    const after = table.read();
    assertEquals(before.arraySync(), [[1, 2], [3, 4]]);
    assertEquals(after.arraySync(), [[1, 3], [3, 4]]);
    disposeTree([before, after, ...args]);
    table.dispose();
    step.dispose();
  });
}

Deno.test("Variable.assign() refuses another shape or type", () => {
  const table = Variable.of(tf.tensor2d([[1, 2]]));
  for (
    const [value, found] of [
      [tf.tensor1d([1, 2]), "float32 [2]"],
      [tf.tensor2d([[1, 2]], [1, 2], "int32"), "int32 [1,2]"],
    ] as const
  ) {
    assertThrows(
      () => table.assign(value),
      RangeError,
      `Cannot assign to a variable as the value must be float32 [1,2]: current value is ${found}`,
    );
    value.dispose();
  }
  table.dispose();
});

Deno.test("Variable works on other backends, and leaves nothing", async () => {
  await startCpu();
  try {
    const { numTensors } = tf.memory();
    const step = jit(addAt, { name: "add_at_cpu" });
    const table = Variable.of(tf.tensor2d([[1, 2], [3, 4]]));
    const args = [
      tf.tensor2d([[1, 1]], [1, 2], "int32"),
      tf.tensor1d([5]),
    ] as const;
    for (let i = 0; i < 2; i++) step({ table }, ...args).dispose();
    const value = table.read();
    assertEquals(value.arraySync(), [[1, 2], [3, 14]]);
    value.dispose();
    table.dispose();
    disposeTree([...args]);
    assertEquals(tf.memory().numTensors, numTensors);
  } finally {
    await tf.setBackend(backend.name);
  }
});
