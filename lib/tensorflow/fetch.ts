/**
 * Fetches TensorFlow's C library once into the cache:
 *
 * ```
 * <cache>/tensorflow.lock             locked while one process fetches
 * <cache>/tensorflow.part-<uuid>/     its work in progress
 * <cache>/tensorflow-2.21.0-cpu/      that folder, renamed when it is whole
 * ```
 *
 * The lock belongs to the open file, so the kernel frees it when the process
 * dies, however it dies. Who holds it may remove any work in progress.
 */

import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileDigest } from "./digest.ts";
import { downloadWheel, type RunPip } from "./download.ts";
import {
  type FindOptions,
  findTensorflow,
  installationFolder,
  type Manifest,
  MANIFEST_NAME,
  type TensorflowLibrary,
} from "./library.ts";
import { unpackMembers } from "./unpack.ts";
import {
  downloadSize,
  TENSORFLOW_VERSION,
  tensorflowWheels,
  unpackedSize,
  type Wheel,
} from "./wheel.ts";

/** How far {@linkcode fetchTensorflow} is. */
export interface FetchProgress {
  /** In `wait`, another process is fetching. */
  readonly phase: "wait" | "download" | "unpack";
  /** Bytes done; 0 in `wait`. */
  readonly done: number;
  /** Bytes in all; 0 in `wait`. */
  readonly total: number;
}

/** How {@linkcode fetchTensorflow} works. */
export interface FetchOptions extends FindOptions {
  /** Called when a phase begins and at every percent. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** What to fetch. @default {the pinned wheels of the platform} */
  readonly wheels?: readonly Wheel[];
  /** Downloads a wheel. @default {the pip of this machine} */
  readonly runPip?: RunPip;
  /** Free bytes on the disk that holds a folder. @default {statfs} */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

const PART_PREFIX = "tensorflow.part-";

/**
 * Finds TensorFlow's libraries, fetching them into the cache if they are not
 * there. Where several processes do so at once, one works and the others wait.
 *
 * @throws {Deno.errors.NotFound} If a folder is named that does not hold them.
 * @throws {Error} If there is no wheel for the platform, no pip, no network or
 * no room, or if a file is not the pinned one. Nothing half done is left.
 */
export async function fetchTensorflow(
  options: FetchOptions = {},
): Promise<TensorflowLibrary> {
  const found = await findTensorflow(options);
  if (found !== undefined) return found;
  const wheels = options.wheels ??
    tensorflowWheels(
      options.platform ?? Deno.build,
      options.cuda ? "cuda" : "cpu",
    );
  const installation = installationFolder(options);
  const cache = dirname(installation);
  await Deno.mkdir(cache, { recursive: true });
  using _lock = await lockCache(cache, options);
  const fetchedMeanwhile = await findTensorflow(options);
  if (fetchedMeanwhile !== undefined) return fetchedMeanwhile;
  await removeUnfinished(cache, installation);
  const free = options.freeBytes ?? freeBytes;
  if (await free(cache) < bytesNeeded(wheels)) {
    throw roomError(cache, wheels, await free(cache));
  }
  const part = join(cache, PART_PREFIX + crypto.randomUUID());
  await Deno.mkdir(part);
  try {
    await fillFolder(part, wheels, options);
    await Deno.rename(part, installation);
  } catch (error) {
    await Deno.remove(part, { recursive: true });
    if (!isDiskFull(error)) throw error;
    throw roomError(cache, wheels, await free(cache), error);
  }
  return (await findTensorflow(options))!;
}

async function lockCache(
  cache: string,
  options: FetchOptions,
): Promise<Deno.FsFile> {
  const lock = await Deno.open(join(cache, "tensorflow.lock"), {
    create: true,
    write: true,
  });
  if (!await lock.tryLock(true)) {
    options.onProgress?.({ phase: "wait", done: 0, total: 0 });
    await lock.lock(true);
  }
  return lock;
}

/** Removes what dead processes have left, and a damaged installation. */
async function removeUnfinished(
  cache: string,
  installation: string,
): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    const path = join(cache, name);
    if (name.startsWith(PART_PREFIX) || path === installation) {
      await Deno.remove(path, { recursive: true });
    }
  }
}

/** Downloads and unpacks the wheels into an empty folder. */
async function fillFolder(
  folder: string,
  wheels: readonly Wheel[],
  options: FetchOptions,
): Promise<void> {
  const report = everyPercent(options.onProgress);
  const download = join(folder, "download");
  const files: Record<string, FileDigest> = {};
  let downloaded = 0;
  let unpacked = 0;
  for (const wheel of wheels) {
    await Deno.mkdir(download);
    const path = await downloadWheel(wheel, {
      folder: download,
      runPip: options.runPip,
      onBytes: (arrived) =>
        report("download", downloaded + arrived, downloadSize(wheels)),
    });
    downloaded += wheel.size;
    const digests = await unpackMembers(path, Object.keys(wheel.members), {
      folder,
      onBytes: (count) => {
        unpacked += count;
        report("unpack", unpacked, unpackedSize(wheels));
      },
    });
    Object.assign(files, digests);
    await Deno.remove(download, { recursive: true });
  }
  const manifest: Manifest = { version: TENSORFLOW_VERSION, files };
  await Deno.writeTextFile(
    join(folder, MANIFEST_NAME),
    JSON.stringify(manifest, null, 2) + "\n",
  );
}

/** Passes on what begins a phase or a percent, and drops the rest. */
function everyPercent(
  onProgress: FetchOptions["onProgress"],
): (phase: "download" | "unpack", done: number, total: number) => void {
  let last = "";
  return (phase, done, total) => {
    const step = `${phase} ${Math.floor(100 * done / total)}`;
    if (step === last) return;
    last = step;
    onProgress?.({ phase, done, total });
  };
}

/** Bytes that must be free: all that is unpacked, and pip's two copies of a wheel. */
function bytesNeeded(wheels: readonly Wheel[]): number {
  const largest = Math.max(...wheels.map((wheel) => wheel.size));
  return unpackedSize(wheels) + 2 * largest;
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function roomError(
  cache: string,
  wheels: readonly Wheel[],
  free: number,
  cause?: unknown,
): Error {
  return new Error(
    `Cannot fetch TensorFlow into ${cache} as ${bytesNeeded(wheels)} bytes ` +
      `must be free there: current value is ${free}`,
    { cause },
  );
}

/** Whether the system, zip.js or pip has said that the disk or quota is full. */
function isDiskFull(error: unknown): boolean {
  return error instanceof Error &&
    /No space left on device|Disk quota exceeded/.test(error.message);
}
