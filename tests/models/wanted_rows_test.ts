import "@/tests/backend.ts";
import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { wantedRows } from "@/lib/models/wanted_rows.ts";
import { tidyTest } from "@/tests/models/tiny.ts";

const ROWS = [[1, 2], [3, 4], [5, 6], [7, 8]];

tidyTest("wantedRows() gathers rows in the given order", () => {
  const places = tf.tensor1d([3, 0], "int32");
  assertEquals(wantedRows(tf.tensor2d(ROWS), places).arraySync(), [
    [7, 8],
    [1, 2],
  ]);
});

tidyTest(
  "wantedRows() puts gradients back where rows were, 0 elsewhere",
  () => {
    const places = tf.tensor1d([3, 0], "int32");
    const weights = tf.tensor2d([[10, 20], [30, 40]]);
    const gradient = tf.grad((x) =>
      wantedRows(x as tf.Tensor2D, places).mul(weights).sum()
    )(tf.tensor2d(ROWS));
    assertEquals(gradient.arraySync(), [[30, 40], [0, 0], [0, 0], [10, 20]]);
  },
);
