import { assert, assertEquals, assertRejects } from "@std/assert";
import { installJupyter, withJupyter } from "@/tasks/jupyter/install.ts";
import { checkLab } from "@/tasks/lab.ts";

/** Undefined where Python or pip is missing; anything else is a failure. */
const packages = await installJupyter("lab").catch((error) => {
  if (error instanceof Deno.errors.NotFound) return undefined;
  throw error;
});

Deno.test({
  name: "checkLab() starts JupyterLab with this Deno and Plotly",
  ignore: packages === undefined,
  fn: async () => {
    const { version, url, kernels, extensions } = await withJupyter(
      packages!,
      checkLab,
    );
    assertEquals(version, "4.5.11");
    assert(/^http:\/\/127\.0\.0\.1:\d+\/lab\?token=\w+$/.test(url));
    assert(kernels.includes("deno"));
    assert(extensions.includes("jupyterlab-plotly"));
  },
});

Deno.test({
  name: "checkLab() gives the last message of a JupyterLab that does not start",
  ignore: packages === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await assertRejects(
        () => withJupyter(folder, checkLab),
        Error,
        "Cannot start JupyterLab as it must run: it said",
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
