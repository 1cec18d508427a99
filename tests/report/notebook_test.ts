// The notebook format has names of its own.
// deno-lint-ignore-file camelcase
import { assertEquals, assertThrows } from "@std/assert";
import {
  checkOutputs,
  checkStructure,
  joinCells,
  type Notebook,
  parseNotebook,
} from "@/lib/report/notebook.ts";

const TITLE = { type: "markdown", source: "# Title", outputs: [] };

/** A notebook of a title and code cells with their outputs. */
function notebookOf(
  ...cells: (readonly [string, ...Record<string, string | object>[]])[]
): Notebook {
  const code = cells.map(([source, ...outputs]) => ({
    type: "code",
    source,
    outputs: outputs as Notebook["cells"][number]["outputs"],
  }));
  return { kernel: "deno", language: "typescript", cells: [TITLE, ...code] };
}

const SHOWN = { output_type: "display_data", data: { "text/plain": "x" } };

Deno.test("parseNotebook() reads kernel, language and cells", () => {
  const notebook = parseNotebook(JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: "deno" },
      language_info: { name: "typescript" },
    },
    cells: [
      { cell_type: "markdown", source: ["# Title\n", "Text"] },
      { cell_type: "code", source: "1;", outputs: [SHOWN] },
    ],
  }));
  assertEquals(notebook, {
    kernel: "deno",
    language: "typescript",
    cells: [
      { type: "markdown", source: "# Title\nText", outputs: [] },
      { type: "code", source: "1;", outputs: [SHOWN] },
    ],
  });
});

Deno.test("parseNotebook() refuses what is no notebook", () => {
  const fails = (text: string, rule: string) =>
    assertThrows(
      () => parseNotebook(text),
      SyntaxError,
      `Cannot read a notebook as ${rule}: current value is ${
        JSON.stringify(text.slice(0, 40))
      }`,
    );
  fails("", "it must be JSON");
  fails("# %% cell", "it must be JSON");
  for (
    const text of ["[]", "{}", '{"nbformat":3,"cells":[]}', '{"nbformat":4}']
  ) {
    fails(text, "it must be of nbformat 4 and have cells");
  }
  fails('{"nbformat":4,"cells":[1]}', "every cell must be an object");
});

Deno.test("checkStructure() finds nothing in a notebook of our form", () => {
  const notebook = notebookOf([
    'import { show } from "@/lib/report/mod.ts";\nimport type { A } from "@/a.ts";',
  ], ["await show(1);\nfor (const x of [1]) {\n  await show(x);\n}"]);
  assertEquals(checkStructure(notebook), []);
});

Deno.test("checkStructure() names kernel, language, length and title", () => {
  const cells = Array.from(
    { length: 16 },
    () => ({ ...TITLE, source: "Text" }),
  );
  assertEquals(checkStructure({ kernel: "python3", language: "none", cells }), [
    "its kernelspec must be deno: current value is python3",
    "its language_info must be typescript: current value is none",
    "it must have at most 15 cells: current value is 16",
    "cell 1: it must be the title, Markdown that starts with #",
  ]);
});

Deno.test("checkStructure() finds every import that goes around the aliases", () => {
  const notebook = notebookOf([[
    'import * as tf from "npm:@tensorflow/tfjs";',
    'import { a } from "../lib/a.ts";',
    "import './side_effect.ts';",
    'const b = await import("jsr:@std/b");',
    'const text = "data from elsewhere";',
  ].join("\n")]);
  assertEquals(
    checkStructure(notebook),
    [
      "npm:@tensorflow/tfjs",
      "../lib/a.ts",
      "./side_effect.ts",
      "jsr:@std/b",
    ].map((specifier) =>
      `cell 2: imports must start with @/: current value is ${specifier}`
    ),
  );
});

Deno.test("checkStructure() finds a show() that is not awaited", () => {
  const notebook = notebookOf(["// show(1) is a comment\n  show(x);"]);
  assertEquals(checkStructure(notebook), [
    "cell 2: show() must be awaited: current value is show(x);",
  ]);
});

Deno.test("joinCells() joins code only and knows where each line comes from", () => {
  const { source, place } = joinCells({
    ...notebookOf(["const a = 1;\nconst b = 2;"], ["a;"]),
  });
  assertEquals(source, "const a = 1;\nconst b = 2;\na;\nexport {};\n");
  assertEquals([1, 2, 3, 4].map(place), [
    "cell 2, line 1",
    "cell 2, line 2",
    "cell 3, line 1",
    "after the last cell",
  ]);
});

Deno.test("checkOutputs() accepts complete outputs", () => {
  const stream = { output_type: "stream", name: "stderr", text: "banner" };
  assertEquals(
    checkOutputs(notebookOf(
      ["const a = 1;", stream],
      ["await show(1);\nawait show(2);", SHOWN, SHOWN],
      ["for (const x of [1, 2]) {\n  await show(x);\n}", SHOWN, SHOWN],
    )),
    [],
  );
});

Deno.test("checkOutputs() finds lost outputs", () => {
  assertEquals(
    checkOutputs(notebookOf(
      ["await show(1);\nawait show(2);", SHOWN],
      ["for (const x of [1, 2]) {\n  await show(x);\n}"],
      ["// await show(1);"],
    )),
    [
      "cell 2: it must show at least 2 outputs: current value is 1",
      "cell 3: it must show at least 1 outputs: current value is 0",
    ],
  );
});

Deno.test("checkOutputs() finds empty outputs, trailing values and errors", () => {
  const failure = {
    output_type: "error",
    ename: "RangeError",
    evalue: "loss is NaN",
    traceback: [],
  };
  assertEquals(
    checkOutputs(notebookOf(
      ["await show(1);", { output_type: "display_data", data: {} }],
      ["await show(1);", {
        output_type: "display_data",
        data: { "text/plain": "" },
      }],
      ["1 + 1", { output_type: "execute_result", data: { "text/plain": "2" } }],
      ["await show(1);", failure],
    )),
    [
      "cell 2: it shows an empty output",
      "cell 3: it shows an empty output",
      "cell 4: its last value must go through await show()",
      "cell 5: it failed with RangeError: loss is NaN",
    ],
  );
});
