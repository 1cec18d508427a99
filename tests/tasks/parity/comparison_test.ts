import { assertEquals, assertThrows } from "@std/assert";
import {
  compareItems,
  compareNumbers,
  compareTensors,
  formatComparisons,
  isWithinBound,
  toLists,
  worstOf,
} from "@/tasks/parity/comparison.ts";

Deno.test("compareNumbers() is relative to the largest expected value", () => {
  const { difference } = compareNumbers("x", [1, -7.5], [2, -8], 0.1);
  assertEquals(difference, 1 / 8);
  assertEquals(compareNumbers("x", [0, 0], [0, 0], 0).difference, 0);
  assertEquals(compareNumbers("x", [1], [0], 0).difference, Infinity);
  assertEquals(compareNumbers("x", [], [], 0).difference, 0);
});

Deno.test("compareNumbers() is NaN where a number is none, which never passes", () => {
  const pairs = [[[NaN], [1]], [[1], [NaN]], [[undefined], [1]]];
  for (const [found, expected] of pairs as number[][][]) {
    const comparison = compareNumbers("x", found, expected, Infinity);
    assertEquals(comparison.difference, NaN);
    assertEquals(isWithinBound(comparison), false);
  }
});

Deno.test("compareNumbers() refuses lists of different lengths", () => {
  assertThrows(
    () => compareNumbers("losses", [1, 2], [1], 0),
    RangeError,
    "Cannot compare losses as the expected shape must be [2]: current value is [1]",
  );
});

Deno.test("compareTensors() compares values of equal shapes", () => {
  const tensor = (...shape: number[]) => ({
    shape,
    data: Float32Array.of(1, 2, 3, 4),
  });
  const found = tensor(2, 2);
  assertEquals(compareTensors("t", found, tensor(2, 2), 0).difference, 0);
  assertThrows(
    () => compareTensors("t", found, tensor(4), 0),
    RangeError,
    "Cannot compare t as the expected shape must be [2,2]: current value is [4]",
  );
});

Deno.test("compareItems() counts what differs, and what is missing", () => {
  const count = (found: unknown[], expected: unknown[]) =>
    compareItems("ids", found, expected).difference;
  assertEquals(count([1, "a", true], [1, "a", true]), 0);
  assertEquals(count([1, 2, 3], [1, 5, 4]), 2);
  assertEquals(count([1], [1, 2, 3]), 2);
  assertEquals(count([1, 2], []), 2);
  assertEquals(count([1], ["1"]), 1);
  assertEquals(isWithinBound(compareItems("ids", [1], [2])), false);
});

Deno.test("worstOf() takes the largest difference, and a NaN before it", () => {
  const at = (difference: number) => ({ name: "x", difference, bound: 0.5 });
  assertEquals(worstOf("all", [at(0.1), at(0.7), at(0)]), {
    name: "all",
    difference: 0.7,
    bound: 0.5,
  });
  assertEquals(worstOf("all", [at(1), at(NaN), at(2)]).difference, NaN);
  assertThrows(
    () => worstOf("grad.*", []),
    RangeError,
    "Cannot compare grad.* as one must be expected: current value is none",
  );
});

Deno.test("toLists() nests the values and keeps float32's digits", () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 0.1);
  assertEquals(toLists({ shape: [3, 1, 2], data }), [
    [[1, 2]],
    [[3, 4]],
    [[5, 0.100000001]],
  ]);
  assertEquals(toLists({ shape: [], data: data.slice(3, 4) }), 4);
  assertEquals(Math.fround(0.100000001), Math.fround(0.1));
});

Deno.test("formatComparisons() is a table with a line each", () => {
  const row = { model: "tiny", case: "lm", bound: 1e-4 };
  assertEquals(
    formatComparisons([
      { ...row, name: "logits", difference: 0.00012 },
      { ...row, name: "greedy", difference: 0, bound: 0 },
      { ...row, name: "hidden", difference: NaN },
    ]),
    [
      "model  case  comparison  max |Δ|  bound",
      "tiny   lm    logits      1.2e-4   1.0e-4  FAIL",
      "tiny   lm    greedy      0        0       pass",
      "tiny   lm    hidden      NaN      1.0e-4  FAIL",
    ].join("\n"),
  );
});
