import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { findTensorflow } from "@/lib/tensorflow/mod.ts";
import { requireAvx } from "@/lib/tensorflow/processor.ts";
import { backend, cuda, tensorflowTest } from "@/tests/backend.ts";
import { runChild } from "@/tests/run_child.ts";
import type { StartOutcome, StartTask } from "./start_child.ts";
import { withFolder } from "@/tests/folder.ts";
import { BYTES, COUNT } from "./page_faults_child.ts";

/** Its name is one that a shell or a loader could stumble over. */
function withOddFolder(
  use: (folder: string) => Promise<void>,
): Promise<void> {
  return withFolder(use, { prefix: "it's a folder " });
}

const CHILD = new URL("start_child.ts", import.meta.url);
/** ([[1, 2], [3, 4]]^2 + [[1, 2], [3, 4]]), squared. */
const VALUES = [8 ** 2, 12 ** 2, 18 ** 2, 26 ** 2];

/** A child that must end by itself, well and without a word of complaint. */
async function startChild(
  task: StartTask,
  env: Readonly<Record<string, string>> = {},
): Promise<StartOutcome> {
  const result = await runChild(CHILD, [JSON.stringify(task)], env);
  assertEquals({ code: result.code, stderr: result.stderr }, {
    code: 0,
    stderr: "",
  });
  return JSON.parse(result.stdout);
}

async function startComputes(
  task: StartTask,
  env: Readonly<Record<string, string>> = {},
): Promise<Exclude<StartOutcome, { error: string }>> {
  const outcome = await startChild(task, env);
  assert("values" in outcome, JSON.stringify(outcome));
  assertEquals(outcome.values, VALUES);
  return outcome;
}

Deno.test({
  name: "startTensorflow() keeps memory, unless its environment says otherwise",
  ignore: cuda || backend.name !== "tensorflow" || Deno.build.os !== "linux",
  fn: async () => {
    const child = new URL("page_faults_child.ts", import.meta.url);
    const library = (await findTensorflow({ cuda }))!;
    const task = JSON.stringify({ ...library, threads: 1 });
    const all = COUNT * BYTES / 4096;
    const countFaults = async (env: Readonly<Record<string, string>>) => {
      const { code, stdout, stderr } = await runChild(child, [task], env);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      return Number(stdout);
    };
    const kept = await countFaults({});
    assert(kept < all / COUNT, `of ${all} pages ${kept} were mapped anew`);
    const given = await countFaults({
      TF_CPU_ALLOCATOR_USE_BFC: "false",
      // Where it is on, as on processors with AVX-512, oneDNN keeps memory.
      TF_ENABLE_ONEDNN_OPTS: "0",
    });
    assert(given >= all, `of ${all} pages only ${given} were mapped anew`);
  },
});

tensorflowTest(
  "startTensorflow() computes, says nothing, and lets the process end",
  async () => {
    const library = (await findTensorflow({ cuda }))!;
    const { info, xlaFlags, again } = await startComputes(
      { ...library, threads: 1 },
      { TF_XLA_FLAGS: "" },
    );
    assertMatch(info.device, /^(CPU|GPU:0)$/);
    assertEquals(info, {
      name: "tensorflow",
      version: library.version,
      device: info.device,
      threads: 1,
      precision: "fp32",
    });
    assertEquals(again, info, "it runs on as it was started");
    assertEquals(xlaFlags, "");
  },
);

tensorflowTest(
  "startTensorflow() keeps compiled code for the next process of its precision",
  () =>
    withOddFolder(async (folder) => {
      const library = (await findTensorflow({ cuda }))!;
      const xlaCacheFolder = join(folder, "a", "cache");
      const task = { ...library, threads: 1, xlaCacheFolder };
      const env = { TF_XLA_FLAGS: "--tf_xla_max_cluster_size=100" };
      const { xlaFlags } = await startComputes(task, env);
      assertEquals(
        xlaFlags,
        `--tf_xla_max_cluster_size=100 --tf_xla_persistent_cache_directory="${xlaCacheFolder}" --tf_xla_persistent_cache_device_types=CPU`,
      );
      const list = (): string[] =>
        [...Deno.readDirSync(xlaCacheFolder)].map(({ name }) => name);
      const files = list();
      assertEquals(files.length, 1);
      const [path] = files.map((file) => join(xlaCacheFolder, file));
      const written = (await Deno.stat(path)).mtime;
      await startComputes(task, env);
      assertEquals(list(), files);
      assertEquals((await Deno.stat(path)).mtime, written);
      const { info } = await startComputes({ ...task, precision: "bf16" }, env);
      assertEquals(info.precision, "bf16");
      assertEquals(list().length, 2, "another precision is other code");
      assertEquals((await Deno.stat(path)).mtime, written);
    }),
);

tensorflowTest("startTensorflow() refuses a number of threads", async () => {
  const library = (await findTensorflow({ cuda }))!;
  assertEquals(await startChild({ ...library, threads: 128 }), {
    error:
      "RangeError: Cannot start TensorFlow as 'threads' must be an integer from 1 to 127: current value is 128",
  });
});

Deno.test({
  name: "startTensorflow() names a library that is missing or none",
  fn: () =>
    withOddFolder(async (folder) => {
      const frameworkPath = join(folder, "libtensorflow_framework.so.2");
      const ccPath = join(folder, "libtensorflow_cc.so.2");
      const assertRefused = async (
        path: string,
        preload: readonly string[] = [],
      ): Promise<void> => {
        const outcome = await startChild({ frameworkPath, ccPath, preload });
        assert("error" in outcome);
        assertStringIncludes(
          outcome.error,
          `Error: Cannot open TensorFlow's library as the system refused ${path}: `,
        );
      };
      await assertRefused(frameworkPath);
      const cudaPath = join(folder, "libcudart.so.12");
      await Deno.writeTextFile(cudaPath, "no library");
      await assertRefused(cudaPath, [cudaPath]);
      await Deno.writeTextFile(frameworkPath, "no library");
      await assertRefused(frameworkPath);
      const library = await findTensorflow({ cuda });
      if (library === undefined) return;
      await Deno.remove(frameworkPath);
      await Deno.symlink(library.frameworkPath, frameworkPath);
      await assertRefused(ccPath);
      // A library, but another one.
      await Deno.symlink(library.frameworkPath, ccPath);
      await assertRefused(ccPath);
    }),
});

for (const name of ["wasm", "cpu"] as const) {
  Deno.test(`the backend ${name} computes, says nothing, and lets the process end`, async () => {
    const { info, again } = await startComputes(name);
    assertEquals(info, {
      name,
      version: "4.22.0",
      device: "CPU",
      threads: 1,
      precision: "fp32",
    });
    assertEquals(again, info);
  });
}

Deno.test("requireAvx() takes processors with AVX, and those that say nothing", () => {
  for (
    const cpuinfo of [
      "model name\t: New\nflags\t\t: fpu sse4_2 avx avx2\nbugs\t\t:\n",
      "model name\t: New\nflags\t\t: avx\n",
      "processor\t: 0\nFeatures\t: fp asimd\n",
      "",
    ]
  ) requireAvx(cpuinfo);
  if (Deno.build.os === "linux") {
    requireAvx(Deno.readTextFileSync("/proc/cpuinfo"));
  }
});

Deno.test("requireAvx() names a processor without AVX", () => {
  const message =
    "Cannot start TensorFlow as it needs a processor with AVX: current value is ";
  assertThrows(
    () =>
      requireAvx(
        "model name\t: Pentium(R) Gold\nflags\t\t: fpu sse4_2 avx_none\n",
      ),
    Error,
    `${message}Pentium(R) Gold`,
  );
  assertThrows(
    () => requireAvx("flags\t\t: fpu sse4_2\n"),
    Error,
    `${message}unknown`,
  );
});
