import { assertEquals } from "@std/assert";
import { mathTwin, splitProblems } from "@/lib/benchmarks/twins/mod.ts";
import { TOY_TWIN } from "@/tests/benchmarks/twins/toy_twin.ts";

Deno.test("splitProblems() are evenly spaced, from the first that is asked for", () => {
  const indices = (count?: number, from?: number) =>
    splitProblems(TOY_TWIN, "test", count, from)
      .map(({ task: { id } }) => Number(id.split("/").at(-1)));
  assertEquals(indices(), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(indices(3), [0, 2, 5]);
  assertEquals(indices(9), indices());
  assertEquals(indices(2, 4), [4, 6]);
  assertEquals(indices(8, 6), [6, 7]);
});

Deno.test("splitProblems() has all subjects of a split that stands in their order", () => {
  const subjects = Map.groupBy(
    splitProblems(mathTwin, "test", 250),
    ({ task }) => task.meta.subject,
  );
  assertEquals(
    Array.from(subjects, ([name, { length }]) => [name, length]),
    [["Algebra", 125], ["Number Theory", 50], ["Prealgebra", 75]],
  );
});
