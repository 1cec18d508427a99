import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import {
  type Axis,
  curveOf,
  type Finding,
  fitGrowth,
  FULL_PLAN,
  type GrowthPlan,
  type GrowthPoint,
  planPoints,
  pointKey,
  QUICK_PLAN,
  refusalOf,
  type Work,
} from "@/experiments/cost_growth.ts";

/** As if time and memory were known: 1 ms and 1 kB a unit of `units`. */
function measured(
  plan: GrowthPlan,
  units: (point: GrowthPoint) => number,
): Finding[] {
  return planPoints(plan).map((point) => {
    const seconds = units(point) / 1000;
    return {
      point,
      cost: {
        seconds: [seconds, 3 * seconds, seconds / 2],
        firstSeconds: seconds + 7,
        peakBytes: units(point) * 1000,
      },
    };
  });
}

const fitOf = (
  findings: readonly Finding[],
  work: Work,
  axis: Axis,
) =>
  fitGrowth(findings, FULL_PLAN)
    .filter((fit) => fit.work === work && fit.axis === axis);

Deno.test("planPoints() has every point once, and training no memory", () => {
  const points = planPoints(FULL_PLAN);
  // 7 lengths and 7 batches share the base; 6 insertions and 5 K too.
  const count = (work: Work): number =>
    points.filter((point) => point.work === work).length;
  assertEquals(
    [count("train"), count("weaver"), count("generate")],
    [13, 22, 22],
  );
  assertEquals(new Set(points.map(pointKey)).size, points.length);
  assert(
    points.every(({ work, insertions, latents }) =>
      work !== "train" || insertions === 0 && latents === 0
    ),
  );
  assert(
    points.some(({ work, length, batch, insertions, latents }) =>
      work === "generate" && length === 4096 && batch === 4 &&
      insertions === 4 && latents === 8
    ),
  );
});

Deno.test("planPoints() covers what the paper's appendix shall show", () => {
  const { length, batch, insertions, latents } = FULL_PLAN.sizes;
  const ends = [length, batch, insertions, latents]
    .map((sizes) => [sizes[0], sizes.at(-1)]);
  assertEquals(ends, [[64, 4096], [1, 64], [0, 16], [2, 32]]);
  assert(planPoints(QUICK_PLAN).length < planPoints(FULL_PLAN).length);
});

Deno.test("planPoints() refuses sizes that cannot be measured", () => {
  const withSizes = (changes: Partial<GrowthPlan["sizes"]>) => ({
    ...FULL_PLAN,
    sizes: { ...FULL_PLAN.sizes, ...changes },
  });
  for (
    const [changes, rule] of [
      [{ batch: [] }, "sizes of batch must be rising integers of at least 1"],
      [{ batch: [0, 1] }, "of at least 1: current value is [0,1]"],
      [{ latents: [2, 2, 4] }, "current value is [2,2,4]"],
      [{ insertions: [-1, 0] }, "sizes of insertions must be rising"],
      [{ length: [65] }, "a row must have an even length"],
      [{ length: [6] }, "for each of 4 insertions: current value is 6"],
    ] as const
  ) {
    assertThrows(() => planPoints(withSizes(changes)), RangeError, rule);
  }
});

Deno.test("refusalOf() names what the weaver is not measured at", () => {
  const point = { work: "weaver", ...FULL_PLAN.base } as const;
  assertEquals(refusalOf(point, FULL_PLAN), undefined);
  assertEquals(
    refusalOf({ ...point, insertions: 0 }, FULL_PLAN),
    "a weaver that inserts nothing learns nothing",
  );
  const long = { ...point, length: 4096 };
  assert(refusalOf(long, FULL_PLAN)?.includes("at most 2048 tokens"));
  assertEquals(refusalOf({ ...long, work: "train" }, FULL_PLAN), undefined);
});

Deno.test("curveOf() has medians, of generation by token, and no refused size", () => {
  const findings = measured(FULL_PLAN, ({ length }) => length)
    .map((finding): Finding =>
      finding.point.length === 64
        ? { point: finding.point, refused: "takes too much" }
        : finding
    );
  const at = (work: Work) =>
    curveOf(findings, FULL_PLAN, { work, axis: "length" });
  assertEquals(at("train").map(({ size }) => size), [
    128,
    256,
    512,
    1024,
    2048,
    4096,
  ]);
  const [{ seconds, bytes, compileSeconds }] = at("train");
  assertEquals(seconds, { median: 0.128, low: 0.064, high: 0.384 });
  assertEquals(bytes, 128_000);
  assertAlmostEquals(compileSeconds, 7, 1e-12);
  // 128 ms for the 64 tokens that it writes into each row.
  const [written] = at("generate");
  assertAlmostEquals(written.seconds.median, 0.002, 1e-12);
  assertAlmostEquals(written.compileSeconds, 7, 1e-12);
});

Deno.test("fitGrowth() finds exponents in the upper half", () => {
  // Quadratic from 512 on, and anything but below.
  const findings = measured(
    FULL_PLAN,
    ({ length }) => length < 512 ? 1e9 : length ** 2,
  );
  const [seconds, bytes] = fitOf(findings, "train", "length");
  assertAlmostEquals(seconds.fit.slope, 2, 1e-9);
  assertAlmostEquals(bytes.fit.slope, 2, 1e-9);
  assertEquals(
    [seconds.form, seconds.from, seconds.to, seconds.fit.n],
    ["power", 512, 4096, 4],
  );
  // By token, one power less.
  const [generated] = fitOf(findings, "generate", "length");
  assertAlmostEquals(generated.fit.slope, 1, 1e-9);
});

Deno.test("fitGrowth() finds what one more insertion adds", () => {
  const findings = measured(
    FULL_PLAN,
    ({ insertions }) => 200 + 6 * insertions,
  );
  const [seconds, bytes] = fitOf(findings, "weaver", "insertions");
  assertEquals([seconds.form, seconds.from, seconds.to], ["line", 0, 16]);
  assertAlmostEquals(seconds.fit.intercept, 0.2, 1e-12);
  assertAlmostEquals(seconds.fit.slope, 0.006, 1e-12);
  assertAlmostEquals(bytes.fit.slope, 6000, 1e-6);
  assertEquals(fitOf(findings, "train", "insertions"), []);
});

Deno.test("fitGrowth() leaves out what too few sizes were measured of", () => {
  const findings = measured(FULL_PLAN, ({ length }) => length)
    .map((finding): Finding =>
      finding.point.length > 1024
        ? { point: finding.point, refused: "takes too much" }
        : finding
    );
  assertEquals(fitOf(findings, "train", "length"), []);
  assertEquals(fitOf(findings, "train", "batch").length, 2);
});
