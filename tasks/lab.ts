/** `deno task lab`: JupyterLab on our notebooks, with Deno as its kernel. */
// deno-lint-ignore-file no-console
import { dirname, join } from "node:path";
import { cacheFolder } from "@/lib/tensorflow/library.ts";
import { runTask } from "@/tasks/cli.ts";
import {
  installJupyter,
  type Jupyter,
  withJupyter,
} from "@/tasks/jupyter/install.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

const NOTEBOOKS = join(dirname(import.meta.dirname!), "notebooks");

/** What `deno task lab` takes. */
export const DEFINITION = {
  name: "lab",
  description:
    "Opens JupyterLab in notebooks/, with this Deno as the kernel and Plotly for the figures. Needs python3 and pip; JupyterLab is fetched once and kept apart from your own. Ctrl-C ends it.",
  options: {
    noBrowser: {
      type: "flag",
      help: "Print the address and open no web browser",
    },
    check: {
      type: "flag",
      help: "Start it, print its version, kernels and address, and end it",
    },
  },
  examples: ["--no-browser", "--check"],
} as const satisfies TaskDefinition;

/** What {@linkcode checkLab} found. */
export interface LabStatus {
  /** Version of JupyterLab. */
  readonly version: string;
  /** Address with its token. */
  readonly url: string;
  /** Names of the kernels. */
  readonly kernels: readonly string[];
  /** Names of the extensions, Plotly's among them. */
  readonly extensions: readonly string[];
}

/** Asks for news and updates on the network, and the user about that. */
const ANNOUNCEMENTS = "@jupyterlab/apputils-extension:announcements";

/** Starts JupyterLab with Deno as its first kernel. */
async function startLab(
  { environment }: Jupyter,
  options: { readonly args: readonly string[]; readonly check: boolean },
): Promise<Deno.ChildProcess> {
  const config = join(environment.JUPYTER_CONFIG_DIR, "labconfig");
  await Deno.mkdir(config, { recursive: true });
  await Deno.writeTextFile(
    join(config, "page_config.json"),
    JSON.stringify({ disabledExtensions: { [ANNOUNCEMENTS]: true } }),
  );
  return new Deno.Command("python3", {
    args: [
      "-m",
      "jupyterlab",
      `--ServerApp.root_dir=${NOTEBOOKS}`,
      "--MultiKernelManager.default_kernel_name=deno",
      "--LabApp.extension_manager=readonly",
      // Jupyter refuses to run as root, which is usual in containers.
      ...Deno.uid() === 0 ? ["--allow-root"] : [],
      ...options.args,
    ],
    env: {
      ...environment,
      // Settings such as the theme outlive the session's data folder.
      JUPYTERLAB_SETTINGS_DIR: join(cacheFolder(), "jupyter-settings"),
    },
    stdin: options.check ? "null" : "inherit",
    stdout: options.check ? "null" : "inherit",
    stderr: options.check ? "piped" : "inherit",
  }).spawn();
}

/**
 * Starts JupyterLab on a free port, asks it what it has, and ends it.
 *
 * @param jupyter An installation with JupyterLab.
 * @returns Version, address, kernels and extensions.
 * @throws {Error} If it does not start, with its last message.
 */
export async function checkLab(jupyter: Jupyter): Promise<LabStatus> {
  const args = ["--no-browser", "--ServerApp.port=0"];
  const server = await startLab(jupyter, { args, check: true });
  // The messages are read to the end, or the server would wait for a reader.
  const { promise: address, resolve, reject } = Promise.withResolvers<string>();
  const messages = (async () => {
    let text = "";
    for await (
      const part of server.stderr.pipeThrough(new TextDecoderStream())
    ) {
      text += part;
      const url = text.match(/http:\/\/127\.0\.0\.1:\d+\/lab\?token=\w+/)?.[0];
      if (url !== undefined) resolve(url);
    }
    const last = text.trim().split("\n").at(-1);
    reject(
      new Error(`Cannot start JupyterLab as it must run: it said ${last}`),
    );
  })();
  const ended = new AbortController();
  messages.then(() => ended.abort());
  try {
    const url = await address;
    await untilAnswered(url, ended.signal);
    return await askLab(url);
  } finally {
    try {
      server.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await server.status;
    await messages;
  }
}

/**
 * Waits until a server answers, for Jupyter prints its address before it
 * listens there.
 *
 * @param url Address.
 * @param ended Aborted when the server has ended: nothing will answer then.
 * @throws {Error} If the server has ended.
 */
export async function untilAnswered(
  url: string,
  ended: AbortSignal,
): Promise<void> {
  while (true) {
    try {
      const response = await fetch(url);
      return await response.body?.cancel();
    } catch (error) {
      // Deno's fetch throws this where nothing listens.
      if (!(error instanceof TypeError)) throw error;
      if (ended.aborted) {
        throw new Error(
          `Cannot ask ${url} as its server must run: it has ended`,
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function askLab(url: string): Promise<LabStatus> {
  const get = async (path: string) => {
    const address = new URL(url);
    address.pathname = path;
    return await (await fetch(address)).text();
  };
  const { kernelspecs } = JSON.parse(await get("/api/kernelspecs"));
  const extensions = JSON.parse(await get("/lab/api/extensions"));
  const [, version] = (await get("/lab")).match(/"appVersion": "([^"]+)"/)!;
  return {
    version,
    url,
    kernels: Object.keys(kernelspecs),
    extensions: extensions.map(({ name }: { name: string }) => name),
  };
}

/** Runs JupyterLab until the user ends it. */
async function runLab(jupyter: Jupyter, noBrowser: boolean): Promise<void> {
  // Ctrl-C is for JupyterLab, which asks first; we end when it has ended.
  const ignore = () => {};
  Deno.addSignalListener("SIGINT", ignore);
  try {
    const args = noBrowser ? ["--no-browser"] : [];
    const server = await startLab(jupyter, { args, check: false });
    const { code } = await server.status;
    if (code !== 0) {
      throw new Error(
        `Cannot go on as JupyterLab must end with code 0: current value is ${code}`,
      );
    }
  } finally {
    Deno.removeSignalListener("SIGINT", ignore);
  }
}

if (import.meta.main) {
  await runTask(DEFINITION, async ({ noBrowser, check }) => {
    const folder = await installJupyter("lab", {
      onDownload: () => console.error("Fetching JupyterLab (once, 160 MB)"),
    });
    await withJupyter(folder, async (jupyter) => {
      if (!check) return await runLab(jupyter, noBrowser);
      const { version, url, kernels } = await checkLab(jupyter);
      console.log(`JupyterLab ${version}, kernels: ${kernels.join(", ")}`);
      console.log(url);
    });
  });
}
