import { assert, assertEquals, assertRejects } from "@std/assert";
import { installJupyter, withJupyter } from "@/tasks/jupyter/install.ts";
import { checkLab, untilAnswered } from "@/tasks/lab.ts";

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

/** An address where nothing listens. */
function freeAddress(): { port: number; url: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return { port, url: `http://127.0.0.1:${port}/lab` };
}

Deno.test("untilAnswered() waits for a server that listens later", async () => {
  const { port, url } = freeAddress();
  const { signal } = new AbortController();
  const answered = untilAnswered(url, signal);
  await new Promise((resolve) => setTimeout(resolve, 300));
  let requests = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, onListen: () => {} },
    () => new Response(`${++requests}`),
  );
  await answered;
  assertEquals(requests, 1);
  await server.shutdown();
});

Deno.test("untilAnswered() ends with a server that has ended", async () => {
  await assertRejects(
    () => untilAnswered(freeAddress().url, AbortSignal.abort()),
    Error,
    "as its server must run: it has ended",
  );
});
