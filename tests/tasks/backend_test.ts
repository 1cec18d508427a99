import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type BackendInfo, findTensorflow } from "@/lib/tensorflow/mod.ts";
import { BACKEND_OPTIONS, type BackendArguments } from "@/tasks/backend.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { cuda, tensorflowTest } from "@/tests/backend.ts";
import { type ChildResult, runChild } from "@/tests/run_child.ts";
import { hasWebgpu, NO_ADAPTER } from "@/tests/webgpu.ts";

const CHILD = new URL("backend_child.ts", import.meta.url);

const WASM_BANNER = "MemGen on wasm 4.22.0, CPU, 1 thread, fp32\n";
const CPU_BANNER = "MemGen on cpu 4.22.0, CPU, 1 thread, fp32\n";

async function startBackend(
  args: Partial<BackendArguments>,
  env: Readonly<Record<string, string>> = {},
): Promise<ChildResult & { info: () => BackendInfo }> {
  const task: BackendArguments = { cuda: false, ...args };
  const result = await runChild(CHILD, [JSON.stringify(task)], {
    MEMGEN_BACKEND: "auto",
    ...env,
  });
  return { ...result, info: () => JSON.parse(result.stdout) };
}

/** An environment in which neither TensorFlow nor pip is to be found. */
async function withNothing(
  use: (env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use({
      PATH: folder,
      MEMGEN_CACHE: folder,
      MEMGEN_TENSORFLOW_DIR: "",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const NO_PIP =
  "Cannot download TensorFlow as pip, Python's package installer, must be on this machine";

Deno.test("startBackend() takes the option, else MEMGEN_BACKEND", async () => {
  for (
    const [backend, variable, banner] of [
      ["wasm", "auto", WASM_BANNER],
      [undefined, "cpu", CPU_BANNER],
      ["cpu", "quantum", CPU_BANNER],
    ] as const
  ) {
    const { code, stderr, info } = await startBackend(
      { backend },
      { MEMGEN_BACKEND: variable },
    );
    assertEquals({ code, stderr }, { code: 0, stderr: banner });
    assertStringIncludes(banner, `MemGen on ${info().name} ${info().version}`);
  }
});

Deno.test("startBackend() refuses another name in MEMGEN_BACKEND", async () => {
  const { code, stderr } = await startBackend({}, {
    MEMGEN_BACKEND: "quantum",
  });
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "RangeError: Cannot start a backend as MEMGEN_BACKEND must be one of auto, tensorflow, webgpu, wasm, cpu: current value is quantum",
  );
});

Deno.test({
  name: "startBackend() starts webgpu, and lets the process end",
  ignore: !hasWebgpu,
  fn: async () => {
    const { code, stderr, info } = await startBackend({ backend: "webgpu" });
    assertEquals([code, info().name], [0, "webgpu"]);
    // The driver may have written a line of its own before.
    assertStringIncludes(
      stderr,
      `MemGen on webgpu 4.22.0, ${info().device}, 1 thread, fp32\n`,
    );
  },
});

Deno.test("startBackend() does not replace the webgpu that was asked for", async () => {
  const { code, stderr } = await startBackend(
    { backend: "webgpu" },
    NO_ADAPTER,
  );
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Cannot start the webgpu backend as ");
  assertEquals(stderr.includes("MemGen on"), false);
});

Deno.test("startBackend() goes on without TensorFlow, and says why", () =>
  withNothing(async (env) => {
    const { code, stderr, info } = await startBackend({}, env);
    assertEquals(code, 0);
    assertEquals(info().name, "wasm");
    const lines = stderr.split("\n");
    assertStringIncludes(lines[0], NO_PIP);
    assertEquals(lines.slice(1), [
      "Going on with a slower backend instead",
      WASM_BANNER.trimEnd(),
      "",
    ]);
  }));

Deno.test("startBackend() does not replace the TensorFlow that was asked for", () =>
  withNothing(async (env) => {
    for (
      const [args, variable] of [
        [{ backend: "tensorflow" }, "auto"],
        [{}, "tensorflow"],
      ] as const
    ) {
      const { code, stderr } = await startBackend(args, {
        ...env,
        MEMGEN_BACKEND: variable,
      });
      assertEquals(code, 1);
      assertStringIncludes(stderr, NO_PIP);
      assertEquals(stderr.includes("MemGen on"), false);
    }
  }));

Deno.test("startBackend() multiplies in bf16 on TensorFlow or not at all", () =>
  withNothing(async (env) => {
    for (
      const [backend, variable, words] of [
        ["wasm", "auto", "tensorflow: current value is wasm"],
        [undefined, "cpu", "tensorflow: current value is cpu"],
        ["auto", "auto", NO_PIP],
      ] as const
    ) {
      const { code, stderr } = await startBackend(
        { backend, precision: "bf16" },
        { ...env, MEMGEN_BACKEND: variable },
      );
      assertEquals(code, 1);
      assertStringIncludes(stderr, words);
      assertEquals(stderr.includes("MemGen on"), false);
    }
  }));

tensorflowTest(
  "startBackend() takes TensorFlow first, with the threads and precision given",
  async () => {
    const { code, stderr, info } = await startBackend({
      threads: 1,
      cuda,
      precision: "bf16",
    });
    const { name, version, device, threads, precision } = info();
    assertEquals([code, name, threads, precision], [
      0,
      "tensorflow",
      1,
      "bf16",
    ]);
    assertEquals(
      stderr,
      `MemGen on tensorflow ${version}, ${device}, 1 thread, bf16\n`,
    );
  },
);

tensorflowTest(
  "startBackend() says that it found no NVIDIA GPU, and goes on",
  async () => {
    const { folder } = (await findTensorflow({ cuda }))!;
    const { code, stderr, info } = await startBackend(
      { backend: "tensorflow", cuda: true, threads: 1 },
      { MEMGEN_TENSORFLOW_DIR: folder, CUDA_VISIBLE_DEVICES: "-1" },
    );
    assertEquals([code, info().device], [0, "CPU"]);
    assertEquals(stderr.split("\n"), [
      "TensorFlow found no NVIDIA GPU (nvidia-smi lists those that have a driver): going on with the CPU",
      `MemGen on tensorflow ${info().version}, CPU, 1 thread, fp32`,
      "",
    ]);
  },
);

Deno.test("the options of every task allow known backends, threads and precisions only", () => {
  const definition = {
    name: "demo",
    description: "Computes.",
    options: BACKEND_OPTIONS,
    examples: ["--backend cpu"],
  } as const;
  assertEquals(parseArguments(definition, []), {
    backend: undefined,
    threads: undefined,
    precision: "fp32",
    cuda: false,
  });
  assertEquals(
    parseArguments(definition, ["--backend", "wasm", "--threads", "3"]).threads,
    3,
  );
  for (
    const [argv, words] of [
      [["--backend", "quantum"], "auto, tensorflow, webgpu, wasm, cpu"],
      [["--threads", "0"], "0"],
      [["--threads", "128"], "127"],
      [["--threads", "1.5"], "1.5"],
      [["--precision", "fp16"], "fp32, bf16"],
    ] as const
  ) {
    assertThrows(() => parseArguments(definition, argv), UsageError, words);
  }
});
