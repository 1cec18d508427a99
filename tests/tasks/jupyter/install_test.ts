import { assert, assertEquals, assertRejects } from "@std/assert";
import { installJupyter, withJupyter } from "@/tasks/jupyter/install.ts";

/**
 * A folder with an empty cache and a `python` that answers like Python 3.11
 * but whose `-m pip install` is the given script; `$target` is its folder.
 */
async function withPython(
  { version = "cpython-311 3.11 True", hasPip = true, install = "" },
  use: (python: string, cache: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const python = `${folder}/python`;
    await Deno.writeTextFile(
      python,
      `#!/bin/sh
case "$*" in
  -c*) echo ${version} ;;
  *--version*) ${hasPip ? "echo pip" : "exit 1"} ;;
  *) while [ "$1" != --target ]; do shift; done; target=$2
     ${install} ;;
esac
`,
      { mode: 0o755 },
    );
    await use(python, `${folder}/cache`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

Deno.test("installJupyter() installs once and names its folder by Python and pins", () =>
  withPython(
    { install: "echo > $target/done" },
    async (python, cache) => {
      let downloads = 0;
      const options = { cache, python, onDownload: () => void downloads++ };
      const folder = await installJupyter("notebooks", options);
      assert(/jupyter-notebooks-cpython-311-[0-9a-f]{12}$/.test(folder));
      assertEquals(await names(folder), ["done"]);
      assertEquals(await installJupyter("notebooks", options), folder);
      assertEquals(downloads, 1);
      assert(await installJupyter("lab", options) !== folder);
      assertEquals(downloads, 2);
    },
  ));

Deno.test("installJupyter() gives both of two that run at once the same folder", () =>
  withPython(
    { install: "sleep 0.2; echo > $target/done" },
    async (python, cache) => {
      const install = () => installJupyter("notebooks", { cache, python });
      const [first, second] = await Promise.all([install(), install()]);
      assertEquals(first, second);
      assertEquals(await names(cache), [first.slice(cache.length + 1)]);
      assertEquals(await names(first), ["done"]);
    },
  ));

Deno.test("installJupyter() leaves nothing behind when pip fails", () =>
  withPython({
    install:
      "echo > $target/half; echo 'ERROR: No matching distribution' >&2; exit 1",
  }, async (python, cache) => {
    await assertRejects(
      () => installJupyter("notebooks", { cache, python }),
      Error,
      "Cannot install Jupyter as pip must end with code 0: it ended with 1 and said ERROR: No matching distribution",
    );
    assertEquals(await names(cache), []);
  }));

Deno.test("installJupyter() says what to install without Python or pip", async () => {
  await assertRejects(
    () => installJupyter("notebooks", { cache: "/none", python: "no-python" }),
    Deno.errors.NotFound,
    "Cannot install Jupyter as Python must be on this machine (on Debian and Ubuntu: apt install python3 python3-pip): no-python does not run",
  );
  await withPython({ hasPip: false }, async (python, cache) => {
    await assertRejects(
      () => installJupyter("notebooks", { cache, python }),
      Deno.errors.NotFound,
      "(on Debian and Ubuntu: apt install python3-pip)",
    );
    assertEquals(await names(cache), []);
  });
});

Deno.test("installJupyter() refuses a Python that is too old", () =>
  withPython({ version: "cpython-39 3.9 False" }, async (python, cache) => {
    await assertRejects(
      () => installJupyter("notebooks", { cache, python }),
      Error,
      "Cannot install Jupyter as Python must be 3.10 or later: current value is 3.9",
    );
  }));

Deno.test("withJupyter() lends a kernel that is this Deno and takes it back", async () => {
  let data = "";
  const use = async (environment: Readonly<Record<string, string>>) => {
    data = environment.JUPYTER_DATA_DIR;
    const text = await Deno.readTextFile(`${data}/kernels/deno/kernel.json`);
    return JSON.parse(text).argv;
  };
  const argv = await withJupyter("packages", ({ folder, environment }) => {
    assertEquals(folder, "packages");
    assertEquals(environment.PYTHONPATH, "packages");
    assertEquals(environment.NO_COLOR, "1");
    return use(environment);
  });
  assertEquals(argv, [
    Deno.execPath(),
    "jupyter",
    "--kernel",
    "--conn",
    "{connection_file}",
  ]);
  await assertRejects(() => Deno.stat(data), Deno.errors.NotFound);
  await assertRejects(
    () =>
      withJupyter("packages", async ({ environment }) => {
        await use(environment);
        throw new Error("stopped");
      }),
    Error,
    "stopped",
  );
  await assertRejects(() => Deno.stat(data), Deno.errors.NotFound);
});
