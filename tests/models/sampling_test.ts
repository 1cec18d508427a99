import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { chooseTokens } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { tidyTest } from "./tiny.ts";

/** The choice for each number, all rows with the same scores. */
function choose(
  scores: readonly number[],
  numbers: readonly number[],
  temperature = 1,
): number[] {
  const logits = tf.tile(tf.tensor2d([[...scores]]), [numbers.length, 1]);
  const chosen = chooseTokens(logits as tf.Tensor2D, {
    temperature: tf.scalar(temperature),
    uniforms: tf.tensor1d([...numbers]),
  });
  assertEquals(chosen.dtype, "int32");
  return [...chosen.dataSync()];
}

tidyTest("chooseTokens() without noise takes the largest score", () => {
  const logits = tf.tensor2d([[0, 3, 1], [-5, -9, -7]]);
  assertEquals([...chooseTokens(logits, null).dataSync()], [1, 0]);
});

tidyTest(
  "chooseTokens() takes the first token whose cumulated probability exceeds the number",
  () => {
    // Probabilities 1/8, 2/8, 5/8.
    const scores = [1, 2, 5].map((weight) => 40 + Math.log(weight));
    assertEquals(
      choose(scores, [0, 0.12, 0.13, 0.37, 0.38, 0.99]),
      [0, 0, 1, 1, 2, 2],
    );
  },
);

tidyTest("chooseTokens() divides by the temperature", () => {
  const scores = [0, Math.log(4)];
  // Weights 1 and 4^(1/T): token 0 has 1/5, 1/3 and, at 1e30, 1/2.
  assertEquals(choose(scores, [0.19, 0.21], 1), [0, 1]);
  assertEquals(choose(scores, [0.33, 0.34], 2), [0, 1]);
  assertEquals(choose(scores, [0.49, 0.51], 1e30), [0, 1]);
  // 100 / 1e-37 is infinite in float32.
  assertEquals(choose([0, 100], [0, 0.999], 1e-37), [1, 1]);
});

tidyTest("chooseTokens() never takes a token without probability", () => {
  // 1 - 2^-32, which a stream can give, is 1 in float32.
  const numbers = [0, 1 - 2 ** -24, 1 - 2 ** -32];
  assertEquals(choose([-1e9, 0, -1e9], numbers), [1, 1, 1]);
  const equal = Array.from({ length: 1000 }, () => 0);
  assertEquals(choose(equal, numbers), [0, 999, 999]);
});

tidyTest(
  "chooseTokens() of a row depends on its own scores and number only",
  () => {
    const logits = tf.tensor2d([[0, 1, 2], [2, 0, 1], [1, 2, 0]]);
    const uniforms = tf.tensor1d([0.3, 0.8, 0.5]);
    const temperature = tf.scalar(0.7);
    const together = chooseTokens(logits, { temperature, uniforms }).dataSync();
    const alone = [0, 1, 2].map((row) =>
      chooseTokens(logits.slice([row, 0], [1, 3]), {
        temperature,
        uniforms: uniforms.slice(row, 1),
      }).dataSync()[0]
    );
    assertEquals([...together], alone);
  },
);

tidyTest(
  "chooseTokens() draws tokens as often as softmax says (chi-square)",
  () => {
    const scores = [0.3, -1.2, 2, 0, 1.1, -0.4, 0.9, -3];
    const temperature = 0.8;
    const n = 40_000;
    const random = seededRandom("chi-square");
    const counts = Array(scores.length).fill(0);
    for (
      const token of choose(
        scores,
        Array.from({ length: n }, random),
        temperature,
      )
    ) {
      counts[token]++;
    }
    const weights = scores.map((score) => Math.exp(score / temperature));
    const total = weights.reduce((sum, weight) => sum + weight);
    const statistic = counts.reduce((sum, count, token) => {
      const expected = n * weights[token] / total;
      return sum + (count - expected) ** 2 / expected;
    }, 0);
    // 7 degrees of freedom: one right sampler in 1,000 exceeds 24.3.
    assert(statistic < 24.3, `chi-square ${statistic}`);
  },
);
