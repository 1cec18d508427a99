// The notebook format has names of its own.
// deno-lint-ignore-file camelcase
import { assert, assertEquals } from "@std/assert";
import { findChromium } from "@/lib/report/chromium.ts";
import { lineFigure } from "@/lib/report/figure.ts";
import { addStaticFigures } from "@/tasks/jupyter/static_figures.ts";

const FIGURE = lineFigure([{ name: "a", x: [0, 1], y: [1, 0] }], {
  title: "T",
  xTitle: "x",
  yTitle: "y",
  widthMm: 100,
});

const browser = await findChromium({
  chromePath: Deno.env.get("CHROME_PATH"),
  path: Deno.env.get("PATH"),
}).catch(() => undefined);

function notebook(...data: object[]): object {
  const outputs = data.map((forms) => ({
    data: forms,
    metadata: {},
    output_type: "display_data",
  }));
  const title = { cell_type: "markdown", metadata: {}, source: ["# Title"] };
  return { cells: [title, { cell_type: "code", outputs }], nbformat: 4 };
}

Deno.test({
  name: "addStaticFigures() draws the figures that have no SVG, at their size",
  ignore: browser === undefined,
  fn: async () => {
    const plotly = { "application/vnd.plotly.v1+json": FIGURE };
    const drawn = { ...plotly, "image/svg+xml": "<svg/>" };
    const text = { "text/plain": "text" };
    const before = notebook({ ...plotly, ...text }, drawn, text);
    const result = await addStaticFigures(JSON.stringify(before), browser!);
    const after = JSON.parse(result);
    const [{ data: first }] = after.cells[1].outputs;
    const svg = first["image/svg+xml"];
    assert(svg.startsWith("<svg ") && svg.endsWith("</svg>"));
    // The figure's width is 378 whole pixels.
    assert(Math.abs(parseFloat(svg.match(/ width="(.*?)mm"/)[1]) - 100) < 0.1);
    assertEquals(
      after,
      notebook({ ...plotly, "image/svg+xml": svg, ...text }, drawn, text),
    );
    assertEquals(Object.keys(first), [
      "application/vnd.plotly.v1+json",
      "image/svg+xml",
      "text/plain",
    ]);
    assertEquals(result, JSON.stringify(after, null, 1) + "\n");
  },
});

Deno.test("addStaticFigures() leaves a notebook without figures as it is", async () => {
  const text = JSON.stringify(notebook({ "text/plain": "text" }), null, 1);
  assertEquals(await addStaticFigures(text, "no browser"), `${text}\n`);
});
