import { assertEquals } from "@std/assert";
import { failureLabel } from "@/lib/benchmarks/mod.ts";

Deno.test("failureLabel() is that of the earliest event", () => {
  assertEquals(
    failureLabel([
      { turn: 2, label: "tool parsing error" },
      { turn: 1, label: "compositional reasoning" },
      { turn: 3, label: "false belief" },
    ]),
    "compositional reasoning",
  );
});

Deno.test("failureLabel() prefers a turn's events in the order of the labels", () => {
  assertEquals(
    failureLabel([
      { turn: 1, label: "planning failure" },
      { turn: 1, label: "false belief" },
      { turn: 1, label: "compositional reasoning" },
    ]),
    "false belief",
  );
});

Deno.test("failureLabel() is other without an event", () => {
  assertEquals(failureLabel([]), "other");
});
