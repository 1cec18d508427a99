import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { CApi } from "@/lib/tensorflow/c_api.ts";
import { TF_TYPE } from "@/lib/tensorflow/c_api.ts";
import { createTensor } from "@/lib/tensorflow/tensors.ts";
import { tensorflowTest } from "@/tests/backend.ts";

/** Type, shape, values and what holds them on the host. */
const ROUND_TRIPS = [
  ["float32", [2, 2], [1.5, -0, NaN, -Infinity], Float32Array],
  ["int32", [3], [2 ** 31 - 1, -(2 ** 31), 2 ** 24 + 1], Int32Array],
  ["bool", [2], [1, 0], Uint8Array],
  ["float32", [], [0.1], Float32Array],
  ["int32", [], [-7], Int32Array],
  ["bool", [], [1], Uint8Array],
  ["float32", [0], [], Float32Array],
  ["int32", [2, 0, 3], [], Int32Array],
  ["bool", [0, 1], [], Uint8Array],
] as const;

for (const [dtype, shape, values, Values] of ROUND_TRIPS) {
  tensorflowTest(`${dtype} [${shape}] comes back as it was`, (binding) => {
    const type = TF_TYPE[dtype === "float32" ? "float" : dtype];
    const expected = Values.from(values);
    for (const given of [values, expected]) {
      const id = binding.createTensor([...shape], type, given);
      assertEquals(binding.tensorDataSync(id), expected);
      binding.deleteTensor(id);
    }
    const tensor = tf.tensor(expected, [...shape], dtype);
    assertEquals(tensor.dataSync(), expected);
    assertEquals([tensor.dtype, tensor.shape], [dtype, [...shape]]);
    tensor.dispose();
  });
}

tensorflowTest("int64 comes back from its two halves", (binding) => {
  const halves = Int32Array.of(5, 0, -2, -1, 0, 1);
  const id = binding.createTensor([3], TF_TYPE.int64, halves);
  assertEquals(
    binding.tensorDataSync(id),
    BigInt64Array.of(5n, -2n, 2n ** 32n),
  );
  binding.deleteTensor(id);
});

tensorflowTest("a view of a larger buffer gives its own part", (binding) => {
  const part = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  const id = binding.createTensor([2], TF_TYPE.float, part);
  assertEquals(binding.tensorDataSync(id), Float32Array.of(2, 3));
  binding.deleteTensor(id);
});

tensorflowTest("a tensor keeps its values when the host's change", () => {
  const values = Float32Array.of(1, 2);
  const tensor = tf.tensor1d(values);
  values[0] = 9;
  const read = tensor.dataSync();
  read[1] = 9;
  assertEquals([...tensor.dataSync()], [1, 2]);
  tensor.dispose();
});

tensorflowTest(
  "createTensor() refuses values that do not fill the shape",
  (binding) => {
    const tensors = binding.getNumOfTensors();
    for (const values of [[1], [1, 2, 3], []]) {
      assertThrows(
        () => binding.createTensor([2], TF_TYPE.float, values),
        RangeError,
        `Cannot create a tensor of shape [2] as it needs 8 bytes: current value is ${
          4 * values.length
        }`,
      );
    }
    assertEquals(binding.getNumOfTensors(), tensors);
  },
);

tensorflowTest("createTensor() refuses other types", (binding) => {
  for (
    const [type, values] of [
      [TF_TYPE.string, []],
      [TF_TYPE.complex64, [1]],
      [TF_TYPE.int64, [1]],
      [99, [1]],
    ] as const
  ) {
    assertThrows(
      () => binding.createTensor([1], type, values),
      TypeError,
      `Cannot create a tensor as its type must be float32, int32, bool or, in halves, int64: current value is TF_DataType ${type}`,
    );
  }
  assertThrows(() => tf.tensor1d(["text"]), TypeError, "TF_DataType 7");
});

tensorflowTest("a value of another type cannot be read", (binding) => {
  const x = binding.createTensor([1], TF_TYPE.float, [1]);
  const [double] = binding.executeOp(
    "Cast",
    [
      { name: "SrcT", type: binding.TF_ATTR_TYPE, value: TF_TYPE.float },
      { name: "DstT", type: binding.TF_ATTR_TYPE, value: 2 },
    ],
    [x],
    1,
  );
  assertThrows(
    () => binding.tensorDataSync(double.id),
    TypeError,
    "Cannot read a tensor as its type must be float32, int32, int64, bool or uint8: current value is TF_DataType 2",
  );
  for (const id of [x, double.id]) binding.deleteTensor(id);
});

Deno.test("createTensor() says when there is no memory for a tensor", () => {
  const deleted: unknown[] = [];
  const symbols = {
    "TF_AllocateTensor": () => "tensor",
    "TF_TensorData": () => null,
    "TF_DeleteTensor": (tensor: unknown) => deleted.push(tensor),
  };
  assertThrows(
    () =>
      createTensor({ symbols } as unknown as CApi, [2], TF_TYPE.float, [1, 2]),
    RangeError,
    "Cannot create a tensor of shape [2] as memory must be left for it: current value is 8 bytes",
  );
  assertEquals(deleted, ["tensor"]);
});

// One that is only larger than the memory takes TensorFlow ten seconds: it
// waits for some to be freed.
tensorflowTest(
  "a tensor that is too large is an error, not the end",
  (binding) => {
    const tensors = binding.getNumOfTensors();
    assertThrows(
      () => tf.tidy(() => tf.fill([2 ** 30, 2 ** 30, 8], 1)),
      Error,
      "Cannot run Fill as TensorFlow refused it: Shape [1073741824,1073741824,8] would have more than 2**63 - 1 elements",
    );
    assertEquals(binding.getNumOfTensors(), tensors);
    assertEquals(tf.scalar(1).add(1).dataSync()[0], 2);
  },
);
