// The notebook format has names of its own.
// deno-lint-ignore-file camelcase
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { findChromium } from "@/lib/report/chromium.ts";
import { type Notebook, parseNotebook } from "@/lib/report/notebook.ts";
import { installJupyter, withJupyter } from "@/tasks/jupyter/install.ts";
import {
  findNotebooks,
  type NotebookReport,
  testNotebook,
} from "@/tasks/notebooks.ts";
import { withFolder } from "@/tests/folder.ts";

/** Inside the repository, so that the kernel finds the import map. */
function withNotebookFolder<Result>(
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  return withFolder(use, { dir: import.meta.dirname, prefix: "notebook_" });
}

const SHOW = 'import { show } from "@/lib/report/mod.ts";';

/** Undefined where Python or pip is missing; anything else is a failure. */
const packages = await installJupyter("notebooks").catch((error) => {
  if (error instanceof Deno.errors.NotFound) return undefined;
  throw error;
});

const browser = await findChromium({
  chromePath: Deno.env.get("CHROME_PATH"),
  path: Deno.env.get("PATH"),
}).catch(() => undefined);

async function writeNotebook(
  path: string,
  code: readonly string[],
): Promise<void> {
  const cells = code.map((source, index) => ({
    id: `code${index}`,
    cell_type: "code",
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  }));
  const title = {
    id: "title",
    cell_type: "markdown",
    metadata: {},
    source: "# Title",
  };
  const metadata = {
    kernelspec: { name: "deno", display_name: "Deno", language: "typescript" },
    language_info: { name: "typescript" },
  };
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata,
      cells: [title, ...code.length > 0 ? cells : []],
    }),
  );
}

/** Tests a throw-away notebook; also gives what its file holds afterwards. */
function test(
  code: readonly string[],
  { timeLimitSeconds = 60, smoke = false, write = false, draw = false } = {},
): Promise<NotebookReport & { readonly after: Notebook }> {
  return withNotebookFolder(async (folder) => {
    const path = `${folder}/throw_away.ipynb`;
    await writeNotebook(path, code);
    const report = await withJupyter(
      packages!,
      (jupyter) =>
        testNotebook(path, {
          jupyter,
          timeLimitSeconds,
          smoke,
          write,
          browser: draw ? browser : undefined,
        }),
    );
    const after = parseNotebook(await Deno.readTextFile(path));
    return { ...report, after };
  });
}

Deno.test({
  name:
    "testNotebook() runs a notebook on this Deno and stores outputs only with write",
  ignore: packages === undefined,
  fn: async () => {
    const code = [
      SHOW,
      'await show(Deno.env.get("MEMGEN_SMOKE") ?? "full");\nawait show(Deno.execPath());',
    ];
    const written = await test(code, { smoke: true, write: true });
    assertEquals(written.problems, []);
    assertEquals(written.cells, 3);
    assert(written.seconds! > 0);
    const texts = written.after.cells[2].outputs.map(({ data }) => data);
    assertEquals(texts as unknown, [
      { "text/plain": ["1"] },
      { "text/plain": [Deno.execPath()] },
    ]);
    const unwritten = await test(code);
    assertEquals(unwritten.problems, []);
    assertEquals(unwritten.after.cells[2].outputs, []);
  },
});

Deno.test({
  name: "testNotebook() stores a figure also as SVG where there is a browser",
  ignore: packages === undefined || browser === undefined,
  fn: async () => {
    const code = [
      'import { figureDisplay, lineFigure, show } from "@/lib/report/mod.ts";',
      'const titles = { title: "T", xTitle: "x", yTitle: "y" };',
      'const line = { name: "a", x: [0, 1], y: [1, 0] };',
      "await show(figureDisplay(lineFigure([line], titles)));",
    ].join("\n");
    const { problems, after } = await test([code], { write: true, draw: true });
    assertEquals(problems, []);
    const [{ data }] = after.cells[1].outputs;
    assertEquals(Object.keys(data as object), [
      "application/vnd.plotly.v1+json",
      "image/svg+xml",
      "text/plain",
    ]);
  },
});

Deno.test({
  name: "testNotebook() reports a cell that throws and does not store it",
  ignore: packages === undefined,
  fn: async () => {
    const report = await test(['throw new RangeError("boom");'], {
      write: true,
    });
    assertEquals(report.problems, ["cell 2: it failed with RangeError: boom"]);
    assertEquals(report.after.cells[1].outputs, []);
  },
});

Deno.test({
  name: "testNotebook() reports lost outputs and a trailing value",
  ignore: packages === undefined,
  fn: async () => {
    const { problems } = await test([
      // On a busy machine nbclient may not listen yet when the first cell ends.
      "await new Promise((resolve) => setTimeout(resolve, 1000));",
      `${SHOW}\nif (Deno.args.length > 9) await show("x");`,
      ...["1;", "2;", "3;", "4;", "5;"],
    ]);
    const [lost, ...trailing] = problems;
    assertEquals(
      lost,
      "cell 3: it must show at least 1 outputs: current value is 0",
    );
    // Deno itself loses a trailing value in 34: not all of five.
    assert(trailing.length > 0);
    for (const problem of trailing) {
      assertMatch(
        problem,
        /^cell [4-8]: its last value must go through await show\(\)$/,
      );
    }
  },
});

Deno.test({
  name:
    "testNotebook() ends a notebook at its time limit, even in an endless loop",
  ignore: packages === undefined,
  fn: async () => {
    for (
      const code of [
        "await new Promise((resolve) => setTimeout(resolve, 1e8));",
        "while (Deno.pid > 0) Math.sqrt(2);",
      ]
    ) {
      const { problems } = await test([code], { timeLimitSeconds: 3 });
      assertEquals(problems.length, 1);
      assertStringIncludes(
        problems[0],
        "it must run to its end within 3 s: CellTimeoutError",
      );
    }
  },
});

Deno.test({
  name: "testNotebook() reports a kernel that dies",
  ignore: packages === undefined,
  fn: async () => {
    const { problems } = await test(["Deno.exit(3);"]);
    assertEquals(problems, [
      "it must run to its end within 60 s: DeadKernelError: Kernel died",
    ]);
  },
});

Deno.test({
  name: "testNotebook() does not run code with a wrong form, type or style",
  ignore: packages === undefined,
  fn: async () => {
    const form = await test(['import * as fs from "node:fs";\nfs;']);
    assertEquals(form.seconds, null);
    assertEquals(form.problems, [
      "cell 2: imports must start with @/: current value is node:fs",
    ]);
    const type = await test([SHOW, "await show(1);\nconst a: number = 'a';"]);
    assertEquals(type.seconds, null);
    assertStringIncludes(type.problems[0], "deno check: TS2322");
    assertStringIncludes(type.problems[0], "at cell 3, line 2");
    const missing = await test([
      'import { nothing } from "@/lib/report/mod.ts";\nnothing();',
    ]);
    assertStringIncludes(
      missing.problems[0],
      "has no exported member 'nothing'",
    );
    const style = await test([SHOW, "var a = 1;\nawait show(a);"]);
    assertEquals(style.seconds, null);
    assertStringIncludes(style.problems[0], "deno lint: error[no-var]");
    assertStringIncludes(style.problems[0], "cell 3, line 1");
  },
});

Deno.test("findNotebooks() finds all in order, or those that are named", () =>
  withNotebookFolder(async (folder) => {
    await assertRejects(
      () => findNotebooks(folder),
      Deno.errors.NotFound,
      `Cannot run notebooks as ${folder} must have one: current value is none`,
    );
    for (const name of ["02_b", "01_a"]) {
      await writeNotebook(`${folder}/${name}.ipynb`, []);
    }
    const paths = ["01_a", "02_b"].map((name) => `${folder}/${name}.ipynb`);
    assertEquals(await findNotebooks(folder), paths);
    assertEquals(await findNotebooks(folder, ["02_b", "01_a.ipynb"]), [
      paths[1],
      paths[0],
    ]);
    await assertRejects(
      () => findNotebooks(folder, ["03_c"]),
      Deno.errors.NotFound,
      "Cannot run a notebook as it must be one of 01_a.ipynb, 02_b.ipynb: current value is 03_c.ipynb",
    );
  }));
