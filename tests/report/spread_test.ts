import { assertEquals, assertThrows } from "@std/assert";
import { spreadOf } from "@/lib/report/spread.ts";

Deno.test("spreadOf() is the median and the extremes", () => {
  assertEquals(spreadOf([3]), { median: 3, low: 3, high: 3 });
  assertEquals(spreadOf([10, 9, 2]), { median: 9, low: 2, high: 10 });
  assertEquals(spreadOf([10, 9, 2, 1]), { median: 5.5, low: 1, high: 10 });
});

Deno.test("spreadOf() needs a value", () => {
  assertThrows(
    () => spreadOf([]),
    RangeError,
    "Cannot take a median as there must be a value: current value is []",
  );
});
