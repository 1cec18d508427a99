import { assertEquals, assertThrows } from "@std/assert";
import type { OpAttribute } from "@/lib/tensorflow/attributes.ts";
import { TF_TYPE } from "@/lib/tensorflow/c_api.ts";
import { Graph } from "@/lib/tensorflow/graph.ts";
import { createTensor } from "@/lib/tensorflow/tensors.ts";
import { tensorflowTest } from "@/tests/backend.ts";
import { api } from "./open_api.ts";

const FLOAT: OpAttribute = { name: "T", type: 6, value: TF_TYPE.float };

function withGraph(use: (graph: Graph) => void): void {
  const graph = new Graph(api!);
  use(graph);
  graph.dispose();
}

tensorflowTest(
  "Graph knows shape and type of every output",
  () =>
    withGraph((graph) => {
      const x = graph.placeholder(TF_TYPE.float, [2, 1, 3]);
      assertEquals([x.shape, x.dtype], [[2, 1, 3], TF_TYPE.float]);
      const scalar = graph.placeholder(TF_TYPE.bool, []);
      assertEquals([scalar.shape, scalar.dtype], [[], TF_TYPE.bool]);
      const empty = graph.placeholder(TF_TYPE.int32, [0, 4]);
      assertEquals([empty.shape, empty.dtype], [[0, 4], TF_TYPE.int32]);
      const tensor = createTensor(api!, [2], TF_TYPE.int32, [3, 4]);
      const constant = graph.constant(TF_TYPE.int32, tensor);
      api!.symbols.TF_DeleteTensor(tensor);
      assertEquals([constant.shape, constant.dtype], [[2], TF_TYPE.int32]);
      const y = graph.placeholder(TF_TYPE.float, [4, 1]);
      const [sum] = graph.operation("AddV2", [FLOAT], [x, y], 1);
      assertEquals([sum.shape, sum.dtype], [[2, 4, 3], TF_TYPE.float]);
    }),
);

tensorflowTest(
  "Graph says in TensorFlow's words why it cannot take an op",
  () =>
    withGraph((graph) => {
      const x = graph.placeholder(TF_TYPE.float, [2]);
      const y = graph.placeholder(TF_TYPE.float, [3]);
      for (
        const [op, inputs, words] of [
          ["AddV2", [x, y], "Dimensions must be equal, but are 2 and 3"],
          ["NoSuchOp", [x], "Op type not registered 'NoSuchOp'"],
          ["AddV2", [x], "AddV2"],
          ["ConcatV2", [x, y], "ConcatV2"],
        ] as const
      ) {
        assertThrows(
          () => graph.operation(op, [FLOAT], inputs, 1),
          Error,
          `Cannot trace ${op} as TensorFlow refused it: `,
        );
        assertThrows(
          () => graph.operation(op, [FLOAT], inputs, 1),
          Error,
          words,
        );
      }
      assertEquals(graph.operation("Neg", [FLOAT], [x], 1)[0].shape, [2]);
    }),
);

tensorflowTest(
  "Graph refuses shapes that depend on values",
  () =>
    withGraph((graph) => {
      const condition = graph.placeholder(TF_TYPE.bool, [4]);
      assertThrows(
        () =>
          graph.operation("Where", [{ ...FLOAT, value: TF_TYPE.bool }], [
            condition,
          ], 1),
        Error,
        "Cannot trace Where as the shapes of its outputs must not depend on values: current value is [-1,1]",
      );
      const shape = graph.placeholder(TF_TYPE.int32, [2]);
      const x = graph.placeholder(TF_TYPE.float, [6]);
      const rank = graph.placeholder(TF_TYPE.int32, []);
      assertThrows(
        () =>
          graph.operation(
            "Reshape",
            [
              FLOAT,
              { name: "Tshape", type: 6, value: TF_TYPE.int32 },
            ],
            [x, shape],
            1,
          ),
        Error,
        "current value is [-1,-1]",
      );
      assertThrows(
        () =>
          graph.operation(
            "ExpandDims",
            [
              FLOAT,
              { name: "Tdim", type: 6, value: TF_TYPE.int32 },
            ],
            [x, rank],
            1,
          ),
        Error,
        "Cannot trace ExpandDims as the shapes of its outputs must not depend on values: current value is unknown",
      );
    }),
);

tensorflowTest(
  "toFunction() says why it cannot make one",
  () =>
    withGraph((graph) => {
      const x = graph.placeholder(TF_TYPE.float, [2]);
      const [y] = graph.operation("Neg", [FLOAT], [x], 1);
      assertThrows(
        () => graph.toFunction("twice", [x, x], [y]),
        Error,
        "Cannot make a function of twice as TensorFlow refused it: ",
      );
    }),
);
