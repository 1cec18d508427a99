/**
 * `deno task notebooks`: checks every notebook and runs it from top to bottom
 * on the real Deno kernel.
 */
// deno-lint-ignore-file no-console
import { basename, dirname, join, relative } from "node:path";
import { findChromium } from "@/lib/report/chromium.ts";
import {
  checkOutputs,
  checkStructure,
  joinCells,
  type Notebook,
  parseNotebook,
} from "@/lib/report/notebook.ts";
import { renderText } from "@/lib/report/render.ts";
import { runTask } from "@/tasks/cli.ts";
import {
  installJupyter,
  type Jupyter,
  withJupyter,
} from "@/tasks/jupyter/install.ts";
import { addStaticFigures } from "@/tasks/jupyter/static_figures.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

const ROOT = dirname(import.meta.dirname!);
const DRIVER = join(import.meta.dirname!, "jupyter", "run_notebook.py");

/** What `deno task notebooks` takes. */
export const DEFINITION = {
  name: "notebooks",
  description:
    "Checks the notebooks: their form, the types and style of their code, and that each runs from top to bottom on the Deno kernel without an error or a lost output. Needs python3 and pip; the packages are fetched once.",
  positionals: {
    names: {
      type: "string",
      placeholder: "NAMES",
      help:
        "Notebooks in notebooks/ by name, with commas between; default: all",
    },
  },
  options: {
    timeLimit: {
      type: "number",
      placeholder: "SECONDS",
      help: "Longest time that one notebook may run",
      minimum: 1,
      default: 600,
    },
    smoke: {
      type: "flag",
      help: "Set MEMGEN_SMOKE=1 in the kernel, for the smallest run",
    },
    write: {
      type: "flag",
      help:
        "Store the outputs in the notebooks that passed; figures also as SVG, where Chromium is on this machine",
    },
  },
  examples: ["--smoke", "01_quickstart --write"],
} as const satisfies TaskDefinition;

/** Settings of {@linkcode testNotebook}. */
export interface TestNotebookOptions {
  /** Jupyter's packages and environment. */
  readonly jupyter: Jupyter;
  /** Longest time that the notebook may run, in seconds. */
  readonly timeLimitSeconds: number;
  /** Whether to set MEMGEN_SMOKE=1 in the kernel. */
  readonly smoke: boolean;
  /** Whether to store the outputs if all is well. */
  readonly write: boolean;
  /** Chromium or Chrome, for stored figures as SVG. Default: none. */
  readonly browser?: string;
}

/** What became of a notebook. */
export interface NotebookReport {
  /** Number of cells. */
  readonly cells: number;
  /** Time that it ran, in seconds; null if it was not run. */
  readonly seconds: number | null;
  /** What is wrong, one line each. */
  readonly problems: readonly string[];
}

/**
 * Checks one notebook and runs it if its form and its code are right.
 *
 * @param path An `.ipynb` file inside this repository.
 * @param options Jupyter and limits.
 * @returns What was found.
 * @throws {SyntaxError} If the file is no notebook.
 */
export async function testNotebook(
  path: string,
  options: TestNotebookOptions,
): Promise<NotebookReport> {
  const notebook = parseNotebook(await Deno.readTextFile(path));
  const cells = notebook.cells.length;
  const folder = await Deno.makeTempDir({ prefix: "memgen-notebook-" });
  try {
    const problems = [
      ...checkStructure(notebook),
      ...await checkCode(notebook, join(folder, "cells.ts")),
    ];
    if (problems.length > 0) return { cells, seconds: null, problems };
    const executed = join(folder, basename(path));
    const start = performance.now();
    const failure = await execute(path, executed, options);
    const seconds = (performance.now() - start) / 1000;
    if (failure !== undefined) return { cells, seconds, problems: [failure] };
    const text = await Deno.readTextFile(executed);
    const lost = checkOutputs(parseNotebook(text));
    if (options.write && lost.length === 0) {
      const { browser } = options;
      const stored = browser === undefined
        ? text
        : await addStaticFigures(text, browser);
      await Deno.writeTextFile(`${path}.part`, stored);
      await Deno.rename(`${path}.part`, path);
    }
    return { cells, seconds, problems: lost };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Passes the joined cells through `deno check`, then through `deno lint`. */
async function checkCode(notebook: Notebook, path: string): Promise<string[]> {
  const { source, place } = joinCells(notebook);
  await Deno.writeTextFile(path, source);
  const config = join(ROOT, "deno.json");
  for (const tool of ["check", "lint"]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [tool, "--quiet", "--config", config, path],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
    }).output();
    if (code === 0) continue;
    const [text] = new TextDecoder().decode(stderr).split("\nStack backtrace");
    const placed = text.replaceAll(
      /(?:file:\/\/)?\/\S*cells\.ts:(\d+)(?::\d+)?/g,
      (_, line) => place(Number(line)),
    );
    return [`deno ${tool}: ${placed.trim()}`];
  }
  return [];
}

/** Runs a notebook; returns why it could not be run to its end. */
async function execute(
  path: string,
  executed: string,
  { jupyter, timeLimitSeconds, smoke }: TestNotebookOptions,
): Promise<string | undefined> {
  const { code, stderr } = await new Deno.Command("python3", {
    args: [DRIVER, path, executed, String(timeLimitSeconds)],
    env: {
      ...jupyter.environment,
      ...smoke ? { MEMGEN_SMOKE: "1" } : {},
    },
    stdin: "null",
    stdout: "null",
  }).output();
  if (code === 0) return undefined;
  const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  return `it must run to its end within ${timeLimitSeconds} s: ${reason}`;
}

/**
 * Finds notebooks by name.
 *
 * @param folder Folder of the notebooks.
 * @param names Names with or without `.ipynb`; undefined for all.
 * @returns Paths, sorted unless named.
 * @throws {Deno.errors.NotFound} If one does not exist or there is none.
 */
export async function findNotebooks(
  folder: string,
  names?: readonly string[],
): Promise<string[]> {
  const all = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".ipynb"))
    .sort();
  const chosen = names?.map((name) => `${basename(name, ".ipynb")}.ipynb`) ??
    all;
  for (const name of chosen) {
    if (all.includes(name)) continue;
    throw new Deno.errors.NotFound(
      `Cannot run a notebook as it must be one of ${
        all.join(", ")
      }: current value is ${name}`,
    );
  }
  if (chosen.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot run notebooks as ${folder} must have one: current value is none`,
    );
  }
  return chosen.map((name) => join(folder, name));
}

/** The browser that draws figures; says so where there is none. */
async function findBrowser(): Promise<string | undefined> {
  try {
    return await findChromium({
      chromePath: Deno.env.get("CHROME_PATH"),
      path: Deno.env.get("PATH"),
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`Figures are stored for Plotly only: ${error.message}`);
    return undefined;
  }
}

function formatReports(reports: ReadonlyMap<string, NotebookReport>): string {
  return renderText({
    title: "Notebooks",
    caption: "Run from top to bottom on the Deno kernel",
    columns: ["Notebook", "Cells", "Seconds", "Result"]
      .map((header) => ({ header })),
    rows: [...reports].map(([path, { cells, seconds, problems }]) => [
      relative(ROOT, path),
      cells,
      seconds?.toFixed(1) ?? "not run",
      problems.length === 0 ? "ok" : "failed",
    ]),
  });
}

if (import.meta.main) {
  await runTask(DEFINITION, async ({ names, timeLimit, smoke, write }) => {
    const paths = await findNotebooks(
      join(ROOT, "notebooks"),
      names?.split(","),
    );
    const folder = await installJupyter("notebooks", {
      onDownload: () => console.error("Fetching nbclient (once, 10 MB)"),
    });
    const browser = write ? await findBrowser() : undefined;
    const reports = new Map<string, NotebookReport>();
    await withJupyter(folder, async (jupyter) => {
      for (const path of paths) {
        console.error(`Running ${relative(ROOT, path)}`);
        const report = await testNotebook(path, {
          jupyter,
          timeLimitSeconds: timeLimit,
          smoke,
          write,
          browser,
        });
        for (const problem of report.problems) console.error(problem);
        reports.set(path, report);
      }
    });
    console.log(formatReports(reports).trimEnd());
    const failed = [...reports.values()]
      .filter(({ problems }) => problems.length > 0).length;
    if (failed > 0) {
      throw new Error(`${failed} of ${reports.size} notebooks failed`);
    }
  });
}
