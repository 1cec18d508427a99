import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { findChromium } from "@/lib/report/chromium.ts";
import { lineFigure } from "@/lib/report/figure.ts";
import { UsageError } from "@/tasks/cli.ts";
import {
  parseFormats,
  readFigure,
  writeFigure,
} from "@/tasks/export_figures.ts";
import { withFolder } from "@/tests/folder.ts";

const FIGURE = lineFigure([{ name: "a", x: [0, 1], y: [1, 0] }], {
  title: "T",
  xTitle: "x",
  yTitle: "y",
});

const hasBrowser = await findChromium({
  chromePath: Deno.env.get("CHROME_PATH"),
  path: Deno.env.get("PATH"),
}).then(() => true, () => false);

Deno.test("parseFormats() reads a list of different formats", () => {
  assertEquals(parseFormats("svg,pdf,png"), ["svg", "pdf", "png"]);
  assertEquals(parseFormats("pdf"), ["pdf"]);
  for (const list of ["", "svg,", "bmp", "svg,svg", "SVG"]) {
    assertThrows(
      () => parseFormats(list),
      UsageError,
      `--format must be different names out of svg, pdf, png: current value is ${list}`,
    );
  }
});

Deno.test("readFigure() reads a stored figure and names the file if it cannot", () =>
  withFolder(async (folder) => {
    const path = `${folder}/figure.json`;
    await assertRejects(
      () => readFigure(path),
      Deno.errors.NotFound,
      `Cannot export a figure as --input must be a file: current value is ${path}`,
    );
    await Deno.writeTextFile(path, "{}");
    await assertRejects(
      () => readFigure(path),
      SyntaxError,
      `${path}: Cannot read a figure as it must be a JSON object with 'data' and 'layout': current value is "{}"`,
    );
    await Deno.writeTextFile(path, JSON.stringify(FIGURE));
    assertEquals(await readFigure(path), FIGURE);
  }));

Deno.test({
  name: "writeFigure() writes the formats that are asked for and nothing else",
  ignore: !hasBrowser,
  fn: () =>
    withFolder(async (folder) => {
      const paths = await writeFigure(FIGURE, `${folder}/new/loss`, {
        formats: ["pdf", "svg"],
        widthMm: 85,
      });
      assertEquals(paths, [`${folder}/new/loss.pdf`, `${folder}/new/loss.svg`]);
      const written = await Array.fromAsync(Deno.readDir(`${folder}/new`));
      assertEquals(written.map(({ name }) => name).sort(), [
        "loss.pdf",
        "loss.svg",
      ]);
      const start = (await Deno.readTextFile(paths[1])).slice(0, 5);
      assertEquals(start, "<svg ");
    }),
});

Deno.test("export-figures ends with a message and keeps the figure where there is no browser", () =>
  withFolder(async (folder) => {
    const input = `${folder}/figure.json`;
    await Deno.writeTextFile(input, JSON.stringify(FIGURE));
    const task = new URL("../../tasks/export_figures.ts", import.meta.url);
    const chrome = `${folder}/none`;
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", task.pathname, "--input", input, "--output", folder],
      env: { CHROME_PATH: chrome, NO_COLOR: "1", MEMGEN_DEBUG: "" },
    }).output();
    assertEquals(code, 1);
    assertEquals(
      new TextDecoder().decode(stderr).trim().split("\n").at(-1),
      `error: Cannot start Chromium as CHROME_PATH must name an executable: current value is ${chrome}; the figure itself is unharmed in ${input}`,
    );
  }));
