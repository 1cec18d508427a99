import { assert, assertEquals, assertThrows } from "@std/assert";
import { umap } from "@/lib/analysis/mod.ts";
import { normals, seededRandom } from "@/lib/random.ts";

/** Two clouds of 5-D points, even and odd ones, ten deviations apart. */
function twoClouds(count: number): Float32Array[] {
  const random = seededRandom("clouds");
  return Array.from(
    { length: count },
    (_, n) => normals(random, 5).map((value) => value + 10 * (n % 2)),
  );
}

function nearest(places: readonly (readonly number[])[], n: number): number {
  const distances = places.map(([x, y], other) =>
    other === n ? Infinity : Math.hypot(x - places[n][0], y - places[n][1])
  );
  return distances.indexOf(Math.min(...distances));
}

Deno.test("umap() keeps the neighbours of two clouds", () => {
  const places = umap(twoClouds(60), {
    random: seededRandom("umap"),
    neighbors: 8,
  });
  assertEquals(places.length, 60);
  for (const [n, place] of places.entries()) {
    assertEquals(place.length, 2);
    assert(place.every(Number.isFinite));
    assertEquals(nearest(places, n) % 2, n % 2);
  }
});

Deno.test("umap() gives equal pictures for equal seeds only", () => {
  const points = twoClouds(20);
  const run = (seed: number) =>
    umap(points, { random: seededRandom("umap", seed), neighbors: 5 });
  assertEquals(run(0), run(0));
  assert(JSON.stringify(run(0)) !== JSON.stringify(run(1)));
});

Deno.test("umap() ends with points that are all equal", () => {
  const points = Array.from({ length: 6 }, () => [1, 2, 3]);
  const places = umap(points, { random: seededRandom("umap"), neighbors: 2 });
  assert(places.flat().every(Number.isFinite));
});

Deno.test("umap() refuses points and options that it cannot use", () => {
  const points = twoClouds(20);
  const cases: [Parameters<typeof umap>[0], object, string][] = [
    [
      points.slice(0, 15),
      {},
      "there must be more points than its 15 neighbours: current value is 15",
    ],
    [
      points,
      { neighbors: 1 },
      "'neighbors' must be an integer of at least 2: current value is 1",
    ],
    [
      points,
      { neighbors: 2.5 },
      "'neighbors' must be an integer of at least 2: current value is 2.5",
    ],
    [
      points,
      { minDistance: -1 },
      "'minDistance' must be a number from 0 to 1: current value is -1",
    ],
    [
      points,
      { minDistance: NaN },
      "'minDistance' must be a number from 0 to 1: current value is NaN",
    ],
    [
      points.map(() => []),
      {},
      "points must have a size of at least 1: current value is 0",
    ],
    [
      points.with(3, new Float32Array(4)),
      {},
      "point 3 must have the size of point 0, 5: current value is 4",
    ],
    [
      points.with(7, Float32Array.of(1, 2, NaN, 4, 5)),
      {},
      "point 7 must be finite: current value is NaN",
    ],
  ];
  for (const [bad, options, message] of cases) {
    assertThrows(
      () => umap(bad, { random: seededRandom("umap"), ...options }),
      RangeError,
      `Cannot compute a UMAP as ${message}`,
    );
  }
});
