import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { panelFigure } from "@/lib/report/panel_figure.ts";

const OPTIONS = {
  title: "Cost",
  note: "one <machine>",
  columns: [
    { xTitle: "Tokens", isLogarithmic: true },
    { xTitle: "Insertions", isLogarithmic: false },
  ],
};
const TRAIN = { name: "train", x: [64, 128], y: [20, 1000] };
const WRITE = { name: "write", x: [0, 4], y: [3, 4] };
const ROW = { yTitle: "Time (ms)", panels: [[TRAIN, WRITE], [WRITE]] };
/** `WRITE` starts at 0, which a logarithmic axis has not. */
const ROWS = [{ ...ROW, panels: [[TRAIN], [WRITE]] }, {
  yTitle: "Memory (MB)",
  panels: [[{ ...TRAIN, y: [1, 1] }], [WRITE]],
}];

type Axis = Readonly<Record<string, unknown>>;

Deno.test("panelFigure() has an axis pair for every panel, and one legend", () => {
  const { data, layout } = panelFigure(ROWS, OPTIONS);
  assertEquals(
    data.map(({ name, xaxis, yaxis, showlegend }) => [
      name,
      xaxis,
      yaxis,
      showlegend,
    ]),
    [
      ["train", "x", "y", true],
      ["write", "x2", "y2", true],
      ["train", "x3", "y3", false],
      ["write", "x4", "y4", false],
    ],
  );
  const axes = layout as Readonly<Record<string, Axis>>;
  // The first row is on top, the first column to the left.
  const [left, right] = [axes.xaxis, axes.xaxis2]
    .map(({ domain }) => domain as number[]);
  assertEquals([left[0], right[1]], [0, 1]);
  assertAlmostEquals(right[0] - left[1], 0.025, 1e-12);
  assertEquals((axes.yaxis.domain as number[])[1], 1);
  assertEquals((axes.yaxis3.domain as number[])[0], 0);
  // Labels stand at the left and at the bottom only.
  assertEquals(
    ["yaxis", "yaxis2", "xaxis", "xaxis3"].map((id) => axes[id].showticklabels),
    [true, false, false, true],
  );
});

Deno.test("panelFigure() shares whole decades within a row", () => {
  const axes = panelFigure(ROWS, OPTIONS).layout as Record<string, Axis>;
  assertEquals(axes.yaxis.range, [0, 3]); // 3 to 1,000
  assertEquals(axes.yaxis2.range, [0, 3]);
  assertEquals(axes.yaxis3.range, [0, 1]); // 1 to 4
});

Deno.test("panelFigure() gives a name the same style in all panels", () => {
  const { data } = panelFigure(ROWS, OPTIONS);
  assertEquals(data[0].line, data[2].line);
  assertEquals(data[0].marker, data[2].marker);
  assertEquals(data[1].line === data[0].line, false);
});

Deno.test("panelFigure() labels sizes that were measured", () => {
  const x = [64, 128, 256, 512, 1024, 2048, 4096];
  const many = { name: "train", x, y: x };
  const { layout } = panelFigure(
    [{ ...ROW, panels: [[many], [WRITE]] }],
    OPTIONS,
  );
  const axes = layout as Readonly<Record<string, Axis>>;
  assertEquals(axes.xaxis.ticktext, ["64", "256", "1,024", "4,096"]);
  assertEquals(axes.xaxis2.tickvals, [0, 4]);
});

Deno.test("panelFigure() is JSON, and its note no HTML", () => {
  const figure = panelFigure(ROWS, OPTIONS);
  assertEquals(JSON.parse(JSON.stringify(figure)), figure);
  const [{ text }] = figure.layout.annotations as { text: string }[];
  assertEquals(text, "one &lt;machine>");
});

Deno.test("panelFigure() refuses what it cannot draw", () => {
  for (
    const [rows, rule] of [
      [[], "it must have at least one row: current value is 0"],
      [
        [{ ...ROW, panels: [[TRAIN]] }],
        "must have 2 panels: current value is 1",
      ],
      [[{ ...ROW, panels: [[], []] }], "must have a series"],
      [
        [ROW],
        "series 'write' must be positive where an axis is logarithmic: current value is 0",
      ],
      [
        [{ ...ROW, panels: [[{ ...TRAIN, y: [1] }], []] }],
        "as many x as y, at least one: current value is 2 and 1",
      ],
    ] as const
  ) {
    assertThrows(() => panelFigure(rows, OPTIONS), RangeError, rule);
  }
});
