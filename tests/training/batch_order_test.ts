import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { batchOrder } from "@/lib/training/mod.ts";

const ROWS = [0, 1, 2, 3, 4];

Deno.test("batchOrder() gives a step the same batch whatever was asked before", () => {
  const forwards = batchOrder(ROWS, 2, 1);
  const inOrder = [0, 1, 2, 3, 4].map(forwards);
  const backwards = batchOrder(ROWS, 2, 1);
  assertEquals([4, 3, 2, 1, 0].map(backwards).reverse(), inOrder);
  // Two passes over five examples are five batches of two.
  assertEquals(inOrder.flat().slice(0, 5).sort(), ROWS);
  assertEquals(inOrder.flat().slice(5).sort(), ROWS);
  const other = batchOrder(ROWS, 2, 2);
  assertNotEquals([0, 1, 2, 3, 4].map(other), inOrder);
});

Deno.test("batchOrder() may take a whole pass, or more than one, at once", () => {
  assertEquals(batchOrder(ROWS, 12, 0)(0).slice(0, 10).sort(), [
    ...[0, 0, 1, 1, 2],
    ...[2, 3, 3, 4, 4],
  ]);
});

Deno.test("batchOrder() refuses to order nothing", () => {
  assertThrows(
    () => batchOrder([], 1, 0),
    RangeError,
    "Cannot order examples as there must be one: current value is []",
  );
});
