import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type Displayable,
  figureDisplay,
  insertionDisplay,
  LiveText,
  type ReplaceOptions,
  show,
  tableDisplay,
} from "@/lib/report/display.ts";
import { lineFigure } from "@/lib/report/figure.ts";
import { renderMarkdown, renderText } from "@/lib/report/render.ts";
import { Progress } from "@/tasks/progress.ts";

const EVIL = '<img src=x onerror="alert(1)">';

/** What the kernel does with an output: it asks by the global symbol. */
function bundleOf(output: unknown): Record<string, string> {
  return (output as Record<symbol, () => Record<string, string>>)[
    Symbol.for("Jupyter.display")
  ]();
}

function textOf(output: Displayable, type: string): string {
  return bundleOf(output)[type];
}

Deno.test("figureDisplay() gives Plotly's MIME type and an SVG where there is one", () => {
  const figure = lineFigure([{ name: "a", x: [0], y: [1] }], {
    title: "T",
    xTitle: "x",
    yTitle: "y",
  });
  const plain = {
    "application/vnd.plotly.v1+json": figure,
    "text/plain": "Plotly figure (1 traces)",
  };
  assertEquals(bundleOf(figureDisplay(figure)) as unknown, plain);
  assertEquals(bundleOf(figureDisplay(figure, { svg: "<svg/>" })) as unknown, {
    ...plain,
    "image/svg+xml": "<svg/>",
  });
});

Deno.test("tableDisplay() gives HTML, Markdown and text, and escapes the HTML", () => {
  const table = {
    title: EVIL,
    caption: EVIL,
    columns: [{ header: EVIL }, { header: "n" }],
    rows: [
      [EVIL, { value: 1, low: 0, high: 2, n: 9, seeds: 1, rank: "best" }],
      ["b", { missing: "failed", reason: EVIL }],
    ],
    footnotes: [EVIL],
  } as const;
  const output = tableDisplay(table);
  const html = textOf(output, "text/html");
  assert(!html.includes("<img"));
  assertEquals(html.split("&lt;img src=x onerror=&quot;").length - 1, 6);
  assertStringIncludes(
    html,
    '<td style="text-align:right"><b>1.0 [0.0, 2.0]</b></td>',
  );
  assertEquals(textOf(output, "text/markdown"), renderMarkdown(table));
  assertEquals(textOf(output, "text/plain"), renderText(table));
});

Deno.test("insertionDisplay() marks every insertion and escapes the text", () => {
  const output = insertionDisplay(["", "a < b.\n", `${EVIL}`, ""]);
  assertEquals(textOf(output, "text/plain"), `[◆1]a < b.\n[◆2]${EVIL}[◆3]`);
  const html = textOf(output, "text/html");
  assert(!html.includes("<img"));
  assertStringIncludes(html, "a &lt; b.<br>");
  const marks = [
    ...html.matchAll(/<mark title="([^"]*)"[^>]*>([^<]*)<\/mark>/g),
  ];
  assertEquals(marks.map(([, title, text]) => [title, text]), [
    ["memory insertion 1 of 3", "◆1"],
    ["memory insertion 2 of 3", "◆2"],
    ["memory insertion 3 of 3", "◆3"],
  ]);
});

Deno.test("insertionDisplay() shows a text without insertions as it is", () => {
  const output = insertionDisplay(["text"]);
  assertEquals(textOf(output, "text/plain"), "text");
  assert(!textOf(output, "text/html").includes("<mark"));
  assertThrows(
    () => insertionDisplay([]),
    RangeError,
    "Cannot mark insertions as there must be at least one segment: current value is 0",
  );
});

Deno.test("show() passes outputs on and turns a bare string into plain text", async () => {
  const shown: unknown[] = [];
  const display = (value: unknown) => {
    shown.push(value);
    return Promise.resolve();
  };
  const output = insertionDisplay(["text"]);
  await show(output, { display });
  await show('say "hi"', { display });
  assert(shown[0] === output);
  assertEquals(bundleOf(shown[1]), { "text/plain": 'say "hi"' });
});

Deno.test("show() waits for the display and keeps its error", async () => {
  await assertRejects(
    () => show("x", { display: () => Promise.reject(new Error("no socket")) }),
    Error,
    "no socket",
  );
});

Deno.test("show() says what it needs outside a kernel", async () => {
  await assertRejects(
    () => show("x"),
    Error,
    "Cannot show an output as show() must run in a Jupyter kernel of Deno: current value is a plain Deno process",
  );
});

/** A display that takes its time, as the kernel's does. */
function slowDisplay(): {
  readonly shown: [text: string, name: string, update: boolean][];
  readonly display: (
    value: unknown,
    options?: ReplaceOptions,
  ) => Promise<void>;
} {
  const shown: [string, string, boolean][] = [];
  return {
    shown,
    display: async (value, options) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const { display_id: name, update } = options!;
      shown.push([bundleOf(value)["text/plain"], name, update]);
    },
  };
}

Deno.test("LiveText replaces its text, in order, and end() waits for the last", async () => {
  const { shown, display } = slowDisplay();
  const text = new LiveText({ display });
  assert(text.isTerminal());
  const write = (line: string) =>
    text.writeSync(new TextEncoder().encode(line));
  assertEquals(write("\r██ 1/2\x1b[K"), 14);
  write("\r████ 2/2\x1b[K");
  write("\n");
  assertEquals(shown, []);
  await text.end();
  const [[, name]] = shown;
  assertEquals(shown, [["██ 1/2", name, false], ["████ 2/2", name, true]]);
});

Deno.test("LiveText has an output of its own for each", async () => {
  const { shown, display } = slowDisplay();
  for (const line of ["a", "b"]) {
    const text = new LiveText({ display });
    text.writeSync(new TextEncoder().encode(line));
    await text.end();
  }
  const [[, first, firstUpdate], [, second, secondUpdate]] = shown;
  assert(first !== second);
  assertEquals([firstUpdate, secondUpdate], [false, false]);
});

Deno.test("LiveText takes a progress bar", async () => {
  const { shown, display } = slowDisplay();
  const output = new LiveText({ display });
  let now = 0;
  const bar = new Progress("Train", 2, {
    output,
    columns: 80,
    clock: () => now,
  });
  now = 5000;
  bar.update(1, "loss 2.00");
  bar.update(2, "loss 1.00");
  bar.end();
  await output.end();
  assertEquals(shown.map(([line]) => line), [
    "Train ░░░░░░░░░░░░░░░░░░░░   0 % 0/2 0:00",
    "Train ██████████░░░░░░░░░░  50 % 1/2 0:05 left 0:05 loss 2.00",
    "Train ████████████████████ 100 % 2/2 0:05 loss 1.00",
  ]);
});

Deno.test("LiveText gives the error of its display at end()", async () => {
  const text = new LiveText({
    display: () => Promise.reject(new Error("no socket")),
  });
  text.writeSync(new TextEncoder().encode("a"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await assertRejects(() => text.end(), Error, "no socket");
});
