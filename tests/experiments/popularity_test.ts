import { assertEquals, assertThrows } from "@std/assert";
import { byPopularity, popularityTable } from "@/experiments/popularity.ts";

/** Task i is the i-th most popular of twelve; the last is asked first. */
const TASKS = Array.from({ length: 12 }, (_, i) => ({
  id: `t${12 - i}`,
  meta: { popularity: Math.round(1000 / (12 - i)) },
}));

const SEARCH = "<think> Who? </think>\n<search> who </search>";
const ANSWER = "<answer> She </answer>";

/** Right on the first tasks; the others were searched for. */
function answers(right: number) {
  return TASKS.map(({ id }) => {
    const isRight = Number(id.slice(1)) <= right;
    return {
      id,
      turns: isRight ? [ANSWER] : [SEARCH, ANSWER],
      official: isRight ? 1 as const : 0 as const,
    };
  });
}

Deno.test("byPopularity() counts tenths, the most popular first", () => {
  const parts = byPopularity(TASKS, { Vanilla: answers(3), SFT: answers(12) })!;
  // Twelve tasks in ten parts: numbers 1, 2, 3 and 4, 5, ..., 11 and 12.
  assertEquals(parts.map(({ n }) => n), [1, 1, 2, 1, 1, 1, 1, 2, 1, 1]);
  assertEquals(parts.map(({ least }) => least), [
    1000,
    500,
    250,
    200,
    167,
    143,
    125,
    100,
    91,
    83,
  ]);
  assertEquals(parts[2], {
    least: 250,
    n: 2,
    correct: { Vanilla: 1, SFT: 2 },
    searched: { Vanilla: 1, SFT: 0 },
  });
  assertEquals(parts[9].searched, { Vanilla: 1, SFT: 0 });
});

Deno.test("byPopularity() has nothing to say of tasks without popularity", () => {
  const [first, ...others] = TASKS;
  const tasks = [{ ...first, meta: {} }, ...others];
  assertEquals(byPopularity(tasks, { Vanilla: answers(3) }), undefined);
  assertEquals(byPopularity(TASKS.slice(3), {}), undefined);
});

Deno.test("byPopularity() needs every answer", () => {
  assertThrows(
    () => byPopularity(TASKS, { Vanilla: answers(3).slice(1) }),
    RangeError,
    "Cannot count by popularity as Vanilla must have answered every task: current value is no answer to t12",
  );
});

Deno.test("popularityTable() has a line for each part of a reasoner", () => {
  const parts = byPopularity(TASKS, { Vanilla: answers(3) })!;
  const { rows, columns } = popularityTable({ small: parts, large: parts })!;
  assertEquals(columns.map(({ header }) => header), [
    "Reasoner",
    "Least popular",
    "Tasks",
    "Vanilla",
  ]);
  assertEquals(rows.length, 20);
  assertEquals(rows[2], ["", 250, 2, "50.0 (50.0)"]);
  assertEquals(rows[10][0], "large");
  assertEquals(popularityTable(), undefined);
});
