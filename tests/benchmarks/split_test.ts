import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  chooseEvenly,
  chooseIds,
  chooseTasks,
  selectSplit,
} from "@/lib/benchmarks/split.ts";
import type { Split, Task } from "@/lib/benchmarks/task.ts";

Deno.test("chooseIds() takes the ids whose sha256(seed + id) comes first", () => {
  // sha256 of 42a to 42d starts with b2c1, 3393, 240b, 803c (Python's hashlib).
  const ids = ["a", "b", "c", "d"];
  const choose = (count: number) => [...chooseIds(ids, { count, seed: 42 })];
  assertEquals(choose(0), []);
  assertEquals(choose(1), ["c"]);
  assertEquals(choose(4), ["c", "b", "d", "a"]);
});

Deno.test("chooseIds() depends on the seed", () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  const choose = (seed: number) => [...chooseIds(ids, { count: 3, seed })];
  assertEquals(choose(0), ["f", "d", "e"]);
  assertEquals(choose(1), ["f", "b", "c"]);
});

Deno.test("chooseIds() does not depend on the order, and smaller choices nest", () => {
  const ids = Array.from({ length: 1000 }, (_, index) => `task/${index}`);
  const large = chooseIds(ids, { count: 400, seed: 7 });
  const small = chooseIds(ids.toReversed(), { count: 40, seed: 7 });
  assertEquals([large.size, small.size], [400, 40]);
  assertEquals([...large].slice(0, 40), [...small]);
  assert([...small].every((id) => large.has(id)));
});

Deno.test("chooseIds() refuses a bad count, a bad seed and a repeated id", () => {
  for (const count of [-1, 3, 1.5, NaN]) {
    assertThrows(
      () => chooseIds(["a", "b"], { count, seed: 0 }),
      RangeError,
      `Cannot choose ids as count must be an integer from 0 to 2: current value is ${count}`,
    );
  }
  assertThrows(
    () => chooseIds(["a"], { count: 1, seed: 0.5 }),
    RangeError,
    "Cannot choose ids as seed must be an integer: current value is 0.5",
  );
  assertThrows(
    () => chooseIds(["a", "b", "a"], { count: 1, seed: 0 }),
    RangeError,
    "Cannot choose ids as they must all differ: current value has a twice",
  );
});

Deno.test("chooseEvenly() takes from each group in proportion", () => {
  const groups = new Map(
    Array.from({ length: 100 }, (_, i) => [
      `id${i}`,
      i < 10 ? "small" : i < 40 ? "middle" : "large",
    ]),
  );
  const countOf = (count: number) => {
    const chosen = [...chooseEvenly(groups, { count, seed: 1 })];
    assertEquals(new Set(chosen).size, count);
    return ["small", "middle", "large"].map((group) =>
      chosen.filter((id) => groups.get(id) === group).length
    );
  };
  assertEquals(countOf(10), [1, 3, 6]);
  assertEquals(countOf(100), [10, 30, 60]);
  assertEquals(countOf(0), [0, 0, 0]);
  // Shares 0.2, 0.6, 1.2: one is missing, "middle" has the largest remainder.
  assertEquals(countOf(2), [0, 1, 1]);
  // Shares 0.5, 1.5, 3: of equal remainders the group whose name comes first.
  assertEquals(countOf(5), [0, 2, 3]);
});

Deno.test("chooseEvenly() compares remainders exactly", () => {
  const sizes = [50, 55, 32, 43, 29];
  const groups = new Map(
    sizes.flatMap((size, group) =>
      Array.from({ length: size }, (_, i) => [`${group}/${i}`, `${group}`])
    ) as [string, string][],
  );
  const chosen = [...chooseEvenly(groups, { count: 95, seed: 1 })];
  // Of 95 * 32 and 95 * 43 over 209 the remainders are equal, 114 over 209.
  assertEquals(
    sizes.map((_, group) =>
      chosen.filter((id) => groups.get(id) === `${group}`).length
    ),
    [23, 25, 15, 19, 13],
  );
});

Deno.test("chooseEvenly() chooses by hash within a group", () => {
  const ids = Array.from({ length: 20 }, (_, i) => `id${i}`);
  const groups = new Map(ids.map((id) => [id, "one"]));
  assertEquals(
    chooseEvenly(groups, { count: 7, seed: 3 }),
    chooseIds(ids, { count: 7, seed: 3 }),
  );
});

Deno.test("chooseEvenly() refuses a bad count", () => {
  assertThrows(
    () => chooseEvenly(new Map([["a", "x"]]), { count: 2, seed: 0 }),
    RangeError,
    "Cannot choose ids as count must be an integer from 0 to 1: current value is 2",
  );
});

Deno.test("selectSplit() parts one file into three", () => {
  const sizes = (count: number, valid: number) => {
    const tasks = Array.from(
      { length: count },
      (_, i) => ({ id: `x/train/${i}`, benchmark: "x" }) as Task,
    );
    const parts = (["train", "valid", "test"] as Split[]).map((split) =>
      selectSplit(tasks, split, { test: 0.2, valid })
    );
    assertEquals(new Set(parts.flat()).size, count);
    for (const part of parts) {
      assertEquals(part, tasks.filter((task) => part.includes(task)));
    }
    return parts.map(({ length }) => length);
  };
  assertEquals(sizes(1000, 0.1 / (0.7 + 0.1)), [700, 100, 200]);
  assertEquals(sizes(1140, 0.1), [821, 91, 228]);
  assertThrows(
    () => sizes(4, 0.1),
    RangeError,
    "Cannot load x valid as the file must have more rows: current value is 4",
  );
});

Deno.test("chooseTasks() keeps the order, and fewer are part of more", () => {
  const tasks = ["a", "b", "c", "d"].map((id) => ({ id }) as Task);
  const choose = (count: number) =>
    chooseTasks(tasks, count).map(({ id }) => id).join("");
  // Their hashes come in the order c, b, d, a.
  assertEquals([1, 2, 3, 4].map(choose), ["c", "bc", "bcd", "abcd"]);
  for (const count of [0, 5, 1.5]) {
    assertThrows(
      () => choose(count),
      RangeError,
      `Cannot choose tasks as their number must be an integer from 1 to 4: current value is ${count}`,
    );
  }
});
