/**
 * Which wheels hold the TensorFlow library of a platform, each pinned by its
 * SHA-256. The address of a wheel is pip's business: only its name is here.
 *
 * To pin another version, ask pip for the hashes of the new files
 * (`pip install --dry-run --no-deps --report -`) and take the sizes of the
 * members from the file lists of the wheels.
 */

/** The TensorFlow release this project runs on. */
export const TENSORFLOW_VERSION = "2.21.0";

/** `cpu` runs on the processor, `cuda` on an NVIDIA GPU. */
export type TensorflowVariant = "cpu" | "cuda";

/** Operating system and processor, as `Deno.build` names them. */
export interface Platform {
  /** For example `linux`. */
  readonly os: string;
  /** For example `x86_64`. */
  readonly arch: string;
}

/** A pinned wheel, and what is taken out of it. */
export interface Wheel {
  /** File name: `name-version-python-abi-platform.whl`. */
  readonly file: string;
  /** Size of the file in bytes. */
  readonly size: number;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
  /**
   * Path inside the wheel → size in bytes, for every file that is needed. In
   * NVIDIA's wheels the first is what TensorFlow opens; it opens the others.
   */
  readonly members: Readonly<Record<string, number>>;
}

const CPU_WHEELS: Readonly<Record<string, Wheel>> = {
  "linux x86_64": {
    file: "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl",
    size: 273_829_956,
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    members: {
      "tensorflow/libtensorflow_cc.so.2": 788_086_608,
      "tensorflow/libtensorflow_framework.so.2": 65_222_328,
    },
  },
  "linux aarch64": {
    file: "tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl",
    size: 281_828_020,
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
    members: {
      "tensorflow/libtensorflow_cc.so.2": 814_885_544,
      "tensorflow/libtensorflow_framework.so.2": 68_176_664,
    },
  },
  "darwin aarch64": {
    file: "tensorflow-2.21.0-cp311-cp311-macosx_12_0_arm64.whl",
    size: 223_405_849,
    sha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
    members: {
      "tensorflow/libtensorflow_cc.2.dylib": 691_352_648,
      "tensorflow/libtensorflow_framework.2.dylib": 49_452_976,
    },
  },
};

/**
 * The CUDA build, then the NVIDIA libraries that
 * `tensorflow[and-cuda]` asks for: the newest release inside the bounds that
 * its metadata states, in the order in which they depend on one another.
 */
const CUDA_WHEELS: readonly Wheel[] = [
  {
    file: "tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl",
    size: 572_440_367,
    sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
    members: {
      "tensorflow/libtensorflow_cc.so.2": 1_096_372_272,
      "tensorflow/libtensorflow_framework.so.2": 162_648_808,
    },
  },
  {
    file:
      "nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 3_493_179,
    sha256: "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3",
    members: {
      "nvidia/cuda_runtime/lib/libcudart.so.12": 741_088,
    },
  },
  {
    file:
      "nvidia_cuda_nvcc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
    size: 40_546_229,
    sha256: "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0",
    members: {
      "nvidia/cuda_nvcc/bin/ptxas": 34_931_056,
      "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc": 486_168,
    },
  },
  {
    file:
      "nvidia_cuda_nvrtc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
    size: 89_568_129,
    sha256: "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4",
    members: {
      "nvidia/cuda_nvrtc/lib/libnvrtc.so.12": 106_244_480,
      "nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.9": 7_202_760,
    },
  },
  {
    file:
      "nvidia_nvjitlink_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
    size: 39_748_338,
    sha256: "e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9",
    members: {
      "nvidia/nvjitlink/lib/libnvJitLink.so.12": 95_935_344,
    },
  },
  {
    file: "nvidia_cublas_cu12-12.9.3.13-py3-none-manylinux_2_27_x86_64.whl",
    size: 581_217_458,
    sha256: "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72",
    members: {
      "nvidia/cublas/lib/libcublas.so.12": 105_140_976,
      "nvidia/cublas/lib/libcublasLt.so.12": 749_169_616,
    },
  },
  {
    file:
      "nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 366_465_088,
    sha256: "73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78",
    members: {
      "nvidia/cusparse/lib/libcusparse.so.12": 486_556_368,
    },
  },
  {
    file: "nvidia_cusolver_cu12-11.7.5.82-py3-none-manylinux_2_27_x86_64.whl",
    size: 338_117_415,
    sha256: "15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88",
    members: {
      "nvidia/cusolver/lib/libcusolver.so.11": 302_024_152,
    },
  },
  {
    file:
      "nvidia_cufft_cu12-11.4.1.4-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 200_877_592,
    sha256: "c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28",
    members: {
      "nvidia/cufft/lib/libcufft.so.11": 291_507_928,
    },
  },
  {
    file: "nvidia_curand_cu12-10.3.10.19-py3-none-manylinux_2_27_x86_64.whl",
    size: 68_295_626,
    sha256: "49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e",
    members: {
      "nvidia/curand/lib/libcurand.so.10": 166_965_432,
    },
  },
  {
    file: "nvidia_cuda_cupti_cu12-12.9.79-py3-none-manylinux_2_25_x86_64.whl",
    size: 10_814_997,
    sha256: "096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f",
    members: {
      "nvidia/cuda_cupti/lib/libcupti.so.12": 7_604_800,
    },
  },
  {
    file: "nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl",
    size: 716_538_495,
    sha256: "9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375",
    members: {
      "nvidia/cudnn/lib/libcudnn.so.9": 137_432,
      "nvidia/cudnn/lib/libcudnn_adv.so.9": 232_904_280,
      "nvidia/cudnn/lib/libcudnn_cnn.so.9": 4_203_992,
      "nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9": 559_964_512,
      "nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9": 48_269_792,
      "nvidia/cudnn/lib/libcudnn_engines_tensor_ir.so.9": 2_099_128,
      "nvidia/cudnn/lib/libcudnn_ext.so.9": 10_492_448,
      "nvidia/cudnn/lib/libcudnn_graph.so.9": 115_563_344,
      "nvidia/cudnn/lib/libcudnn_heuristic.so.9": 96_473_944,
      "nvidia/cudnn/lib/libcudnn_ops.so.9": 92_284_600,
    },
  },
  {
    file: "nvidia_nccl_cu12-2.32.3-py3-none-manylinux_2_27_x86_64.whl",
    size: 351_526_311,
    sha256: "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c",
    members: {
      "nvidia/nccl/lib/libnccl.so.2": 473_614_536,
    },
  },
];

/**
 * Paths of the NVIDIA libraries that TensorFlow opens by name, in the order in
 * which they depend on one another.
 */
export const NVIDIA_LIBRARIES: readonly string[] = CUDA_WHEELS.slice(1)
  .map((wheel) => Object.keys(wheel.members)[0])
  .filter((path) => path.includes(".so."));

/**
 * The wheels that hold TensorFlow for a platform; TensorFlow's own comes first.
 *
 * @throws {Error} If there is no wheel for the platform and variant.
 */
export function tensorflowWheels(
  platform: Platform,
  variant: TensorflowVariant,
): readonly Wheel[] {
  const name = `${platform.os} ${platform.arch}`;
  if (variant === "cuda") {
    if (name === "linux x86_64") return CUDA_WHEELS;
    throw new Error(
      `Cannot fetch TensorFlow for CUDA as its wheels are for linux x86_64 only: current value is ${name}`,
    );
  }
  const wheel = CPU_WHEELS[name];
  if (wheel === undefined) {
    const platforms = Object.keys(CPU_WHEELS).join(", ");
    throw new Error(
      `Cannot fetch TensorFlow as its wheels are for ${platforms} only (elsewhere the wasm backend is used): current value is ${name}`,
    );
  }
  return [wheel];
}

/** File names of TensorFlow's two libraries. */
export function libraryNames(
  os: string,
): { readonly cc: string; readonly framework: string } {
  const suffix = os === "darwin" ? "2.dylib" : "so.2";
  return {
    cc: `libtensorflow_cc.${suffix}`,
    framework: `libtensorflow_framework.${suffix}`,
  };
}

/** What pip is asked for: `name==version`. */
export function wheelRequirement(wheel: Wheel): string {
  const [name, version] = wheel.file.split("-");
  return `${name}==${version}`;
}

/** Platform tag of the wheel; where the file name has several, the first. */
export function wheelPlatform(wheel: Wheel): string {
  return wheel.file.slice(wheel.file.lastIndexOf("-") + 1).split(".")[0];
}

/** Bytes of all files that are taken out of the wheels. */
export function unpackedSize(wheels: readonly Wheel[]): number {
  return wheels.flatMap((wheel) => Object.values(wheel.members))
    .reduce((total, size) => total + size, 0);
}

/** Bytes of all wheels. */
export function downloadSize(wheels: readonly Wheel[]): number {
  return wheels.reduce((total, wheel) => total + wheel.size, 0);
}
