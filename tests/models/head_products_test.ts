import "@/tests/backend.ts";
import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { headScores, headSums } from "@/lib/models/head_products.ts";
import { normals, seededRandom } from "@/lib/random.ts";
import { assertClose, tidyTest } from "./tiny.ts";

/** Two rows, three queries, five keys, six query heads, two key heads. */
const [B, T, S, H, KV, headDim] = [2, 3, 5, 6, 2, 4];

function random(...shape: [number, number, number, number]): tf.Tensor4D {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor4d(normals(seededRandom("products", ...shape), size), shape);
}

/** Row of the products for query t of head h: the group's heads in turn. */
const rowOf = (h: number, t: number): number => h % (H / KV) * T + t;

tidyTest("headScores() is the product of every query with every key", () => {
  const queries = random(B, T, H, headDim);
  const keys = random(B, S, KV, headDim);
  const scores = headScores(queries, keys);
  assertEquals(scores.shape, [B, KV, H / KV * T, S]);
  const [q, k, found] = [queries, keys, scores].map((x) => x.arraySync());
  for (const [b, t, s, h] of [[0, 0, 0, 0], [1, 2, 4, 5], [0, 1, 3, 2]]) {
    const kv = Math.floor(h * KV / H);
    const expected = q[b][t][h].reduce(
      (sum, value, i) => sum + value * k[b][s][kv][i],
      0,
    );
    assertClose([found[b][kv][rowOf(h, t)][s]], [expected], 1e-5);
  }
});

tidyTest("headSums() weights the values of every head", () => {
  const weights = random(B, KV, H / KV * T, S);
  const values = random(B, S, KV, headDim);
  const sums = headSums(weights, values, T);
  assertEquals(sums.shape, [B, T, H, headDim]);
  const [w, v, found] = [weights, values, sums].map((x) => x.arraySync());
  for (const [b, t, h, i] of [[0, 0, 0, 0], [1, 2, 5, 3], [0, 1, 2, 1]]) {
    const kv = Math.floor(h * KV / H);
    const expected = w[b][kv][rowOf(h, t)].reduce(
      (sum, weight, s) => sum + weight * v[b][s][kv][i],
      0,
    );
    assertClose([found[b][t][h][i]], [expected], 1e-5);
  }
});

for (
  const { name, product, shapes } of [
    {
      name: "headScores()",
      product: headScores,
      shapes: [[B, T, H, headDim], [B, S, KV, headDim]],
    },
    {
      name: "headSums()",
      product: (w: tf.Tensor4D, v: tf.Tensor4D) => headSums(w, v, T),
      shapes: [[B, KV, H / KV * T, S], [B, S, KV, headDim]],
    },
  ] as const
) {
  tidyTest(`${name} has the gradients of finite differences`, () => {
    const factors = shapes.map((shape) => random(...shape));
    const direction = random(...product(factors[0], factors[1]).shape);
    const along = (a: tf.Tensor, b: tf.Tensor): tf.Scalar =>
      product(a as tf.Tensor4D, b as tf.Tensor4D).mul(direction).sum();
    const gradients = tf.grads(along)(factors);
    gradients.forEach((gradient, i) => {
      assertEquals(gradient.shape, factors[i].shape);
      // A product is linear in each factor: any step gives its exact slope.
      const change = random(...shapes[i]).add(0.5);
      const moved = factors.map((x, j) => j === i ? x.add(change) : x);
      const slope = along(moved[0], moved[1])
        .sub(along(factors[0], factors[1]));
      assertClose(
        gradient.mul(change).sum().dataSync(),
        slope.dataSync(),
        1e-4,
      );
    });
  });
}
