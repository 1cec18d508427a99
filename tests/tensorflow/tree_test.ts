import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { disposeTree, flatten, tidy, unflatten } from "@/lib/tensorflow/mod.ts";
import "@/tests/backend.ts";

Deno.test("flatten() takes tensors in order, records by their keys", () => {
  const [a, b, c] = [tf.scalar(1), tf.scalar(2), tf.scalar(3)];
  const tree = { z: a, list: [b, 7, [c, null]], x: { y: a, text: "t" } };
  const { tensors, structure } = flatten(tree);
  assertEquals(tensors, [b, c, a, a]);
  assertEquals(structure, {
    record: {
      list: [{ tensor: 0 }, { leaf: 7 }, [{ tensor: 1 }, { leaf: null }]],
      x: { record: { text: { leaf: "t" }, y: { tensor: 2 } } },
      z: { tensor: 3 },
    },
  });
  assertEquals(flatten({ b: 1, a: 2 }), flatten({ a: 2, b: 1 }));
});

Deno.test("unflatten() undoes flatten()", () => {
  const x = tf.scalar(1);
  const trees: unknown[] = [
    x,
    [],
    {},
    null,
    undefined,
    NaN,
    true,
    "text",
    [x, [x, []], { a: { b: [x, undefined, Infinity] } }],
    { tensor: x, leaf: 1, record: { record: x } },
    Object.assign(Object.create(null), { a: x }),
  ];
  for (const tree of trees) {
    const { structure, tensors } = flatten(tree);
    assertEquals(unflatten(structure, tensors), normalized(tree));
  }
});

/** Records without a prototype come back with one. */
function normalized(tree: unknown): unknown {
  return tree !== null && typeof tree === "object" &&
      Object.getPrototypeOf(tree) === null
    ? { ...tree }
    : tree;
}

Deno.test("unflatten() puts other tensors in the same places", () => {
  const [x, y] = [tf.scalar(1), tf.scalar(2)];
  const { structure } = flatten({ a: x, b: [x] });
  assertEquals(unflatten(structure, [x, y]), { a: x, b: [y] });
});

Deno.test("flatten() refuses leaves that are neither tensors nor static", () => {
  class Model {}
  const leaves: readonly (readonly [unknown, string])[] = [
    [new Float32Array(1), "Float32Array"],
    [new Map(), "Map"],
    [new Model(), "Model"],
    [() => 1, "Function"],
    [1n, "BigInt"],
    [Symbol(), "Symbol"],
    [Promise.resolve(1), "Promise"],
  ];
  for (const [leaf, name] of leaves) {
    assertThrows(
      () => flatten({ a: [leaf] }),
      TypeError,
      `Cannot flatten a tree as its leaves must be tensors, variables, numbers, strings, booleans, null or undefined: current value is a ${name}`,
    );
  }
});

Deno.test("tidy() frees all but the tensors of the result", () => {
  const before = tf.memory().numTensors;
  const result = tidy(() => {
    const x = tf.scalar(1);
    return { kept: [x.add(1)], none: null, size: 3 };
  });
  assertEquals(tf.memory().numTensors - before, 1);
  assertEquals(result.kept[0].dataSync()[0], 2);
  disposeTree(result);
  disposeTree(result);
  assertEquals(tf.memory().numTensors, before);
});
