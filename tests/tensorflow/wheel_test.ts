import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  downloadSize,
  libraryNames,
  NVIDIA_LIBRARIES,
  type Platform,
  type TensorflowVariant,
  tensorflowWheels,
  unpackedSize,
  wheelPlatform,
  wheelRequirement,
} from "@/lib/tensorflow/wheel.ts";

const LINUX: Platform = { os: "linux", arch: "x86_64" };
const MAC: Platform = { os: "darwin", arch: "aarch64" };

const BUILDS: readonly [Platform, TensorflowVariant, string, string][] = [
  [LINUX, "cpu", "tensorflow_cpu==2.21.0", "manylinux_2_27_x86_64"],
  [
    { os: "linux", arch: "aarch64" },
    "cpu",
    "tensorflow==2.21.0",
    "manylinux_2_27_aarch64",
  ],
  [MAC, "cpu", "tensorflow==2.21.0", "macosx_12_0_arm64"],
  [LINUX, "cuda", "tensorflow==2.21.0", "manylinux_2_27_x86_64"],
];

for (const [platform, variant, requirement, tag] of BUILDS) {
  const { os, arch } = platform;
  Deno.test(`tensorflowWheels() starts with ${requirement} for ${variant} on ${os} ${arch}`, () => {
    const [wheel] = tensorflowWheels(platform, variant);
    assertEquals(wheelRequirement(wheel), requirement);
    assertEquals(wheelPlatform(wheel), tag);
    const { cc, framework } = libraryNames(os);
    assertEquals(
      Object.keys(wheel.members),
      [`tensorflow/${cc}`, `tensorflow/${framework}`],
    );
  });
}

Deno.test("tensorflowWheels() pins every wheel once, with a checksum and sizes", () => {
  const wheels = BUILDS.flatMap(([platform, variant]) =>
    tensorflowWheels(platform, variant)
  );
  assertEquals(wheels.length, 3 + 13);
  assertEquals(new Set(wheels.map((wheel) => wheel.sha256)).size, 16);
  for (const wheel of wheels) {
    assertMatch(wheel.sha256, /^[0-9a-f]{64}$/);
    assertMatch(
      wheel.file,
      /^\w+-[\d.]+-(cp311-cp311|py3-none)-(many|mac)[\w.]+\.whl$/,
    );
    for (const size of Object.values(wheel.members)) assert(size > 0);
    // The members are most of a wheel, and compress by a factor below ten.
    assert(unpackedSize([wheel]) > wheel.size / 10, wheel.file);
  }
});

Deno.test("tensorflowWheels() has what tensorflow[and-cuda] requires", () => {
  const names = tensorflowWheels(LINUX, "cuda").map(({ file }) =>
    file.split("-")[0]
  );
  assertEquals(names.slice(1).sort(), [
    "nvidia_cublas_cu12",
    "nvidia_cuda_cupti_cu12",
    "nvidia_cuda_nvcc_cu12",
    "nvidia_cuda_nvrtc_cu12",
    "nvidia_cuda_runtime_cu12",
    "nvidia_cudnn_cu12",
    "nvidia_cufft_cu12",
    "nvidia_curand_cu12",
    "nvidia_cusolver_cu12",
    "nvidia_cusparse_cu12",
    "nvidia_nccl_cu12",
    "nvidia_nvjitlink_cu12",
  ]);
});

Deno.test("tensorflowWheels() throws for a platform without wheels", () => {
  assertThrows(
    () => tensorflowWheels({ os: "windows", arch: "x86_64" }, "cpu"),
    Error,
    "Cannot fetch TensorFlow as its wheels are for linux x86_64, linux aarch64, darwin aarch64 only " +
      "(elsewhere the wasm backend is used): current value is windows x86_64",
  );
  assertThrows(
    () => tensorflowWheels(MAC, "cuda"),
    Error,
    "Cannot fetch TensorFlow for CUDA as its wheels are for linux x86_64 only: current value is darwin aarch64",
  );
});

Deno.test("wheelPlatform() takes the first of several tags", () => {
  const wheel = {
    file: "a_b-1.2-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 1,
    sha256: "",
    members: {},
  };
  assertEquals(wheelPlatform(wheel), "manylinux2014_x86_64");
  assertEquals(wheelRequirement(wheel), "a_b==1.2");
});

Deno.test("unpackedSize() and downloadSize() add up", () => {
  const [wheel] = tensorflowWheels(LINUX, "cpu");
  assertEquals(unpackedSize([wheel]), 788_086_608 + 65_222_328);
  assertEquals(downloadSize([wheel, wheel]), 2 * 273_829_956);
});

Deno.test("NVIDIA_LIBRARIES holds libraries only, each after those it needs", () => {
  const names = NVIDIA_LIBRARIES.map((path) => path.split("/").at(-1)!);
  for (const name of names) assertMatch(name, /^lib\w+\.so\.\d+$/);
  const needs: Record<string, readonly string[]> = {
    "libcublas.so.12": ["libcudart.so.12", "libnvrtc.so.12"],
    "libcusparse.so.12": ["libnvJitLink.so.12"],
    "libcusolver.so.11": ["libcublas.so.12", "libcusparse.so.12"],
    "libcudnn.so.9": ["libcublas.so.12", "libnvrtc.so.12"],
  };
  for (const [name, others] of Object.entries(needs)) {
    for (const other of others) {
      assert(names.includes(other), other);
      assert(names.indexOf(other) < names.indexOf(name), `${other}, ${name}`);
    }
  }
});
