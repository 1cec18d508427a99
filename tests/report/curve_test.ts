import { assertEquals } from "@std/assert";
import { meanCurve } from "@/lib/report/curve.ts";

Deno.test("meanCurve() is worked out by hand", () => {
  assertEquals(meanCurve("loss", [4, 2, 5, 3, 7], 2), {
    name: "loss",
    x: [2, 4, 5],
    y: [3, 4, 7],
  });
  assertEquals(meanCurve("loss", [4, 2], 1).y, [4, 2]);
});
