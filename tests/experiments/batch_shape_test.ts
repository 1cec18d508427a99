import { assertEquals, assertThrows } from "@std/assert";
import { batchShape, longestSegment } from "@/experiments/batch_shape.ts";
import type { LabelledTokens } from "@/lib/training/mod.ts";

/** A row of which the tokens after the prompt are learned. */
function row(prompt: number, answer: number): LabelledTokens {
  const ids = Array.from({ length: prompt + answer }, (_, t) => t);
  return { ids, labels: ids.map((id, t) => t < prompt ? -100 : id) };
}

Deno.test("batchShape() is the largest of each size, in multiples of 16", () => {
  assertEquals(batchShape([row(20, 7), row(3, 30), row(16, 1)], 4), {
    rows: 4,
    length: 48, // 33 tokens
    targets: 128, // 4 rows of 30
    prompt: 32, // 20
    segment: 32, // 30
  });
  assertEquals(batchShape([row(16, 16)], 1), {
    rows: 1,
    length: 32,
    targets: 16,
    prompt: 16,
    segment: 16,
  });
});

Deno.test("batchShape() has room for every turn of an episode", () => {
  // Turns begin at 5 and 32: the first and what is read after it are 27 tokens.
  const [first, second] = [row(5, 9), row(18, 3)];
  const episode = {
    ids: [...first.ids, ...second.ids],
    labels: [...first.labels, ...second.labels],
  };
  assertEquals(batchShape([episode, row(20, 7)], 2), {
    rows: 2,
    length: 48, // 35 tokens
    targets: 32, // 2 rows of 12
    prompt: 32, // 20
    segment: 32, // 27
    turns: 2,
  });
});

Deno.test("longestSegment() is that between two insertions, in multiples of 16", () => {
  const rows = [[40], [9, 12, 26], [3, 25, 30]].map((points) => ({ points }));
  assertEquals(longestSegment(rows), 32); // 22
  // One insertion a row has nothing to wait for.
  assertEquals(longestSegment(rows.slice(0, 1)), 16);
});

Deno.test("batchShape() refuses to size nothing", () => {
  assertThrows(
    () => batchShape([], 4),
    RangeError,
    "Cannot size batches as there must be at least one row: current value is 0",
  );
});
