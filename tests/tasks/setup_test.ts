import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArguments } from "@/tasks/cli.ts";
import { formatHelp } from "@/tasks/help_text.ts";
import type { ProgressOutput } from "@/tasks/progress.ts";
import {
  DEFINITION,
  setUp,
  type SetUpOptions,
  showFetch,
} from "@/tasks/setup.ts";
import { fakePip, writeFakeWheel } from "@/tests/tensorflow/fake_wheel.ts";

async function withFakeTensorflow(
  use: (options: SetUpOptions, cache: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  const cache = join(root, "cache");
  const file = "tensorflow_cpu-2.21.0-cp311-cp311-linux_x86_64.whl";
  const options: SetUpOptions = {
    verify: true,
    cache,
    wheels: [await writeFakeWheel(join(root, file))],
    platform: { os: "linux", arch: "x86_64" },
    environment: () => undefined,
    runPip: fakePip(root),
  };
  try {
    await use(options, cache);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** A log file that is kept as text. */
function recordOutput(): ProgressOutput & { readonly text: () => string } {
  let text = "";
  return {
    isTerminal: () => false,
    writeSync: (bytes) => {
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    text: () => text,
  };
}

Deno.test("setUp() says where TensorFlow is and how large", () =>
  withFakeTensorflow(async (options, cache) => {
    const folder = join(cache, "tensorflow-2.21.0-cpu", "tensorflow");
    assertEquals(
      await setUp(options),
      `TensorFlow 2.21.0 (cpu): 1 MB, checksums right\n${folder}`,
    );
    assertEquals(
      await setUp({ ...options, verify: false }),
      `TensorFlow 2.21.0 (cpu): 1 MB\n${folder}`,
    );
  }));

Deno.test("setUp() finds a changed byte only where it verifies", () =>
  withFakeTensorflow(async (options, cache) => {
    await setUp(options);
    const path = join(
      cache,
      "tensorflow-2.21.0-cpu/tensorflow/libtensorflow_cc.so.2",
    );
    const bytes = await Deno.readFile(path);
    bytes[1000] ^= 1;
    await Deno.writeFile(path, bytes);
    await setUp({ ...options, verify: false });
    await assertRejects(
      () => setUp(options),
      Error,
      `Cannot use ${path} as its SHA-256 must be `,
    );
  }));

Deno.test("showFetch() shows a bar for each phase, in megabytes", () =>
  withFakeTensorflow(async (options) => {
    const output = recordOutput();
    await setUp({ ...options, onProgress: showFetch(output) });
    const lines = output.text().trimEnd().split("\n");
    assertStringIncludes(lines[0], "Download TensorFlow (MB) ");
    assertStringIncludes(lines.at(-1)!, "Unpack TensorFlow (MB) 100 % 1/1");
  }));

Deno.test("showFetch() goes on with a phase that another has interrupted", () => {
  const output = recordOutput();
  const show = showFetch(output);
  show({ phase: "download", done: 5_000_000, total: 20_000_000 });
  show({ phase: "unpack", done: 40_000_000, total: 40_000_000 });
  show({ phase: "download", done: 10_000_000, total: 20_000_000 });
  show({ phase: "download", done: 20_000_000, total: 20_000_000 });
  assertEquals(output.text().match(/(Download|Unpack).*%/g), [
    "Download TensorFlow (MB)  25 %",
    "Download TensorFlow (MB)  25 %",
    "Unpack TensorFlow (MB) 100 %",
    "Unpack TensorFlow (MB) 100 %",
    "Download TensorFlow (MB)  50 %",
    "Download TensorFlow (MB) 100 %",
  ]);
});

Deno.test("showFetch() says that another process is fetching", () => {
  const output = recordOutput();
  showFetch(output)({ phase: "wait", done: 0, total: 0 });
  assertEquals(
    output.text(),
    "Waiting for another process that fetches TensorFlow\n",
  );
});

Deno.test("DEFINITION takes two flags and explains itself", () => {
  assertEquals(parseArguments(DEFINITION, []), { cuda: false, verify: false });
  assertEquals(parseArguments(DEFINITION, ["--cuda", "--verify"]), {
    cuda: true,
    verify: true,
  });
  assertStringIncludes(formatHelp(DEFINITION), "MEMGEN_TENSORFLOW_DIR");
});

Deno.test("deno task setup ends with 1 and the reason where a folder is wrong", async () => {
  const folder = await Deno.makeTempDir();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      fileURLToPath(import.meta.resolve("@/tasks/setup.ts")),
    ],
    env: { MEMGEN_TENSORFLOW_DIR: folder, NO_COLOR: "1" },
  }).output();
  await Deno.remove(folder);
  assertEquals(code, 1);
  assertEquals(stdout.length, 0);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    `error: Cannot use TensorFlow in ${folder} as it must hold libtensorflow_cc.`,
  );
});
