import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { findChromium } from "@/lib/report/chromium.ts";
import { lineFigure } from "@/lib/report/figure.ts";
import { exportFigure } from "@/lib/report/figure_export.ts";

const FIGURE = lineFigure(
  [
    { name: "MemGen", x: [0, 1, 2], y: [3, 2, 1.5] },
    { name: "a <b> & c", x: [0, 2], y: [3, 2] },
  ],
  { title: "Loss", xTitle: "Step", yTitle: "Nats" },
);

const browser = await findChromium({
  chromePath: Deno.env.get("CHROME_PATH"),
  path: Deno.env.get("PATH"),
}).catch(() => undefined);

Deno.test({
  name: "exportFigure() draws one column wide in all formats",
  ignore: browser === undefined,
  fn: async () => {
    const files = await exportFigure(FIGURE, {
      browser: browser!,
      widthMm: 85,
    });

    const svg = new TextDecoder().decode(files.svg);
    assert(svg.startsWith("<svg ") && svg.endsWith("</svg>"));
    assertStringIncludes(svg, ' width="85mm"');
    assertStringIncludes(svg, ' viewBox="0 0 321 241"');
    for (
      const text of ["Loss", "Step", "Nats", "MemGen", "a &#60;b&#62; &amp; c"]
    ) {
      assertStringIncludes(svg, `>${text}</`);
    }

    // Page of 85 mm by 85 · 241 / 321 mm in points, vectors and fonts inside.
    const pdf = new TextDecoder("latin1").decode(files.pdf);
    assert(pdf.startsWith("%PDF-"));
    const [, width, height] = pdf
      .match(/\/MediaBox \[0 0 (\S+) (\S+)\]/)!.map(Number);
    assertAlmostEquals(width, 85 / 25.4 * 72, 0.6);
    assertAlmostEquals(height, 85 / 25.4 * 72 * 241 / 321, 0.6);
    assertStringIncludes(pdf, "/Count 1");
    assertStringIncludes(pdf, "/FontFile2");
    assert(!/\/Subtype\s*\/Image/.test(pdf));

    // Size from the header: 85 mm at 300 dots per inch.
    const png = new DataView(files.png.buffer);
    assertEquals(png.getUint32(0), 0x89504e47);
    assertAlmostEquals(png.getUint32(16), 85 / 25.4 * 300, 1);
    assertAlmostEquals(png.getUint32(20), 85 / 25.4 * 300 * 241 / 321, 1);
  },
});

Deno.test({
  name: "exportFigure() draws a figure the same again, and anew for a width",
  ignore: browser === undefined,
  fn: async () => {
    const draw = async (widthMm: number) => {
      const { svg } = await exportFigure(FIGURE, {
        browser: browser!,
        widthMm,
      });
      return new TextDecoder().decode(svg);
    };
    const [narrow, again, wide] = [
      await draw(85),
      await draw(85),
      await draw(175),
    ];
    const fontSize = (svg: string) => svg.match(/font-size: [\d.]+px/)![0];
    assertEquals(again, narrow);
    assertStringIncludes(wide, ' viewBox="0 0 661 496"');
    assertEquals(fontSize(wide), fontSize(narrow));
  },
});

Deno.test({
  name: "exportFigure() says why Plotly refuses a figure",
  ignore: browser === undefined,
  fn: async () => {
    const figure = { data: [], layout: { xaxis: 5 }, config: {} };
    await assertRejects(
      () => exportFigure(figure, { browser: browser! }),
      Error,
      "Cannot draw the figure as plotly.js must accept it: it says TypeError",
    );
  },
});

Deno.test("exportFigure() refuses a width that is not positive", async () => {
  for (const widthMm of [0, -85, NaN, Infinity]) {
    await assertRejects(
      () => exportFigure(FIGURE, { browser: "none", widthMm }),
      RangeError,
      `Cannot export a figure as its width in mm must be positive: current value is ${widthMm}`,
    );
  }
});
