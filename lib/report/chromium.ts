/**
 * A page in a headless Chromium, spoken to by the DevTools protocol.
 *
 * The page's input and output go through one websocket and no file is shared
 * with the browser, because packaged browsers (snap, flatpak) see other folders
 * than we do.
 * Protocol: https://chromedevtools.github.io/devtools-protocol.
 */

/** Where to look for a browser; a task reads it from the environment. */
export interface ChromiumLocation {
  /** Value of CHROME_PATH: the browser to use, whatever else there is. */
  readonly chromePath?: string;
  /** Value of PATH. */
  readonly path?: string;
}

/** A blank page of a running browser. */
export interface ChromiumPage {
  /**
   * Calls a method of the DevTools protocol.
   *
   * @param method For example `Page.printToPDF`.
   * @param params Its parameters.
   * @returns Its result.
   * @throws {Error} If the browser answers with an error or has ended.
   */
  send(method: string, params?: object): Promise<Record<string, unknown>>;
}

const EXECUTABLES = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
];

const MACOS_CHROME =
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** The page holds our own code only; Chromium's sandbox fails in containers. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--remote-debugging-port=0",
];

/** No page of ours takes a tenth of this; a browser that hangs is killed. */
const TIME_LIMIT_MS = 120_000;

/**
 * Finds Chromium or Chrome.
 *
 * @param location Where to look.
 * @returns Path of the executable.
 * @throws {Deno.errors.NotFound} If there is none, with what to install.
 */
export async function findChromium(
  location: ChromiumLocation,
): Promise<string> {
  const { chromePath, path = "" } = location;
  if (chromePath) {
    if (await isFile(chromePath)) return chromePath;
    throw new Deno.errors.NotFound(
      `Cannot start Chromium as CHROME_PATH must name an executable: current value is ${chromePath}`,
    );
  }
  const candidates = EXECUTABLES.flatMap((name) =>
    path.split(":").filter(Boolean).map((folder) => `${folder}/${name}`)
  );
  for (const candidate of [...candidates, MACOS_CHROME]) {
    if (await isFile(candidate)) return candidate;
  }
  throw new Deno.errors.NotFound(
    "Cannot start Chromium as chromium or google-chrome must be on PATH: current value is none of them (on Debian: apt-get install chromium; elsewhere set CHROME_PATH)",
  );
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/**
 * Starts a headless browser with a profile of its own, lends one blank page
 * and ends the browser again.
 *
 * @param executable Path of Chromium or Chrome.
 * @param use What to do with the page.
 * @returns The result of `use`.
 * @throws {Error} If the browser does not start, ends early or hangs, with the
 * last lines that it wrote.
 */
export async function withChromium<Result>(
  executable: string,
  use: (page: ChromiumPage) => Promise<Result>,
): Promise<Result> {
  const profile = await Deno.makeTempDir({ prefix: "memgen-chromium-" });
  const browser = new Deno.Command(executable, {
    args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => browser.kill("SIGKILL"), TIME_LIMIT_MS);
  const log = new BrowserLog(browser.stderr);
  try {
    const endpoint = await log.endpoint;
    const connection = await Connection.open(endpoint, log);
    try {
      return await use(await connection.page());
    } finally {
      await connection.closeBrowser();
    }
  } catch (error) {
    try {
      browser.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    throw error;
  } finally {
    await browser.status;
    await log.ended;
    clearTimeout(timer);
    await Deno.remove(profile, { recursive: true });
  }
}

/** Reads the browser's messages: the endpoint, and the last words if it fails. */
class BrowserLog {
  readonly endpoint: Promise<string>;
  readonly ended: Promise<void>;
  #tail = "";

  constructor(stderr: ReadableStream<Uint8Array<ArrayBuffer>>) {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.endpoint = promise;
    this.ended = this.#read(stderr, resolve).then(() =>
      // Without effect once the endpoint is known.
      reject(this.failure("it ended before it was ready"))
    );
  }

  async #read(
    stderr: ReadableStream<Uint8Array<ArrayBuffer>>,
    resolve: (endpoint: string) => void,
  ): Promise<void> {
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      this.#tail = (this.#tail + text).slice(-2000);
      const match = this.#tail.match(/DevTools listening on (ws:\/\/\S+)\s/);
      if (match !== null) resolve(match[1]);
    }
  }

  failure(what: string): Error {
    return new Error(
      `Cannot use Chromium as ${what}: its last messages are ${
        this.#tail.trim() || "none"
      }`,
    );
  }
}

interface Reply {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** One websocket to the browser; replies are matched to calls by their id. */
class Connection {
  readonly #socket: WebSocket;
  readonly #log: BrowserLog;
  readonly #calls = new Map<number, PromiseWithResolvers<Reply>>();
  #lastId = 0;

  private constructor(socket: WebSocket, log: BrowserLog) {
    this.#socket = socket;
    this.#log = log;
    socket.onmessage = ({ data }) => {
      const reply: Reply = JSON.parse(data);
      if (reply.id !== undefined) this.#calls.get(reply.id)?.resolve(reply);
    };
    socket.onclose = () => {
      for (const call of this.#calls.values()) {
        call.reject(this.#log.failure("it ended or hung"));
      }
    };
  }

  static async open(endpoint: string, log: BrowserLog): Promise<Connection> {
    const socket = new WebSocket(endpoint);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.onopen = () => resolve();
    socket.onerror = () => reject(log.failure("it refused a connection"));
    await promise;
    socket.onerror = null;
    return new Connection(socket, log);
  }

  async page(): Promise<ChromiumPage> {
    const { targetId } = await this.#send("Target.createTarget", {
      url: "about:blank",
    });
    const { sessionId } = await this.#send("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    return {
      send: (method, params = {}) =>
        this.#send(method, params, String(sessionId)),
    };
  }

  async closeBrowser(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.addEventListener("close", () => resolve());
    this.#socket.send(JSON.stringify({ id: 0, method: "Browser.close" }));
    await promise;
  }

  async #send(
    method: string,
    params: object,
    sessionId?: string,
  ): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const call = Promise.withResolvers<Reply>();
    this.#calls.set(id, call);
    try {
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
      const { result, error } = await call.promise;
      if (error !== undefined) {
        throw new Error(`Cannot call ${method}: ${error.message}`);
      }
      return result ?? {};
    } finally {
      this.#calls.delete(id);
    }
  }
}
