import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { fitLine, fitPower } from "@/lib/report/least_squares.ts";

Deno.test("fitLine() is the line worked out by hand", () => {
  // Means 1.5 and 3.5, sums of squares 5 and 13, of products 8; residuals
  // -0.1, 0.3, -0.3, 0.1.
  const { intercept, slope, slopeError, r2, n } = fitLine([0, 1, 2, 3], [
    1,
    3,
    4,
    6,
  ]);
  assertAlmostEquals(slope, 1.6, 1e-12);
  assertAlmostEquals(intercept, 1.1, 1e-12);
  assertAlmostEquals(slopeError, Math.sqrt(0.02), 1e-12);
  assertAlmostEquals(r2, 1 - 0.2 / 13, 1e-12);
  assertEquals(n, 4);
});

Deno.test("fitLine() scales with y", () => {
  const [x, y] = [[1, 2, 4, 8], [3, 1, 4, 1]];
  const one = fitLine(x, y);
  const ten = fitLine(x, y.map((value) => 10 * value));
  assertAlmostEquals(ten.slope, 10 * one.slope, 1e-12);
  assertAlmostEquals(ten.slopeError, 10 * one.slopeError, 1e-12);
  assertAlmostEquals(ten.r2, one.r2, 1e-12);
});

Deno.test("fitLine() explains all of what does not vary", () => {
  const { slope, intercept, slopeError, r2 } = fitLine([1, 2, 3], [5, 5, 5]);
  assertEquals([slope, intercept, slopeError, r2], [0, 5, 0, 1]);
});

Deno.test("fitPower() finds the exponent", () => {
  const x = [64, 128, 256, 512];
  const { slope, intercept, slopeError } = fitPower(
    x,
    x.map((size) => 3 * size ** 2),
  );
  assertAlmostEquals(slope, 2, 1e-12);
  assertAlmostEquals(intercept, Math.log(3), 1e-10);
  assertAlmostEquals(slopeError, 0, 1e-6);
});

Deno.test("fitLine() and fitPower() refuse what has no fit", () => {
  for (
    const [x, y, rule] of [
      [[1, 2], [1, 2], "there must be at least 3 points: current value is 2"],
      [[1, 2, 3], [1, 2], "x and y must be as many: current value is 3 and 2"],
      [[2, 2, 2], [1, 2, 3], "x must differ: current value is 3 times 2"],
      [[1, 2, 3], [1, NaN, 3], "must be finite: current value is NaN"],
    ] as const
  ) {
    assertThrows(() => fitLine(x, y), RangeError, rule);
  }
  assertThrows(
    () => fitPower([0, 1, 2], [1, 2, 3]),
    RangeError,
    "Cannot fit a line as all numbers must be positive: current value is 0",
  );
});
