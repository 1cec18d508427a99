import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  lineFigure,
  ONE_COLUMN_MM,
  parseFigure,
  PIXELS_PER_MM,
  scatterFigure,
  TWO_COLUMN_MM,
} from "@/lib/report/figure.ts";

const OPTIONS = { title: "Loss", xTitle: "Step", yTitle: "Nats per token" };

Deno.test("lineFigure() matches its snapshot", async (t) => {
  const figure = lineFigure(
    [
      { name: "MemGen", x: [0, 1, 2], y: [3, 2, 1.5] },
      { name: "SFT <LoRA> & more", x: [0, 2], y: [3, 2] },
    ],
    OPTIONS,
  );
  await t.assertSnapshot(figure);
});

Deno.test("scatterFigure() matches its snapshot", async (t) => {
  const figure = scatterFigure(
    [
      { x: 0, y: 1, category: "even", label: "zero\n<0>" },
      { x: 1, y: 0, category: "odd" },
      { x: 2, y: 1, category: "even" },
    ],
    { ...OPTIONS, widthMm: TWO_COLUMN_MM },
  );
  await t.assertSnapshot(figure);
});

Deno.test("a figure is JSON and has the size of its column", () => {
  const series = [{ name: "a", x: [0], y: [1] }];
  for (const widthMm of [ONE_COLUMN_MM, TWO_COLUMN_MM]) {
    const figure = lineFigure(series, { ...OPTIONS, widthMm });
    assertEquals(JSON.parse(JSON.stringify(figure)), figure);
    const { width } = figure.layout as { width: number };
    assertAlmostEquals(width / PIXELS_PER_MM, widthMm, 0.5 / PIXELS_PER_MM);
  }
});

Deno.test("a figure with one series has no legend", () => {
  const point = { x: 0, y: 1, category: "only" };
  const legend = (categories: string[]) =>
    scatterFigure(
      categories.map((category) => ({ ...point, category })),
      OPTIONS,
    )
      .layout.showlegend;
  assertEquals(legend(["a", "a"]), false);
  assertEquals(legend(["a", "b"]), true);
});

Deno.test("series and categories differ in colour and in dash or symbol", () => {
  const names = Array.from({ length: 7 }, (_, index) => `s${index}`);
  const lines = lineFigure(
    names.map((name) => ({ name, x: [0], y: [0] })),
    OPTIONS,
  ).data.map(({ line }) => line as { color: string; dash: string });
  assertEquals(new Set(lines.map(({ color }) => color)).size, 7);
  assertEquals(new Set(lines.slice(0, 4).map(({ dash }) => dash)).size, 4);
  const markers = scatterFigure(
    names.map((category) => ({ category, x: 0, y: 0 })),
    OPTIONS,
  ).data.map(({ marker }) => marker as { color: string; symbol: string });
  assertEquals(new Set(markers.map(({ color }) => color)).size, 7);
  assertEquals(
    new Set(markers.slice(0, 6).map(({ symbol }) => symbol)).size,
    6,
  );
});

Deno.test("lineFigure() refuses series that cannot be drawn", () => {
  const fails = (x: number[], y: number[], message: string) =>
    assertThrows(
      () => lineFigure([{ name: "a", x, y }], OPTIONS),
      RangeError,
      `Cannot draw figure 'Loss' as series 'a' must ${message}`,
    );
  assertThrows(
    () => lineFigure([], OPTIONS),
    RangeError,
    "Cannot draw figure 'Loss' as it must have at least one series: current value is 0",
  );
  fails([], [], "have as many x as y, at least one: current value is 0 and 0");
  fails(
    [0, 1],
    [0],
    "have as many x as y, at least one: current value is 2 and 1",
  );
  fails([0], [NaN], "be finite: current value is NaN");
  fails([Infinity], [0], "be finite: current value is Infinity");
});

Deno.test("scatterFigure() refuses points that cannot be drawn", () => {
  assertThrows(
    () => scatterFigure([], OPTIONS),
    RangeError,
    "Cannot draw figure 'Loss' as it must have at least one point: current value is 0",
  );
  assertThrows(
    () => scatterFigure([{ x: 0, y: NaN, category: "a" }], OPTIONS),
    RangeError,
    "Cannot draw figure 'Loss' as point 0 must be finite: current value is (0, NaN)",
  );
});

Deno.test("a figure refuses a width that is not positive", () => {
  const series = [{ name: "a", x: [0], y: [1] }];
  for (const widthMm of [0, -1, NaN, Infinity]) {
    assertThrows(
      () => lineFigure(series, { ...OPTIONS, widthMm }),
      RangeError,
      `Cannot draw figure 'Loss' as its width in mm must be positive: current value is ${widthMm}`,
    );
  }
});

Deno.test("parseFigure() reads what a figure was stored as", () => {
  const figure = lineFigure([{ name: "a", x: [0], y: [1] }], OPTIONS);
  assertEquals(parseFigure(JSON.stringify(figure)), figure);
  assertEquals(parseFigure('{"data":[{}],"layout":{}}'), {
    data: [{}],
    layout: {},
    config: {},
  });
});

Deno.test("parseFigure() refuses anything else", () => {
  for (
    const text of [
      "",
      "{",
      "null",
      "[]",
      "{}",
      '{"data":[]}',
      '{"data":{},"layout":{}}',
      '{"data":[1],"layout":{}}',
      '{"data":[],"layout":null}',
    ]
  ) {
    assertThrows(
      () => parseFigure(text),
      SyntaxError,
      `Cannot read a figure as it must be a JSON object with 'data' and 'layout': current value is ${
        JSON.stringify(text)
      }`,
    );
  }
});
