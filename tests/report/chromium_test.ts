import { assertEquals, assertRejects } from "@std/assert";
import { findChromium, withChromium } from "@/lib/report/chromium.ts";
import { withFolder } from "@/tests/folder.ts";

/** A program that is no browser. */
async function writeProgram(path: string, script: string): Promise<string> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

const browser = await findChromium({
  chromePath: Deno.env.get("CHROME_PATH"),
  path: Deno.env.get("PATH"),
}).catch(() => undefined);

Deno.test("findChromium() takes CHROME_PATH first, then the first name on PATH", () =>
  withFolder(async (folder) => {
    const own = await writeProgram(`${folder}/own`, "");
    const chrome = await writeProgram(`${folder}/google-chrome`, "");
    const path = `${folder}/none:${folder}`;
    assertEquals(await findChromium({ chromePath: own, path }), own);
    assertEquals(await findChromium({ path }), chrome);
    const chromium = await writeProgram(`${folder}/chromium`, "");
    assertEquals(await findChromium({ path }), chromium);
  }));

Deno.test("findChromium() says what to install or to set", () =>
  withFolder(async (folder) => {
    const chromePath = `${folder}/none`;
    await assertRejects(
      () => findChromium({ chromePath, path: folder }),
      Deno.errors.NotFound,
      `Cannot start Chromium as CHROME_PATH must name an executable: current value is ${chromePath}`,
    );
  }));

Deno.test({
  name: "findChromium() says what to install where there is none",
  // Chrome for macOS is found at its fixed place.
  ignore: Deno.build.os === "darwin",
  fn: async () => {
    await assertRejects(
      () => findChromium({}),
      Deno.errors.NotFound,
      "(on Debian: apt-get install chromium; elsewhere set CHROME_PATH)",
    );
  },
});

Deno.test("withChromium() gives the last words of a browser that does not start", () =>
  withFolder(async (folder) => {
    const broken = await writeProgram(
      `${folder}/chromium`,
      "echo 'libnss3.so: cannot open shared object file' >&2; exit 127",
    );
    await assertRejects(
      () => withChromium(broken, () => Promise.resolve()),
      Error,
      "Cannot use Chromium as it ended before it was ready: its last messages are libnss3.so: cannot open shared object file",
    );
  }));

Deno.test("withChromium() fails where nothing answers at the browser's address", () =>
  withFolder(async (folder) => {
    const deaf = await writeProgram(
      `${folder}/chromium`,
      "echo 'DevTools listening on ws://127.0.0.1:9/devtools' >&2; exec sleep 100",
    );
    await assertRejects(
      () => withChromium(deaf, () => Promise.resolve()),
      Error,
      "Cannot use Chromium as it refused a connection",
    );
  }));

Deno.test({
  name: "withChromium() lends a page, passes errors on and leaves no profile",
  ignore: browser === undefined,
  fn: async () => {
    const { result } = await withChromium(
      browser!,
      (page) => page.send("Runtime.evaluate", { expression: "6 * 7" }),
    );
    assertEquals((result as { value: number }).value, 42);
    await assertRejects(
      () => withChromium(browser!, (page) => page.send("No.such")),
      Error,
      "Cannot call No.such: 'No.such' wasn't found",
    );
    await assertRejects(
      () => withChromium(browser!, (page) => page.send("Browser.crash")),
      Error,
      "Cannot use Chromium as it ended or hung",
    );
  },
});
