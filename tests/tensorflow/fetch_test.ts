import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type FetchOptions,
  type FetchProgress,
  fetchTensorflow,
} from "@/lib/tensorflow/fetch.ts";
import { verifyTensorflow } from "@/lib/tensorflow/library.ts";
import type { Wheel } from "@/lib/tensorflow/wheel.ts";
import {
  FAKE_LIBRARIES,
  fakePip,
  pseudoRandomBytes,
  writeFakeWheel,
} from "./fake_wheel.ts";
import type { ChildTask } from "./fetch_child.ts";

const FILE = "tensorflow_cpu-2.21.0-cp311-cp311-linux_x86_64.whl";

interface Setting {
  /** Folder that holds the wheel, for `fakePip`. */
  readonly index: string;
  readonly cache: string;
  readonly wheel: Wheel;
  /** Options that fetch the wheel into the cache. */
  readonly options: FetchOptions;
}

async function withSetting(
  use: (setting: Setting) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const index = join(root, "index");
    const cache = join(root, "cache");
    const wheel = await writeFakeWheel(join(index, FILE));
    const options: FetchOptions = {
      cache,
      wheels: [wheel],
      platform: { os: "linux", arch: "x86_64" },
      environment: () => undefined,
      runPip: fakePip(index),
    };
    await use({ index, cache, wheel, options });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Names in a folder, sorted. */
function namesIn(folder: string): readonly string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

const WHOLE = ["tensorflow-2.21.0-cpu", "tensorflow.lock"];

Deno.test("fetchTensorflow() leaves the libraries, their manifest and the lock", () =>
  withSetting(async ({ cache, options }) => {
    const library = await fetchTensorflow(options);
    assertEquals(namesIn(cache), WHOLE);
    const installation = dirname(library.folder);
    assertEquals(namesIn(installation), ["manifest.json", "tensorflow"]);
    for (const [path, bytes] of Object.entries(FAKE_LIBRARIES)) {
      assertEquals(await Deno.readFile(join(installation, path)), bytes);
    }
    const text = await Deno.readTextFile(join(installation, "manifest.json"));
    const { version, files } = JSON.parse(text);
    assertEquals(version, "2.21.0");
    assertEquals(Object.keys(files), Object.keys(FAKE_LIBRARIES));
    await verifyTensorflow(library);
  }));

Deno.test("fetchTensorflow() downloads once and then finds", () =>
  withSetting(async ({ options }) => {
    const library = await fetchTensorflow(options);
    const again = await fetchTensorflow({
      ...options,
      runPip: () => Promise.reject(new Error("pip has run again")),
    });
    assertEquals(again, library);
  }));

Deno.test("fetchTensorflow() replaces an installation that is damaged", () =>
  withSetting(async ({ cache, options }) => {
    const { ccPath } = await fetchTensorflow(options);
    await Deno.truncate(ccPath, 10);
    await fetchTensorflow(options);
    assertEquals((await Deno.stat(ccPath)).size, 400_000);
    assertEquals(namesIn(cache), WHOLE);
  }));

Deno.test("fetchTensorflow() never fetches into a folder that the user names", () =>
  withSetting(async ({ cache, options, index }) => {
    await assertRejects(
      () => fetchTensorflow({ ...options, folder: index }),
      Deno.errors.NotFound,
      `Cannot use TensorFlow in ${index}`,
    );
    await assertRejects(() => Deno.stat(cache), Deno.errors.NotFound);
  }));

Deno.test("fetchTensorflow() reports each phase from its start to its end", () =>
  withSetting(async ({ wheel, options }) => {
    const reports: FetchProgress[] = [];
    await fetchTensorflow({
      ...options,
      onProgress: (progress) => reports.push(progress),
    });
    const downloads = reports.filter(({ phase }) => phase === "download");
    const unpacks = reports.filter(({ phase }) => phase === "unpack");
    assertEquals(reports, [...downloads, ...unpacks]);
    assertEquals(downloads.at(-1)?.done, wheel.size);
    assertEquals(downloads.at(-1)?.total, wheel.size);
    assertEquals(unpacks.at(-1)?.done, 401_000);
    assertEquals(unpacks.at(-1)?.total, 401_000);
    const percents = reports.map(({ phase, done, total }) =>
      `${phase} ${Math.floor(100 * done / total)}`
    );
    assertEquals(new Set(percents).size, percents.length);
  }));

Deno.test("fetchTensorflow() for CUDA puts NVIDIA's libraries where TensorFlow looks", () =>
  withSetting(async ({ index, cache, options }) => {
    const wheels = [
      await writeFakeWheel(
        join(index, "tensorflow-2.21.0-cp311-cp311-linux_x86_64.whl"),
      ),
      await writeFakeWheel(
        join(index, "nvidia_cublas_cu12-12.9-py3-none-linux_x86_64.whl"),
        {
          "nvidia/cublas/lib/libcublas.so.12": pseudoRandomBytes(50, 1),
          "nvidia/cublas/lib/libcublasLt.so.12": pseudoRandomBytes(60, 2),
        },
      ),
    ];
    const progress: FetchProgress[] = [];
    const library = await fetchTensorflow({
      ...options,
      cuda: true,
      wheels,
      onProgress: (report) => progress.push(report),
    });
    const installation = join(cache, "tensorflow-2.21.0-cuda");
    assertEquals(library.variant, "cuda");
    assertEquals(library.folder, join(installation, "tensorflow"));
    const nvidia = join(installation, "nvidia", "cublas", "lib");
    assertEquals(namesIn(nvidia), ["libcublas.so.12", "libcublasLt.so.12"]);
    assertEquals(library.preload, [join(nvidia, "libcublas.so.12")]);
    assertEquals(progress.at(-1)?.done, 401_000 + 110);
    assertEquals(progress.at(-1)?.total, 401_000 + 110);
  }));

Deno.test("fetchTensorflow() throws on a platform without wheels, before it writes", () =>
  withSetting(async ({ cache, options }) => {
    await assertRejects(
      () =>
        fetchTensorflow({
          ...options,
          wheels: undefined,
          platform: { os: "windows", arch: "x86_64" },
        }),
      Error,
      "(elsewhere the wasm backend is used): current value is windows x86_64",
    );
    await assertRejects(() => Deno.stat(cache), Deno.errors.NotFound);
  }));

interface Failure {
  readonly name: string;
  readonly change: (setting: Setting) => FetchOptions | Promise<FetchOptions>;
  readonly message: string;
}

const FAILURES: readonly Failure[] = [
  {
    name: "a truncated wheel",
    change: async ({ index }) => {
      await Deno.truncate(join(index, FILE), 100_000);
      return {};
    },
    message: "(100000 of ",
  },
  {
    name: "a wheel with another checksum",
    change: ({ wheel }) => ({
      wheels: [{ ...wheel, sha256: "0".repeat(64) }],
    }),
    message: `Cannot use ${FILE} as its SHA-256 must be 000000`,
  },
  {
    name: "a wheel without a library",
    change: ({ wheel }) => ({
      wheels: [{ ...wheel, members: { "tensorflow/absent.so": 1 } }],
    }),
    message: "as it must hold tensorflow/absent.so: it does not",
  },
  {
    name: "a pip that fails",
    change: () => ({
      runPip: () =>
        Promise.resolve({ code: 1, errorText: "ERROR: No network\n" }),
    }),
    message: 'it ended with 1 and said "ERROR: No network"',
  },
  {
    name: "no pip",
    change: () => ({
      runPip: () => Promise.reject(new Error("there is no pip")),
    }),
    message: "there is no pip",
  },
];

for (const { name, change, message } of FAILURES) {
  Deno.test(`fetchTensorflow() leaves nothing half done after ${name}`, () =>
    withSetting(async (setting) => {
      const { cache, options } = setting;
      const changed = { ...options, ...await change(setting) };
      await assertRejects(() => fetchTensorflow(changed), Error, message);
      assertEquals(namesIn(cache), ["tensorflow.lock"]);
    }));
}

Deno.test("fetchTensorflow() checks the free space before it downloads", () =>
  withSetting(async ({ cache, wheel, options }) => {
    const needed = 401_000 + 2 * wheel.size;
    const tooLittle = {
      ...options,
      runPip: () => Promise.reject(new Error("pip has run")),
      freeBytes: () => Promise.resolve(needed - 1),
    };
    await assertRejects(
      () => fetchTensorflow(tooLittle),
      Error,
      `Cannot fetch TensorFlow into ${cache} as ${needed} bytes ` +
        `must be free there: current value is ${needed - 1}`,
    );
    const freeBytes = (): Promise<number> => Promise.resolve(needed);
    await fetchTensorflow({ ...options, freeBytes });
    assertEquals(namesIn(cache), WHOLE);
  }));

Deno.test({
  name: "fetchTensorflow() says the same if the disk fills up, and cleans up",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withSetting(async ({ cache, index, wheel, options }) => {
      const message = `Cannot fetch TensorFlow into ${cache} as ${
        401_000 + 2 * wheel.size
      } bytes must be free there`;
      const errorText = "ERROR: Exception:\nOSError: [Errno 28] " +
        "No space left on device\n";
      const whileDownloading: FetchOptions = {
        ...options,
        runPip: () => Promise.resolve({ code: 2, errorText }),
      };
      const whileUnpacking: FetchOptions = {
        ...options,
        runPip: async (args, folder) => {
          // Whatever is written to this device meets a full disk.
          const target = join(dirname(folder), "tensorflow");
          await Deno.mkdir(target);
          await Deno.symlink(
            "/dev/full",
            join(target, "libtensorflow_cc.so.2"),
          );
          return await fakePip(index)(args, folder);
        },
      };
      for (const full of [whileDownloading, whileUnpacking]) {
        await assertRejects(() => fetchTensorflow(full), Error, message);
        assertEquals(namesIn(cache), ["tensorflow.lock"]);
      }
    }),
});

/** A fetching process, and the lines that it writes. */
class Child {
  readonly process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(task: ChildTask) {
    const program = fileURLToPath(import.meta.resolve("./fetch_child.ts"));
    this.process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", program, JSON.stringify(task)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = this.process.stdout
      .pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line; undefined at the end. */
  async line(): Promise<string | undefined> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) return undefined;
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  /** Lets a process that has stopped go on. */
  async goOn(): Promise<void> {
    const writer = this.process.stdin.getWriter();
    await writer.write(new Uint8Array([10]));
    writer.releaseLock();
  }

  /** Waits for the process, which has written all its lines, to end well. */
  async end(): Promise<void> {
    assertEquals(await this.line(), undefined);
    assertEquals((await this.process.status).success, true);
    await this.process.stdin.close();
  }

  /** Kills the process, without a chance to clean up. */
  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.stdin.close();
    assertEquals(await this.line(), undefined);
    assertEquals((await this.process.status).signal, "SIGKILL");
  }
}

Deno.test("fetchTensorflow() in two processes downloads once, the second waits", () =>
  withSetting(async ({ index, cache, wheel }) => {
    const task = { index, cache, wheel };
    const first = new Child({ ...task, stop: "download" });
    assertEquals(await first.line(), "download");
    const second = new Child({ ...task, stop: "never" });
    assertEquals(await second.line(), "wait");
    await first.goOn();
    const folder = join(cache, "tensorflow-2.21.0-cpu", "tensorflow");
    assertEquals(await first.line(), "unpack");
    assertEquals(await first.line(), folder);
    assertEquals(await second.line(), folder);
    await first.end();
    await second.end();
    assertEquals(namesIn(cache), WHOLE);
  }));

Deno.test("fetchTensorflow() takes over from a process that is killed while it waits for it", () =>
  withSetting(async ({ index, cache, wheel }) => {
    const task = { index, cache, wheel };
    const first = new Child({ ...task, stop: "download" });
    assertEquals(await first.line(), "download");
    const second = new Child({ ...task, stop: "never" });
    assertEquals(await second.line(), "wait");
    await first.kill();
    assertEquals(await second.line(), "download");
    assertEquals(await second.line(), "unpack");
    assertEquals(
      await second.line(),
      join(cache, "tensorflow-2.21.0-cpu", "tensorflow"),
    );
    await second.end();
    assertEquals(namesIn(cache), WHOLE);
  }));

for (const stop of ["download", "unpack"] as const) {
  Deno.test(`fetchTensorflow() starts afresh where a process was killed during the ${stop}`, () =>
    withSetting(async ({ index, cache, wheel, options }) => {
      const child = new Child({ index, cache, wheel, stop });
      while (await child.line() !== stop);
      await child.kill();
      const [left, ...others] = namesIn(cache).toReversed();
      assertEquals(left.startsWith("tensorflow.part-"), true);
      assertEquals(others, ["tensorflow.lock"]);
      const library = await fetchTensorflow(options);
      await verifyTensorflow(library);
      assertEquals(namesIn(cache), WHOLE);
    }));
}
