import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Finding,
  type GrowthPlan,
  planPoints,
  refusalOf,
} from "@/experiments/cost_growth.ts";
import {
  buildFitTable,
  buildPointTable,
  growthFigure,
} from "@/experiments/cost_growth_report.ts";
import { type Cell, renderMarkdown } from "@/lib/report/mod.ts";

const PLAN: GrowthPlan = {
  base: { length: 8, batch: 1, insertions: 2, latents: 1 },
  sizes: {
    length: [8, 16, 32, 64, 1024],
    batch: [1],
    insertions: [0, 1, 2],
    latents: [1],
  },
  longestWeaver: 64,
};

/** 10 ms and 1 MB a token of the row, and 1 % more an insertion. */
const FINDINGS = planPoints(PLAN).map((point): Finding => {
  const refused = refusalOf(point, PLAN);
  if (refused !== undefined) return { point, refused };
  const units = point.length * (1 + point.insertions / 100);
  return {
    point,
    cost: {
      seconds: [units / 100, units / 100, units / 50],
      firstSeconds: units / 100 + 2,
      peakBytes: 1e6 * units,
    },
  };
});

const REPORT = {
  findings: FINDINGS,
  plan: PLAN,
  model: "0.1M",
  made: "made by a test",
};

function rowOf(rows: readonly (readonly Cell[])[], start: string) {
  return rows.find(([name]) => String(name).startsWith(start))!;
}

Deno.test("buildFitTable() has exponents, slopes, and what is too few", () => {
  const { rows, caption } = buildFitTable(REPORT);
  assertEquals(rowOf(rows, "training step, by tokens"), [
    "training step, by tokens of a row",
    "32 to 1,024 (n = 3)",
    "x^1.00 ± 0.00",
    "1.000",
    "x^1.00 ± 0.00",
    "1.000",
  ]);
  assertEquals(
    rowOf(rows, "generation with memory, per token, by insertions"),
    [
      "generation with memory, per token, by insertions of a row",
      "0 to 2 (n = 3)",
      "1.0 % ± 0.0 %",
      "1.000",
      "1.0 % ± 0.0 %",
      "1.000",
    ],
  );
  assertEquals(rowOf(rows, "training step, by rows")[2], {
    missing: "not measured",
  });
  assertEquals(
    rows.some(([name]) => String(name).startsWith("training step, by latents")),
    false,
  );
  assertStringIncludes(caption, "0.1M");
  assertStringIncludes(caption, "made by a test");
});

Deno.test("buildPointTable() shows every size of the plan, also refused ones", () => {
  const table = buildPointTable(REPORT);
  assertEquals(table.rows.length, 5 + 1 + 3 + 1);
  assertEquals(rowOf(table.rows, "1,024 tokens"), [
    "1,024 tokens of a row",
    "10,240 (10,240-20,480)",
    "1,024",
    "2.00",
    {
      missing: "not measured",
      reason: refusalOf(
        { work: "weaver", ...PLAN.base, length: 1024 },
        PLAN,
      ),
    },
    "",
    "",
    // 10.4 s for 512 tokens of each row.
    "20.4 (20.4-40.8)",
    "1,044",
    "2.00",
  ]);
  // Training has no insertions.
  assertEquals(rowOf(table.rows, "1 insertions").slice(1, 4), ["", "", ""]);
  const markdown = renderMarkdown(table);
  assertStringIncludes(
    markdown,
    "0 insertions of a row, MemGen supervised step, ms: not measured: a weaver that inserts nothing learns nothing",
  );
  assertStringIncludes(markdown, "8 tokens, 1 rows, 2 insertions, K = 1");
});

Deno.test("growthFigure() draws what was measured, and nothing else", () => {
  const { data, layout } = growthFigure(REPORT, "a processor, a day");
  const length = data.filter(({ xaxis }) => xaxis === "x");
  assertEquals(length.map(({ name, x }) => [name, (x as number[]).at(-1)]), [
    ["training step", 1024],
    ["MemGen supervised step", 64],
    ["generation with memory, per token", 1024],
  ]);
  assertEquals(length[0].y, [80, 160, 320, 640, 10240]);
  // Training is in two of the four columns, in both rows.
  assertEquals(data.filter(({ name }) => name === "training step").length, 4);
  const [{ text }] = layout.annotations as { text: string }[];
  assertEquals(
    text,
    "a processor, a day<br>Not measured: MemGen supervised step at 1,024 tokens of a row, 0 insertions of a row",
  );
});
