/**
 * Finds TensorFlow's C library: in a folder that the user names, or in the
 * cache, where `fetch.ts` has put it:
 *
 * ```
 * <cache>/tensorflow-2.21.0-cpu/
 *   manifest.json                          sizes and checksums
 *   tensorflow/libtensorflow_cc.so.2       the paths are those inside the
 *   tensorflow/libtensorflow_framework.so.2  wheels, for there the libraries
 *   nvidia/…                               look for one another
 * ```
 *
 * The only file of lib/ that reads the environment.
 */

import { dirname, join, resolve } from "node:path";
import { digestFile, type FileDigest } from "./digest.ts";
import {
  libraryNames,
  NVIDIA_LIBRARIES,
  type Platform,
  TENSORFLOW_VERSION,
  type TensorflowVariant,
} from "./wheel.ts";

/** Where TensorFlow's libraries are. */
export interface TensorflowLibrary {
  /** The folder that holds both libraries. */
  readonly folder: string;
  /** The library with the C API. */
  readonly ccPath: string;
  /** The library that it depends on. */
  readonly frameworkPath: string;
  /** TensorFlow's release. */
  readonly version: typeof TENSORFLOW_VERSION;
  /** What was asked for. */
  readonly variant: TensorflowVariant;
  /** NVIDIA's libraries, to be opened first and in this order. */
  readonly preload: readonly string[];
}

/** Where {@linkcode findTensorflow} looks. */
export interface FindOptions {
  /**
   * The folder that holds both libraries, for example `tensorflow` of a Python
   * installation. The cache is then left alone.
   *
   * @default {`MEMGEN_TENSORFLOW_DIR`}
   */
  readonly folder?: string;
  /** MemGen's cache folder. @default {cacheFolder()} */
  readonly cache?: string;
  /** Whether to use the build for NVIDIA GPUs. @default {false} */
  readonly cuda?: boolean;
  /** The machine that TensorFlow is for. @default {Deno.build} */
  readonly platform?: Platform;
  /** Reads an environment variable. @default {Deno.env.get} */
  readonly environment?: (name: string) => string | undefined;
}

/** What is in the cache; written when everything else is there. */
export interface Manifest {
  /** TensorFlow's release. */
  readonly version: string;
  /** Path inside the wheel → size and checksum. */
  readonly files: Readonly<Record<string, FileDigest>>;
}

/** File name of the {@linkcode Manifest}. */
export const MANIFEST_NAME = "manifest.json";

/**
 * MemGen's cache folder: `MEMGEN_CACHE`, or else `memgen` in `XDG_CACHE_HOME`,
 * or else in the usual place of the platform.
 *
 * @throws {Error} If the environment names none of them.
 */
export function cacheFolder(options: FindOptions = {}): string {
  const environment = options.environment ?? Deno.env.get;
  const { os } = options.platform ?? Deno.build;
  const usual = os === "windows"
    ? ["LOCALAPPDATA"]
    : os === "darwin"
    ? ["HOME", "Library", "Caches"]
    : ["HOME", ".cache"];
  const candidates = [
    ["MEMGEN_CACHE"],
    ["XDG_CACHE_HOME", "memgen"],
    [...usual, "memgen"],
  ];
  for (const [name, ...below] of candidates) {
    const folder = environment(name);
    if (folder) return resolve(folder, ...below);
  }
  const names = candidates.map(([name]) => name).join(", ");
  throw new Error(
    `Cannot find the cache folder as one of ${names} must be set: none is`,
  );
}

/** The folder in the cache that is for this build of TensorFlow. */
export function installationFolder(options: FindOptions = {}): string {
  const cache = options.cache ?? cacheFolder(options);
  const variant = options.cuda ? "cuda" : "cpu";
  return join(cache, `tensorflow-${TENSORFLOW_VERSION}-${variant}`);
}

/**
 * Finds TensorFlow's libraries without fetching them.
 *
 * @returns `undefined` if the cache does not hold them, all and whole.
 * @throws {Deno.errors.NotFound} If a folder is named that does not hold them.
 */
export async function findTensorflow(
  options: FindOptions = {},
): Promise<TensorflowLibrary | undefined> {
  const environment = options.environment ?? Deno.env.get;
  const named = options.folder ?? environment("MEMGEN_TENSORFLOW_DIR");
  if (named) return await openFolder(resolve(named), options);
  const installation = installationFolder(options);
  const manifest = await readManifest(installation);
  if (manifest === undefined) return undefined;
  for (const [path, { size }] of Object.entries(manifest.files)) {
    if (await fileSize(join(installation, path)) !== size) return undefined;
  }
  return await openFolder(join(installation, "tensorflow"), options);
}

/**
 * Reads every file of TensorFlow in the cache and compares its SHA-256 with the
 * manifest.
 *
 * @throws {Error} If a file has changed, or if the libraries are not in the
 * cache but in a folder that the user named.
 */
export async function verifyTensorflow(
  library: TensorflowLibrary,
): Promise<void> {
  const installation = dirname(library.folder);
  const manifest = await readManifest(installation);
  if (manifest === undefined) {
    throw new Error(
      `Cannot verify ${library.folder} as a ${MANIFEST_NAME} must be beside it: there is none`,
    );
  }
  for (const [path, expected] of Object.entries(manifest.files)) {
    const { sha256 } = await digestFile(join(installation, path));
    if (sha256 !== expected.sha256) {
      throw new Error(
        `Cannot use ${
          join(installation, path)
        } as its SHA-256 must be ${expected.sha256}: ` +
          `current value is ${sha256} (remove ${installation} to fetch it again)`,
      );
    }
  }
}

async function openFolder(
  folder: string,
  options: FindOptions,
): Promise<TensorflowLibrary> {
  const names = libraryNames((options.platform ?? Deno.build).os);
  for (const name of Object.values(names)) {
    if (await fileSize(join(folder, name)) === undefined) {
      throw new Deno.errors.NotFound(
        `Cannot use TensorFlow in ${folder} as it must hold ${name}: it does not`,
      );
    }
  }
  const preload: string[] = [];
  for (const path of options.cuda ? NVIDIA_LIBRARIES : []) {
    const library = join(dirname(folder), path);
    if (await fileSize(library) !== undefined) preload.push(library);
  }
  return {
    folder,
    ccPath: join(folder, names.cc),
    frameworkPath: join(folder, names.framework),
    version: TENSORFLOW_VERSION,
    variant: options.cuda ? "cuda" : "cpu",
    preload,
  };
}

/** @returns `undefined` if there is no manifest, or one that cannot be read. */
async function readManifest(
  installation: string,
): Promise<Manifest | undefined> {
  try {
    const text = await Deno.readTextFile(join(installation, MANIFEST_NAME));
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

/** @returns `undefined` if there is no such file. */
async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
