import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { dirname, join, resolve } from "node:path";
import { fetchTensorflow } from "@/lib/tensorflow/fetch.ts";
import {
  cacheFolder,
  findTensorflow,
  installationFolder,
  MANIFEST_NAME,
  type TensorflowLibrary,
  verifyTensorflow,
} from "@/lib/tensorflow/library.ts";
import { fakePip, pseudoRandomBytes, writeFakeWheel } from "./fake_wheel.ts";
import { withFolder } from "@/tests/folder.ts";

const LINUX = { os: "linux", arch: "x86_64" };

function environmentOf(
  values: Record<string, string>,
): (name: string) => string | undefined {
  return (name) => values[name];
}

/** Options of a cache below `folder`, and what a fake fetch has put there. */
async function fillCache(folder: string): Promise<
  [{ cache: string; platform: typeof LINUX }, TensorflowLibrary]
> {
  const index = join(folder, "index");
  const options = { cache: join(folder, "cache"), platform: LINUX };
  const wheel = await writeFakeWheel(
    join(index, "tensorflow_cpu-2.21.0-cp311-cp311-linux_x86_64.whl"),
  );
  const library = await fetchTensorflow({
    ...options,
    wheels: [wheel],
    runPip: fakePip(index),
    environment: environmentOf({}),
  });
  return [options, library];
}

Deno.test("cacheFolder() prefers MEMGEN_CACHE, then XDG_CACHE_HOME, then the platform's place", () => {
  const folderOf = (os: string, values: Record<string, string>): string =>
    cacheFolder({
      platform: { os, arch: "x86_64" },
      environment: environmentOf(values),
    });
  const home = { HOME: "/home/ada", LOCALAPPDATA: "/local" };
  assertEquals(
    folderOf("linux", { ...home, MEMGEN_CACHE: "/m", XDG_CACHE_HOME: "/x" }),
    resolve("/m"),
  );
  assertEquals(
    folderOf("linux", { ...home, MEMGEN_CACHE: "", XDG_CACHE_HOME: "/x" }),
    resolve("/x/memgen"),
  );
  assertEquals(folderOf("linux", home), resolve("/home/ada/.cache/memgen"));
  assertEquals(
    folderOf("darwin", home),
    resolve("/home/ada/Library/Caches/memgen"),
  );
  assertEquals(folderOf("windows", home), resolve("/local/memgen"));
});

Deno.test("cacheFolder() makes a relative folder absolute", () => {
  const environment = environmentOf({ MEMGEN_CACHE: "here" });
  assertEquals(cacheFolder({ environment }), join(Deno.cwd(), "here"));
});

Deno.test("cacheFolder() throws where the environment names no folder", () => {
  assertThrows(
    () => cacheFolder({ platform: LINUX, environment: environmentOf({}) }),
    Error,
    "Cannot find the cache folder as one of MEMGEN_CACHE, XDG_CACHE_HOME, HOME must be set: none is",
  );
});

Deno.test("installationFolder() keeps the two builds apart", () => {
  const cache = resolve("/c");
  assertEquals(
    installationFolder({ cache }),
    join(cache, "tensorflow-2.21.0-cpu"),
  );
  assertEquals(
    installationFolder({ cache, cuda: true }),
    join(cache, "tensorflow-2.21.0-cuda"),
  );
});

Deno.test("findTensorflow() gives undefined for a cache that is empty or absent", () =>
  withFolder(async (folder) => {
    const environment = environmentOf({});
    for (const cache of [folder, join(folder, "absent")]) {
      assertEquals(await findTensorflow({ cache, environment }), undefined);
    }
  }));

Deno.test("findTensorflow() gives undefined on a platform without TensorFlow", () =>
  withFolder(async (cache) => {
    const platform = { os: "windows", arch: "x86_64" };
    const environment = environmentOf({});
    const library = await findTensorflow({ cache, platform, environment });
    assertEquals(library, undefined);
  }));

Deno.test("findTensorflow() finds what fetchTensorflow() has put into the cache", () =>
  withFolder(async (folder) => {
    const [options, library] = await fillCache(folder);
    const environment = environmentOf({ MEMGEN_CACHE: options.cache });
    assertEquals(
      await findTensorflow({ platform: LINUX, environment }),
      library,
    );
    const inside = join(options.cache, "tensorflow-2.21.0-cpu", "tensorflow");
    assertEquals(library, {
      folder: inside,
      ccPath: join(inside, "libtensorflow_cc.so.2"),
      frameworkPath: join(inside, "libtensorflow_framework.so.2"),
      version: "2.21.0",
      variant: "cpu",
      preload: [],
    });
  }));

Deno.test("findTensorflow() gives undefined if a file has changed its size or is gone", () =>
  withFolder(async (folder) => {
    const [options, library] = await fillCache(folder);
    const environment = environmentOf({});
    await Deno.truncate(library.frameworkPath, 999);
    assertEquals(await findTensorflow({ ...options, environment }), undefined);
    await Deno.remove(library.frameworkPath);
    assertEquals(await findTensorflow({ ...options, environment }), undefined);
  }));

Deno.test("findTensorflow() gives undefined without a manifest that can be read", () =>
  withFolder(async (folder) => {
    const [options, library] = await fillCache(folder);
    const environment = environmentOf({});
    const manifest = join(dirname(library.folder), MANIFEST_NAME);
    await Deno.truncate(manifest, 20);
    assertEquals(await findTensorflow({ ...options, environment }), undefined);
    await Deno.remove(manifest);
    assertEquals(await findTensorflow({ ...options, environment }), undefined);
  }));

Deno.test("findTensorflow() takes the named folder before the variable and the cache", () =>
  withFolder(async (folder) => {
    const [options, library] = await fillCache(folder);
    for (const name of ["option", "variable"]) {
      const named = join(folder, name);
      await Deno.mkdir(named);
      await Deno.copyFile(
        library.ccPath,
        join(named, "libtensorflow_cc.so.2"),
      );
      await Deno.copyFile(
        library.frameworkPath,
        join(named, "libtensorflow_framework.so.2"),
      );
    }
    const environment = environmentOf({
      MEMGEN_TENSORFLOW_DIR: join(folder, "variable"),
    });
    const byVariable = await findTensorflow({ ...options, environment });
    assertEquals(byVariable?.folder, join(folder, "variable"));
    const byOption = await findTensorflow({
      ...options,
      environment,
      folder: join(folder, "option"),
    });
    assertEquals(byOption?.folder, join(folder, "option"));
  }));

Deno.test("findTensorflow() throws for a named folder without the libraries", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "libtensorflow_cc.so.2"), "");
    for (
      const [os, missing] of [
        ["linux", "libtensorflow_framework.so.2"],
        ["darwin", "libtensorflow_cc.2.dylib"],
      ]
    ) {
      await assertRejects(
        () => findTensorflow({ folder, platform: { os, arch: "aarch64" } }),
        Deno.errors.NotFound,
        `Cannot use TensorFlow in ${folder} as it must hold ${missing}: it does not`,
      );
    }
  }));

Deno.test("findTensorflow() lists the NVIDIA libraries beside TensorFlow's folder", () =>
  withFolder(async (root) => {
    const folder = join(root, "tensorflow");
    const files = [
      "tensorflow/libtensorflow_cc.so.2",
      "tensorflow/libtensorflow_framework.so.2",
      "nvidia/cudnn/lib/libcudnn.so.9",
      "nvidia/cudnn/lib/libcudnn_ops.so.9",
      "nvidia/cuda_nvcc/bin/ptxas",
      "nvidia/cublas/lib/libcublas.so.12",
    ];
    for (const file of files) {
      await Deno.mkdir(dirname(join(root, file)), { recursive: true });
      await Deno.writeFile(join(root, file), pseudoRandomBytes(10, 1));
    }
    const options = { folder, platform: LINUX };
    const cuda = await findTensorflow({ ...options, cuda: true });
    assertEquals(cuda?.variant, "cuda");
    assertEquals(cuda?.preload, [
      join(root, "nvidia/cublas/lib/libcublas.so.12"),
      join(root, "nvidia/cudnn/lib/libcudnn.so.9"),
    ]);
    assertEquals((await findTensorflow(options))?.preload, []);
  }));

Deno.test("verifyTensorflow() accepts what was fetched and names a changed file", () =>
  withFolder(async (folder) => {
    const [, library] = await fillCache(folder);
    await verifyTensorflow(library);
    using file = await Deno.open(library.ccPath, { read: true, write: true });
    const byte = new Uint8Array(1);
    await file.read(byte);
    await file.seek(0, Deno.SeekMode.Start);
    await file.write(byte.map((value) => value ^ 1));
    await assertRejects(
      () => verifyTensorflow(library),
      Error,
      `Cannot use ${library.ccPath} as its SHA-256 must be `,
    );
  }));

Deno.test("verifyTensorflow() throws for a folder that was not fetched", () =>
  withFolder(async (root) => {
    const folder = join(root, "tensorflow");
    const library: TensorflowLibrary = {
      folder,
      ccPath: join(folder, "libtensorflow_cc.so.2"),
      frameworkPath: join(folder, "libtensorflow_framework.so.2"),
      version: "2.21.0",
      variant: "cpu",
      preload: [],
    };
    await assertRejects(
      () => verifyTensorflow(library),
      Error,
      `Cannot verify ${folder} as a manifest.json must be beside it: there is none`,
    );
  }));
