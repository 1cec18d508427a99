/**
 * Jupyter for the tasks: the pinned Python packages of `notebooks.txt` or
 * `lab.txt` in the cache folder, and a kernel that is this very Deno.
 *
 * Neither the user's Python packages nor their Jupyter settings and kernels are
 * used or changed. The kernel is described in a file of our own, because
 * `deno jupyter --install` writes to the user's folder only.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheFolder } from "@/lib/tensorflow/library.ts";

/** A set of packages: to run notebooks headless, or JupyterLab as well. */
export type JupyterPackages = "notebooks" | "lab";

/** Where and with what {@linkcode installJupyter} works. */
export interface InstallOptions {
  /** @default {cacheFolder()} */
  readonly cache?: string;
  /** Python's executable. @default {"python3"} */
  readonly python?: string;
  /** Called once, before packages are downloaded. */
  readonly onDownload?: () => void;
}

/** An installation, ready to run `python3` with {@linkcode environment}. */
export interface Jupyter {
  /** Folder of the packages. */
  readonly folder: string;
  /** Environment variables that a Python process needs to find all parts. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Oldest Python that all pinned packages run on. */
const MINIMUM_PYTHON = "3.10";

/**
 * Installs the packages unless they are there, through pip's ordinary client
 * and with the user's own settings of it.
 *
 * The folder appears whole or not at all, and its name holds a digest of the
 * pinned versions. Two processes may both install; the first one wins.
 *
 * @param packages Which set.
 * @param options Cache, Python and notice.
 * @returns Folder of the packages.
 * @throws {Deno.errors.NotFound} If there is no Python or no pip, with what to
 * install.
 * @throws {Error} If Python is too old or pip fails, with pip's last words.
 */
export async function installJupyter(
  packages: JupyterPackages,
  options: InstallOptions = {},
): Promise<string> {
  const { cache = cacheFolder(), python = "python3" } = options;
  const tag = await pythonTag(python);
  const requirements = requirementsFile(packages);
  const digest = createHash("sha256")
    .update(await Deno.readTextFile(requirementsFile("notebooks")))
    .update(await Deno.readTextFile(requirements))
    .digest("hex")
    .slice(0, 12);
  const folder = join(cache, `jupyter-${packages}-${tag}-${digest}`);
  if (await exists(folder)) return folder;
  options.onDownload?.();
  const part = `${folder}.part-${crypto.randomUUID()}`;
  await Deno.mkdir(part, { recursive: true });
  try {
    await runPip(python, requirements, part);
    await Deno.rename(part, folder);
  } catch (error) {
    await Deno.remove(part, { recursive: true });
    // Another process may have been first.
    if (!await exists(folder)) throw error;
  }
  return folder;
}

function requirementsFile(packages: JupyterPackages): string {
  return join(import.meta.dirname!, `${packages}.txt`);
}

/** For example `cpython-311`: compiled packages are for one Python version. */
async function pythonTag(python: string): Promise<string> {
  const script = "import sys; print(sys.implementation.cache_tag, " +
    "'%d.%d' % sys.version_info[:2], " +
    `sys.version_info >= (${MINIMUM_PYTHON.replace(".", ", ")}))`;
  const { code, output } = await run(python, ["-c", script]);
  if (code !== 0) {
    throw new Deno.errors.NotFound(
      "Cannot install Jupyter as Python must be on this machine (on Debian and Ubuntu: apt install python3 python3-pip): " +
        `${python} does not run`,
    );
  }
  const [tag, version, isRecent] = output.trim().split(" ");
  if (isRecent !== "True") {
    throw new Error(
      `Cannot install Jupyter as Python must be ${MINIMUM_PYTHON} or later: current value is ${version}`,
    );
  }
  return tag;
}

async function runPip(
  python: string,
  requirements: string,
  target: string,
): Promise<void> {
  const pip = ["-m", "pip"];
  if ((await run(python, [...pip, "--version"])).code !== 0) {
    throw new Deno.errors.NotFound(
      "Cannot install Jupyter as pip, Python's package installer, must be on this machine (on Debian and Ubuntu: apt install python3-pip): " +
        `${python} -m pip does not run`,
    );
  }
  const { code, output } = await run(python, [
    ...pip,
    "install",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    // Python compiles the few modules that are used when it first needs them.
    "--no-compile",
    // The file names every package, so nothing else may come in, and wheels
    // run no code when they are installed.
    "--no-deps",
    "--only-binary=:all:",
    ...["--target", target],
    ...["--requirement", requirements],
  ]);
  if (code !== 0) {
    throw new Error(
      `Cannot install Jupyter as pip must end with code 0: it ended with ${code} and said ${
        output.trim().split("\n").slice(-3).join(" ")
      }`,
    );
  }
}

/** Runs a program; one that does not exist ends with the shell's code 127. */
async function run(
  program: string,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      // A user who set `user = true` for pip could not use a target folder.
      env: { PIP_USER: "0" },
      stdin: "null",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, output: decode(stdout) + decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { code: 127, output: "" };
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Lends an installation together with a data folder of its own, in which the
 * only kernel is this Deno.
 *
 * @param folder What {@linkcode installJupyter} returned.
 * @param use What to do with it.
 * @returns The result of `use`.
 */
export async function withJupyter<Result>(
  folder: string,
  use: (jupyter: Jupyter) => Promise<Result>,
): Promise<Result> {
  const data = await Deno.makeTempDir({ prefix: "memgen-jupyter-" });
  try {
    const kernel = join(data, "kernels", "deno");
    await Deno.mkdir(kernel, { recursive: true });
    await Deno.writeTextFile(
      join(kernel, "kernel.json"),
      JSON.stringify({
        argv: [
          Deno.execPath(),
          "jupyter",
          "--kernel",
          "--conn",
          "{connection_file}",
        ],
        display_name: "Deno",
        language: "typescript",
      }),
    );
    return await use({
      folder,
      environment: {
        PYTHONPATH: folder,
        PYTHONNOUSERSITE: "1",
        JUPYTER_DATA_DIR: data,
        JUPYTER_CONFIG_DIR: join(data, "config"),
        JUPYTER_RUNTIME_DIR: join(data, "runtime"),
        JUPYTER_PATH: join(folder, "share", "jupyter"),
        JUPYTER_CONFIG_PATH: join(folder, "etc", "jupyter"),
        JUPYTERLAB_DIR: join(folder, "share", "jupyter", "lab"),
        NO_COLOR: "1",
      },
    });
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}
