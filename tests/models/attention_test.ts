import "@/tests/backend.ts";
import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  attend,
  attendCausal,
  type AttentionPart,
  causalMask,
  KIND,
  MASKED,
  maskWhere,
  rotate,
  rotation,
  visibility,
} from "@/lib/models/mod.ts";
import { headScores, toHeads } from "@/lib/models/head_products.ts";
import { normals, seededRandom } from "@/lib/random.ts";
import { assertClose, tidyTest } from "./tiny.ts";

/** Rounding of a few float32 operations. */
const ROUNDING = 1e-6;

function random(
  name: string,
  shape: [number, number, number, number],
): tf.Tensor4D {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor4d(normals(seededRandom("attention", name), size), shape);
}

function positions(...rows: number[][]): tf.Tensor2D {
  return tf.tensor2d(rows, undefined, "int32");
}

tidyTest("attend() of two tokens is what is worked out by hand", () => {
  // Head size 4 divides the products by 2, so token 1 scores 0 and ln 3:
  // weights 1/4 and 3/4. Token 0 sees itself alone.
  const queries = tf.tensor4d(
    [[[[9, 9, 9, 9]], [[2 * Math.log(3), 0, 0, 0]]]],
  );
  const keys = tf.tensor4d([[[[0, 1, 2, 3]], [[1, 0, 0, 0]]]]);
  const values = tf.tensor4d([[[[4, 0, 0, -4]], [[8, 0, 4, 0]]]]);
  const output = attend(queries, { keys, values, mask: causalMask(2) });
  assertEquals(output.shape, [1, 2, 4]);
  assertClose(
    output.dataSync(),
    [4, 0, 0, -4, 7, 0, 3, -1],
    ROUNDING,
  );
});

tidyTest("attend() lets query head h read key head floor(h KV / H)", () => {
  const [H, KV, T] = [6, 2, 5];
  const queries = random("q", [2, T, H, 4]);
  const [keys, values] = ["k", "v"].map((name) => random(name, [2, T, KV, 4]));
  const repeat = (x: tf.Tensor4D): tf.Tensor4D =>
    tf.gather(x, tf.tensor1d([0, 0, 0, 1, 1, 1], "int32"), 2);
  const mask = causalMask(T);
  const grouped = attend(queries, { keys, values, mask });
  const repeated = attend(
    queries,
    { keys: repeat(keys), values: repeat(values), mask },
  );
  assertClose(grouped.dataSync(), repeated.dataSync(), ROUNDING);
});

/** Earlier parts of 6 and 1 keys and 3 new tokens, for 3 queries. */
function randomParts(): { past: AttentionPart[]; added: AttentionPart } {
  const [B, KV, T] = [2, 2, 3];
  const [first, second, added] = [6, 1, T].map((S, i): AttentionPart => ({
    keys: random(`k${i}`, [B, KV, S, 4]),
    values: random(`v${i}`, [B, KV, S, 4]),
    mask: maskWhere(random(`m${i}`, [B, 1, T, S]).greater(0)),
  }));
  const { keys, values, mask } = added;
  return {
    past: [first, second],
    added: { keys: toHeads(keys), values: toHeads(values), mask },
  };
}

tidyTest("attend() over parts equals attend() over their concatenation", () => {
  const queries = random("q", [2, 3, 4, 4]);
  const { past, added } = randomParts();
  const join = (name: "keys" | "values"): tf.Tensor4D =>
    tf.concat([...past.map((part) => toHeads(part[name])), added[name]], 1);
  const whole = attend(queries, {
    keys: join("keys"),
    values: join("values"),
    mask: tf.concat([...past, added].map(({ mask }) => mask), 3),
  });
  assertClose(
    attend(queries, added, past).dataSync(),
    whole.dataSync(),
    ROUNDING,
  );
});

tidyTest("attend() ignores what is masked, whatever it holds", () => {
  const queries = random("q", [1, 1, 2, 4]);
  const [keys, values] = ["k", "v"].map((name) => random(name, [1, 3, 1, 4]));
  const mask = tf.tensor4d([0, MASKED, 0], [1, 1, 1, 3]);
  const noise = tf.tensor4d([0, 1e4, 0], [1, 3, 1, 1]);
  assertClose(
    attend(
      queries,
      { keys: keys.add(noise), values: values.add(noise), mask },
    ).dataSync(),
    attend(queries, { keys, values, mask }).dataSync(),
    ROUNDING,
  );
});

tidyTest("attend() stays finite for a query that may see nothing", () => {
  const [queries, keys, values] = ["q", "k", "v"]
    .map((name) => random(name, [1, 2, 1, 4]));
  const mask = tf.fill([1, 1, 2, 2], 2 * MASKED) as tf.Tensor4D;
  const output = attend(queries, { keys, values, mask });
  assertEquals(output.isFinite().all().dataSync()[0], 1);
});

tidyTest("attendCausal() equals attend() with a causal mask, in blocks", () => {
  const [B, T, H, KV] = [2, 150, 4, 2]; // two whole blocks of 64, and a part
  const queries = random("q", [B, T, H, 4]);
  const [keys, values] = ["k", "v"].map((name) => random(name, [B, T, KV, 4]));
  const past = [T, 1].map((rows): AttentionPart => ({
    keys: random("past k", [B, KV, 5, 4]),
    values: random("past v", [B, KV, 5, 4]),
    mask: maskWhere(random("past m", [B, 1, rows, 5]).greater(0)),
  }));
  for (const earlier of [[], past]) {
    assertClose(
      attendCausal(queries, { keys, values }, earlier).dataSync(),
      attend(queries, { keys, values, mask: causalMask(T) }, earlier)
        .dataSync(),
      ROUNDING,
    );
  }
});

tidyTest("rotation() turns pair i by position times theta^(-2i/hd)", () => {
  const { cos, sin } = rotation(positions([0, 3, -2]), 4, 100);
  assertEquals(cos.shape, [1, 3, 1, 4]);
  // Pair 0 turns by 1 a position, pair 1 by 100^(-2/4) = 0.1.
  const angles = [0, 3, -2].flatMap((p) => [p, p / 10, p, p / 10]);
  assertClose(cos.dataSync(), angles.map(Math.cos), ROUNDING);
  assertClose(sin.dataSync(), angles.map(Math.sin), ROUNDING);
});

tidyTest("rotate() turns the pairs (i, i + hd/2)", () => {
  const x = tf.tensor4d([1, 0, 0, 2], [1, 1, 1, 4]);
  const turned = rotate(x, rotation(positions([3]), 4, 100));
  // (1, 0) by 3, (0, 2) by 0.3.
  assertClose(
    turned.dataSync(),
    [Math.cos(3), -2 * Math.sin(0.3), Math.sin(3), 2 * Math.cos(0.3)],
    ROUNDING,
  );
});

tidyTest(
  "rotate() makes products depend on differences of positions only, negative ones too",
  () => {
    const places = [0, 1, 5, 2];
    const [queries, keys] = ["q", "k"].map((name) =>
      random(name, [1, places.length, 2, 8])
    );
    const products = (shift: number): Float32Array => {
      const turn = rotation(
        positions(places.map((p) => p + shift)),
        8,
        10_000,
      );
      return headScores(rotate(queries, turn), rotate(keys, turn))
        .dataSync<"float32">();
    };
    for (const shift of [-1, -8, 64]) {
      // An angle of 69 has an error of 69 times 2^-24.
      assertClose(products(shift), products(0), 1e-5);
    }
  },
);

tidyTest("causalMask() lets a token see itself and what is before it", () => {
  assertEquals(causalMask(3).arraySync(), [[[
    [0, MASKED, MASKED],
    [0, 0, MASKED],
    [0, 0, 0],
  ]]]);
});

tidyTest("causalMask() has the rows from a token on", () => {
  assertEquals(causalMask(4, 2).arraySync(), [[[
    [0, 0, 0, MASKED],
    [0, 0, 0, 0],
  ]]]);
});

tidyTest("maskWhere() masks where it is not true or 1", () => {
  const expected = [0, MASKED];
  // -0 and 0 add the same, but are not equal to a test.
  const read = (x: tf.Tensor) => Array.from(x.dataSync(), (v) => v + 0);
  assertEquals(read(maskWhere(tf.tensor1d([true, false]))), expected);
  assertEquals(read(maskWhere(tf.tensor1d([1, 0], "int32"))), expected);
});

tidyTest(
  "visibility() lets text see text and memory, and memory see memory",
  () => {
    const kinds = [KIND.none, KIND.text, KIND.memory];
    const mask = visibility(positions(kinds), positions(kinds));
    assertEquals(mask.shape, [1, 1, 3, 3]);
    const sees = Array.from(mask.dataSync(), (value) => value === 0);
    assertEquals(sees, [
      ...[false, false, true], // padding
      ...[false, true, true], // text
      ...[false, false, true], // memory
    ]);
  },
);

tidyTest("visibility() keeps rows apart", () => {
  const queries = positions([KIND.text], [KIND.text]);
  const keys = positions([KIND.text, KIND.none], [KIND.none, KIND.text]);
  const sees = Array.from(
    visibility(queries, keys).dataSync(),
    (value) => value === 0,
  );
  assertEquals(sees, [true, false, false, true]);
});
