import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadWheel, type RunPip } from "@/lib/tensorflow/download.ts";
import type { Wheel } from "@/lib/tensorflow/wheel.ts";
import { fakePip, writeFakeWheel } from "./fake_wheel.ts";

const FILE =
  "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.manylinux2014_x86_64.whl";

interface Setting {
  /** Folder that holds the wheel, for `fakePip`. */
  readonly index: string;
  /** Where to download to. */
  readonly folder: string;
  readonly wheel: Wheel;
}

async function withSetting(
  use: (setting: Setting) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const index = join(root, "index");
    const folder = join(root, "download");
    const wheel = await writeFakeWheel(join(index, FILE));
    await Deno.mkdir(folder);
    await use({ index, folder, wheel });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("downloadWheel() asks pip for the one wheel, whatever Python this machine has", () =>
  withSetting(async ({ index, folder, wheel }) => {
    const calls: (readonly string[])[] = [];
    const runPip: RunPip = (args, temporaryFolder) => {
      assertEquals(temporaryFolder, folder);
      calls.push(args);
      return fakePip(index)(args, temporaryFolder);
    };
    const path = await downloadWheel(wheel, { folder, runPip });
    assertEquals(path, join(folder, FILE));
    assertEquals(
      await Deno.readFile(path),
      await Deno.readFile(join(index, FILE)),
    );
    assertEquals(calls.length, 1);
    assertEquals(
      calls[0].join(" "),
      "download --quiet --no-input --disable-pip-version-check --no-cache-dir " +
        "--no-deps --only-binary=:all: --platform manylinux_2_27_x86_64 " +
        "--python-version 3.11 --implementation cp --abi cp311 " +
        `--dest ${folder} tensorflow_cpu==2.21.0`,
    );
  }));

Deno.test("downloadWheel() reports the size of the file that pip is writing", () =>
  withSetting(async ({ index, folder, wheel }) => {
    const half = Promise.withResolvers<void>();
    const sizes: number[] = [];
    await downloadWheel(wheel, {
      folder,
      onBytes: (arrived) => {
        sizes.push(arrived);
        if (arrived === 1000) half.resolve();
      },
      runPip: async (args) => {
        const unpacking = join(folder, "pip-unpack-1");
        await Deno.mkdir(unpacking);
        await Deno.writeFile(join(unpacking, FILE), new Uint8Array(1000));
        await half.promise;
        return await fakePip(index)(args, folder);
      },
    });
    assertEquals(sizes.includes(1000), true);
    assertEquals(sizes.at(-1), wheel.size);
  }));

Deno.test("downloadWheel() refuses a wheel with another checksum", () =>
  withSetting(async ({ index, folder, wheel }) => {
    const sha256 = "0".repeat(64);
    await assertRejects(
      () =>
        downloadWheel({ ...wheel, sha256 }, { folder, runPip: fakePip(index) }),
      Error,
      `Cannot use ${FILE} as its SHA-256 must be ${sha256}: ` +
        `current value is ${wheel.sha256} (${wheel.size} of ${wheel.size} bytes)`,
    );
  }));

Deno.test("downloadWheel() refuses a truncated wheel and says how short it is", () =>
  withSetting(async ({ index, folder, wheel }) => {
    await Deno.truncate(join(index, FILE), 1234);
    await assertRejects(
      () => downloadWheel(wheel, { folder, runPip: fakePip(index) }),
      Error,
      `(1234 of ${wheel.size} bytes)`,
    );
  }));

Deno.test("downloadWheel() passes on pip's errors, and the end of a traceback", () =>
  withSetting(async ({ folder, wheel }) => {
    const errorText = "WARNING: Retrying\nERROR: Exception:\nTraceback:\n" +
      "OSError: [Errno 28] No space left on device\n";
    await assertRejects(
      () =>
        downloadWheel(wheel, {
          folder,
          runPip: () => Promise.resolve({ code: 2, errorText }),
        }),
      Error,
      `Cannot download ${FILE} as pip must end with code 0: it ended with 2 and ` +
        'said "ERROR: Exception: OSError: [Errno 28] No space left on device"',
    );
  }));

Deno.test("downloadWheel() throws if pip has saved nothing", () =>
  withSetting(async ({ folder, wheel }) => {
    await assertRejects(
      () =>
        downloadWheel(wheel, {
          folder,
          runPip: () => Promise.resolve({ code: 0, errorText: "" }),
        }),
      Deno.errors.NotFound,
      FILE,
    );
  }));

/** Runs `runPip(["download", "x"])` where only these shell scripts are programs. */
async function runPipAmong(scripts: Record<string, string>): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, script] of Object.entries(scripts)) {
      await Deno.writeTextFile(join(folder, name), `#!/bin/sh\n${script}\n`, {
        mode: 0o755,
      });
    }
    const child = fileURLToPath(import.meta.resolve("./run_pip_child.ts"));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", child, "/temporary", "download", "x"],
      env: { PATH: folder, PIP_INDEX_URL: "the user's" },
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const UNIX_ONLY = { ignore: Deno.build.os === "windows" };

Deno.test(
  "runPip() says what to install where there is no pip",
  UNIX_ONLY,
  async () => {
    const message =
      "Cannot download TensorFlow as pip, Python's package installer, must be on this machine " +
      "(on Debian and Ubuntu: apt install python3-pip): " +
      "none of python3 -m pip, pip3 and pip runs";
    assertEquals(await runPipAmong({}), message);
    assertEquals(
      await runPipAmong({ python3: "echo No module named pip >&2; exit 1" }),
      message,
    );
  },
);

Deno.test(
  "runPip() runs the first pip that works, with the user's settings",
  UNIX_ONLY,
  async () => {
    const pip = 'if [ "$1" = --version ]; then exit 0; fi; ' +
      'echo "$* $PIP_INDEX_URL $TMPDIR" >&2; exit 3';
    assertEquals(
      JSON.parse(await runPipAmong({ python3: "exit 1", pip3: pip })),
      { code: 3, errorText: "download x the user's /temporary\n" },
    );
    assertEquals(
      JSON.parse(
        await runPipAmong({ python3: `shift 2; ${pip}`, pip3: "exit 1" }),
      ),
      { code: 3, errorText: "download x the user's /temporary\n" },
    );
  },
);
