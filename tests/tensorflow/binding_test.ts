import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { OpAttribute } from "@/lib/tensorflow/attributes.ts";
import { TensorflowBinding } from "@/lib/tensorflow/binding.ts";
import { TF_TYPE } from "@/lib/tensorflow/c_api.ts";
import { homeOf } from "@/lib/tensorflow/context.ts";
import { findTensorflow, startCpu } from "@/lib/tensorflow/mod.ts";
import { cuda, tensorflowTest } from "@/tests/backend.ts";
import { api } from "./open_api.ts";

const FLOAT: OpAttribute = { name: "T", type: 6, value: TF_TYPE.float };

/** Makes vectors of these numbers; all must be freed in the end. */
function withVectors(
  binding: TensorflowBinding,
  vectors: readonly (readonly number[])[],
  use: (...ids: number[]) => void,
): void {
  const tensors = binding.getNumOfTensors();
  const ids = vectors.map((values) =>
    binding.createTensor([values.length], TF_TYPE.float, values)
  );
  use(...ids);
  for (const id of ids) binding.deleteTensor(id);
  assertEquals(binding.getNumOfTensors(), tensors);
}

/** The values of a tensor, which is deleted. */
function take(binding: TensorflowBinding, id: number): number[] {
  const values = [...binding.tensorDataSync(id)].map(Number);
  binding.deleteTensor(id);
  return values;
}

tensorflowTest("executeOp() computes, and says shape and type", (binding) => {
  withVectors(binding, [[1, 2], [10, 20]], (a, b) => {
    const [sum] = binding.executeOp("AddV2", [FLOAT], [a, b], 1);
    assertEquals([sum.shape, sum.dtype], [[2], TF_TYPE.float]);
    assertEquals(take(binding, sum.id), [11, 22]);
  });
});

tensorflowTest(
  "executeOp() says in TensorFlow's words why it cannot",
  (binding) => {
    withVectors(binding, [[1, 2], [1, 2, 3]], (a, b) => {
      const alpha = { name: "alpha", type: 1, value: 1 };
      for (
        const [op, attributes, inputs, words] of [
          ["AddV2", [FLOAT], [a, b], "Incompatible shapes: [2] vs. [3]"],
          ["AddV2", [FLOAT], [a], "expected 2 inputs, got 1"],
          ["MatMul", [FLOAT], [a, b], "ndims must be"],
          ["NoSuchOp", [], [a], "'NoSuchOp' is neither a type of a primitive"],
          ["LeakyRelu", [alpha], [a], "type 'int' when 'float' expected"],
        ] as const
      ) {
        const tensors = binding.getNumOfTensors();
        const { message } = assertThrows(
          () => binding.executeOp(op, attributes, inputs, 1),
          Error,
          `Cannot run ${op} as TensorFlow refused it: `,
        ) as Error;
        assert(message.includes(words), message);
        assertEquals(binding.getNumOfTensors(), tensors);
      }
      const [sum] = binding.executeOp("AddV2", [FLOAT], [a, a], 1);
      assertEquals(take(binding, sum.id), [2, 4], "the next op runs");
    });
  },
);

tensorflowTest(
  "executeOp() refuses an attribute of no known kind, eager or traced",
  (binding) => {
    withVectors(binding, [[1, 2]], (a) => {
      for (
        const [attribute, current] of [
          [{ name: "T", type: 11, value: 1 }, "1 (11)"],
          [{ name: "mode", type: 0, value: [1] }, "[1] (0)"],
          [{ name: "alpha", type: 2, value: "x" }, '"x" (2)'],
          [{ name: "flag", type: 3, value: 1 }, "1 (3)"],
        ] as const
      ) {
        const message =
          `Cannot set attribute '${attribute.name}' as it must be a string (0), int or ints (1), float (2), bool (3) or type (6): current value is ${current}`;
        const tensors = binding.getNumOfTensors();
        const run = (): number[] => {
          binding.executeOp("Neg", [attribute], [a], 1);
          return [];
        };
        assertThrows(run, TypeError, message);
        assertThrows(
          () => binding.traceFunction("wrong", [], run),
          TypeError,
          message,
        );
        assertEquals(binding.tracing, false);
        assertEquals(binding.getNumOfTensors(), tensors);
      }
    });
  },
);

tensorflowTest("a deleted tensor is named", (binding) => {
  withVectors(binding, [[1], [2]], (a, gone) => {
    binding.deleteTensor(gone);
    binding.deleteTensor(gone);
    for (
      const use of [
        () => binding.tensorDataSync(gone),
        () => binding.executeOp("AddV2", [FLOAT], [a, gone], 1),
      ]
    ) {
      assertThrows(use, Error, `Cannot use tensor ${gone} as it was deleted`);
    }
  });
});

interface Input {
  readonly values: readonly number[];
  readonly shape: readonly number[];
  readonly dtype?: number;
}

/** Ops with every kind of attribute, with lists of inputs and of outputs. */
const OPS: readonly {
  readonly what: string;
  readonly op: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputs: readonly Input[];
  readonly outputs: readonly Required<Input>[];
}[] = [
  {
    what: "types",
    op: "Cast",
    attributes: [
      { name: "SrcT", type: 6, value: TF_TYPE.float },
      { name: "DstT", type: 6, value: TF_TYPE.int32 },
    ],
    inputs: [{ values: [1.5, -2.5], shape: [2] }],
    outputs: [{ values: [1, -2], shape: [2], dtype: TF_TYPE.int32 }],
  },
  {
    what: "a float",
    op: "LeakyRelu",
    attributes: [FLOAT, { name: "alpha", type: 2, value: 0.25 }],
    inputs: [{ values: [4, -4], shape: [2] }],
    outputs: [{ values: [4, -1], shape: [2], dtype: TF_TYPE.float }],
  },
  {
    what: "bools",
    op: "MatMul",
    attributes: [
      FLOAT,
      { name: "transpose_a", type: 3, value: false },
      { name: "transpose_b", type: 3, value: true },
    ],
    inputs: [
      { values: [1, 2], shape: [1, 2] },
      { values: [3, 4, 5, 6], shape: [2, 2] },
    ],
    outputs: [{ values: [11, 17], shape: [1, 2], dtype: TF_TYPE.float }],
  },
  {
    what: "a string",
    op: "MirrorPad",
    attributes: [
      FLOAT,
      { name: "Tpaddings", type: 6, value: TF_TYPE.int32 },
      { name: "mode", type: 0, value: "REFLECT" },
    ],
    inputs: [
      { values: [1, 2, 3], shape: [3] },
      { values: [1, 0], shape: [1, 2], dtype: TF_TYPE.int32 },
    ],
    outputs: [{ values: [2, 1, 2, 3], shape: [4], dtype: TF_TYPE.float }],
  },
  {
    what: "a list of ints",
    op: "Squeeze",
    attributes: [FLOAT, { name: "squeeze_dims", type: 1, value: [0, 3] }],
    inputs: [{ values: [1, 2], shape: [1, 1, 2, 1] }],
    outputs: [{ values: [1, 2], shape: [1, 2], dtype: TF_TYPE.float }],
  },
  {
    what: "an int, and a list of inputs",
    op: "Pack",
    attributes: [
      FLOAT,
      { name: "N", type: 1, value: 2 },
      { name: "axis", type: 1, value: 1 },
    ],
    inputs: [{ values: [1, 2], shape: [2] }, { values: [3, 4], shape: [2] }],
    outputs: [{ values: [1, 3, 2, 4], shape: [2, 2], dtype: TF_TYPE.float }],
  },
  {
    what: "a list of inputs and one more",
    op: "ConcatV2",
    attributes: [
      FLOAT,
      { name: "N", type: 1, value: 2 },
      { name: "Tidx", type: 6, value: TF_TYPE.int32 },
    ],
    inputs: [
      { values: [1], shape: [1] },
      { values: [2, 3], shape: [2] },
      { values: [0], shape: [], dtype: TF_TYPE.int32 },
    ],
    outputs: [{ values: [1, 2, 3], shape: [3], dtype: TF_TYPE.float }],
  },
  {
    what: "a list of three inputs",
    op: "AddN",
    attributes: [FLOAT, { name: "N", type: 1, value: 3 }],
    inputs: [1, 2, 4].map((value) => ({ values: [value], shape: [] })),
    outputs: [{ values: [7], shape: [], dtype: TF_TYPE.float }],
  },
  {
    what: "two outputs",
    op: "Unpack",
    attributes: [
      FLOAT,
      { name: "num", type: 1, value: 2 },
      { name: "axis", type: 1, value: 0 },
    ],
    inputs: [{ values: [1, 2, 3, 4], shape: [2, 2] }],
    outputs: [
      { values: [1, 2], shape: [2], dtype: TF_TYPE.float },
      { values: [3, 4], shape: [2], dtype: TF_TYPE.float },
    ],
  },
];

for (const { what, op, attributes, inputs, outputs } of OPS) {
  tensorflowTest(
    `${op} with ${what} is the same eager, traced and compiled`,
    (binding) => {
      const before = binding.getNumOfTensors();
      const types = inputs.map(({ shape, dtype = TF_TYPE.float }) => ({
        shape: [...shape],
        dtype,
      }));
      const ids = inputs.map(({ values }, i) =>
        binding.createTensor(types[i].shape, types[i].dtype, values)
      );
      const check = (
        results: ReturnType<TensorflowBinding["executeOp"]>,
      ): void =>
        assertEquals(
          results.map(({ id, shape, dtype }) => ({
            values: take(binding, id),
            shape,
            dtype,
          })),
          outputs.map(({ values, shape, dtype }) => ({ values, shape, dtype })),
        );
      check(binding.executeOp(op, attributes, ids, outputs.length));
      const symbols: number[] = [];
      const fn = binding.traceFunction(`test_${op}`, types, (placeholders) => {
        // Shapes may depend on an integer: it must be a constant.
        const operands = inputs.map(({ values, shape, dtype }, i) =>
          dtype === TF_TYPE.int32
            ? binding.createTensor([...shape], dtype, values)
            : placeholders[i].id
        );
        const results = binding
          .executeOp(op, attributes, operands, outputs.length)
          .map(({ id }) => id);
        symbols.push(...placeholders.map(({ id }) => id));
        symbols.push(...operands, ...results);
        return results;
      });
      const outputTypes = outputs.map(({ shape, dtype }) => ({
        shape: [...shape],
        dtype,
      }));
      check(binding.runFunction(fn, ids, outputTypes, false));
      check(binding.runFunction(fn, ids, outputTypes, true));
      binding.removeFunction(fn);
      for (const id of [...ids, ...symbols]) binding.deleteTensor(id);
      assertEquals(binding.getNumOfTensors(), before);
    },
  );
}

tensorflowTest(
  "runFunction() says which function TensorFlow refused",
  (binding) => {
    withVectors(binding, [[1, 2], [1, 2, 3]], (a, b) => {
      const symbols: number[] = [];
      const type = { shape: [2], dtype: TF_TYPE.float };
      const fn = binding.traceFunction("test_shapes", [type], ([x]) => {
        const [y] = binding.executeOp("AddV2", [FLOAT], [x.id, a], 1);
        symbols.push(x.id, y.id);
        return [y.id];
      });
      for (const xla of [false, true]) {
        const { message } = assertThrows(
          () => binding.runFunction(fn, [b], [type], xla),
          Error,
          "Cannot run test_shapes as TensorFlow refused it: ",
        ) as Error;
        assert(/shape/i.test(message), message);
      }
      binding.removeFunction(fn);
      assertThrows(
        () => binding.runFunction(fn, [a], [type], false),
        Error,
        "Cannot run test_shapes as TensorFlow refused it: ",
      );
      for (const id of symbols) binding.deleteTensor(id);
    });
  },
);

tensorflowTest("the binding names its version and devices", (binding) => {
  assertEquals(binding.TF_Version, "2.21.0");
  assertEquals(binding.devices[0].type, "CPU");
  assert(binding.devices[0].name.endsWith("/device:CPU:0"));
  assertEquals(
    binding.isUsingGpuDevice(),
    binding.devices.some(({ type }) => type === "GPU"),
  );
});

tensorflowTest("TensorflowBinding() takes 1 to 127 threads", () => {
  for (const threads of [0, 128, -1, 1.5, NaN]) {
    assertThrows(
      () => new TensorflowBinding(api!, { threads }),
      RangeError,
      `Cannot start TensorFlow as 'threads' must be an integer from 1 to 127: current value is ${threads}`,
    );
  }
  const binding = new TensorflowBinding(api!, { threads: 1 });
  withVectors(binding, [[3]], (a) => {
    const [negative] = binding.executeOp("Neg", [FLOAT], [a], 1);
    assertEquals(take(binding, negative.id), [-3]);
  });
});

tensorflowTest("a tensor of another backend is brought over", async () => {
  await startCpu();
  const x = tf.tensor1d([1, 2]);
  await tf.setBackend("tensorflow");
  assertEquals([...x.add(1).dataSync()], [2, 3]);
});

Deno.test("homeOf() keeps floats on the first GPU, and all else on the host", () => {
  const [cpu, ...gpus] = ["CPU:0", "GPU:0", "GPU:1"].map((device) => ({
    name: `/job:localhost/replica:0/task:0/device:${device}`,
    type: device.slice(0, 3),
  }));
  assertEquals(homeOf(TF_TYPE.float, [cpu, ...gpus]), gpus[0].name);
  assertEquals(homeOf(TF_TYPE.int32, [cpu, ...gpus]), undefined);
  assertEquals(homeOf(TF_TYPE.bool, [cpu, ...gpus]), undefined);
  assertEquals(homeOf(TF_TYPE.float, [cpu]), undefined);
});

Deno.test({
  name: "createTensor() puts floats where a GPU is",
  ignore: api === undefined,
  fn: () => {
    const binding = new TensorflowBinding(api!);
    // The processor stands for a GPU: what is copied and freed is the same.
    const { name } = binding.devices[0];
    Object.assign(binding, { devices: [{ name, type: "GPU" }] });
    assertEquals(binding.isUsingGpuDevice(), true);
    withVectors(binding, [[1, 2], [10, 20]], (a, b) => {
      const [sum] = binding.executeOp("AddV2", [FLOAT], [a, b], 1);
      assertEquals(take(binding, sum.id), [11, 22]);
    });
    const ghost = "/job:localhost/replica:0/task:0/device:GPU:9";
    Object.assign(binding, { devices: [{ name: ghost, type: "GPU" }] });
    assertThrows(
      () => binding.createTensor([1], TF_TYPE.float, [1]),
      Error,
      `Cannot copy a tensor to ${ghost} as TensorFlow refused it: `,
    );
    assertEquals(binding.getNumOfTensors(), 0);
  },
});

tensorflowTest("multiplyExactly() turns TensorFloat-32 off", async () => {
  const { frameworkPath } = (await findTensorflow({ cuda }))!;
  const framework = Deno.dlopen(frameworkPath, {
    isEnabled: {
      name: "_ZN3tsl33tensor_float_32_execution_enabledEv",
      parameters: [],
      result: "bool",
    },
    enable: {
      name: "_ZN3tsl32enable_tensor_float_32_executionEb",
      parameters: ["bool"],
      result: "void",
    },
  });
  const { isEnabled, enable } = framework.symbols;
  const before = isEnabled();
  enable(true);
  api!.multiplyExactly();
  assertEquals(isEnabled(), false);
  enable(before);
  framework.close();
});
