import { backend } from "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { filledTensor, startCpu } from "@/lib/tensorflow/mod.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

tensorTest("filledTensor() holds what was written", () => {
  const tensor = filledTensor([2, 3], (values) => {
    values.forEach((_, i) => values[i] = i);
  });
  assertEquals(tensor.shape, [2, 3]);
  assertEquals(tensor.arraySync(), [[0, 1, 2], [3, 4, 5]]);
  tensor.dispose();
});

tensorTest("filledTensor() of no elements or of one", () => {
  const empty = filledTensor([0, 3], ({ length }) => assertEquals(length, 0));
  assertEquals(empty.arraySync(), []);
  const scalar = filledTensor([], (values) => values[0] = 7);
  assertEquals(scalar.arraySync(), 7);
  tf.dispose([empty, scalar]);
});

tensorTest("filledTensor() makes none if the values cannot be written", () => {
  const fill = (): never => {
    throw new RangeError("Cannot read");
  };
  assertThrows(() => filledTensor([2], fill), RangeError, "Cannot read");
});

Deno.test("filledTensor() is the same on a fallback", async () => {
  await startCpu();
  try {
    const tensor = filledTensor([2], (values) => values.set([1, 2]));
    assertEquals(tensor.arraySync(), [1, 2]);
    tensor.dispose();
  } finally {
    await tf.setBackend(backend.name);
  }
});
