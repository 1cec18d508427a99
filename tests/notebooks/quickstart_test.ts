import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { checkStructure, parseNotebook } from "@/lib/report/mod.ts";
import { readFigure } from "@/tasks/export_figures.ts";
import { installJupyter, withJupyter } from "@/tasks/jupyter/install.ts";
import { testNotebook } from "@/tasks/notebooks.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const PATH = join(ROOT, "notebooks", "01_quickstart.ipynb");
const RUNS = join(ROOT, ".runs", "quickstart-smoke");
const MAX_LINES = 15;

/** Undefined where Python or pip is missing; anything else is a failure. */
const packages = await installJupyter("notebooks").catch((error) => {
  if (error instanceof Deno.errors.NotFound) return undefined;
  throw error;
});

const hasReasoner = await Deno
  .stat(join(ROOT, "results", "reasoners", "mini-qwen2.5", "config.json"))
  .then(() => true, () => false);

Deno.test("01_quickstart has the form of all notebooks and short cells", async () => {
  const notebook = parseNotebook(await Deno.readTextFile(PATH));
  assertEquals(checkStructure(notebook), []);
  const long = notebook.cells.filter(({ type, source }) =>
    type === "code" && source.split("\n").length > MAX_LINES
  );
  assertEquals(long.map(({ source }) => source), []);
});

Deno.test("01_quickstart is stored small and without paths of a machine", async () => {
  const text = await Deno.readTextFile(PATH);
  assert(text.length < 1_000_000, `${text.length} characters`);
  assert(!text.includes(ROOT));
  assert(!text.includes("file://"));
});

Deno.test({
  name: "01_quickstart runs on the Deno kernel, in its smallest size",
  ignore: packages === undefined || !hasReasoner,
  fn: async () => {
    await Deno.remove(RUNS, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    const { problems } = await withJupyter(
      packages!,
      (jupyter) =>
        testNotebook(PATH, {
          jupyter,
          timeLimitSeconds: 300,
          smoke: true,
          write: false,
        }),
    );
    assertEquals(problems, []);
    // What it leaves behind: the loss curve of its two steps, and the weaver.
    const { data: [curve] } = await readFigure(join(RUNS, "loss.json"));
    assertEquals(curve.x, [1, 2]);
    const weaver = await Deno.stat(join(RUNS, "memgen", "weaver.bin"));
    assert(weaver.size > 0);
  },
});
