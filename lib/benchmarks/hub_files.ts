/**
 * Downloads files of data sets on the hub. A file gets its name only once it is
 * whole; until then it is `NAME.VERSION.part`, and another run goes on there.
 */
import { createHash, type Hash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import {
  downloadFile,
  fileDownloadInfo,
  type FileDownloadInfoOutput,
  HubApiError,
} from "@huggingface/hub";
import { isFile } from "./files.ts";

/** A file of a data set. */
export interface HubFile {
  /** The data set, such as "openai/gsm8k". */
  readonly hubId: string;
  /** The file in it, also its path in the folder. */
  readonly path: string;
}

/** Where files come from, and where they go. */
export interface FetchHubOptions {
  /** The folder; it is made. */
  readonly folder: string;
  /** For data sets that ask who one is. Default: nobody. */
  readonly accessToken?: string;
  /** Address of the hub. @default {huggingface.co} */
  readonly hubUrl?: string;
  /** Called with the bytes of all files that are missing, as they arrive. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Downloads the files that are not in the folder yet, one after the other, and
 * compares each with the hub's checksum. What an earlier run has of a file is
 * kept, unless the hub's file has changed since.
 *
 * @returns The paths that were missing.
 * @throws {Deno.errors.NotFound} If the hub has no such file.
 * @throws {Deno.errors.PermissionDenied} If it gives the file to others only.
 * @throws {Error} If the hub does not answer, the connection ends early, the
 * content is not what the hub announced, or another process is at it.
 */
export async function fetchHubFiles(
  files: readonly HubFile[],
  options: FetchHubOptions,
): Promise<string[]> {
  const { folder, onProgress } = options;
  const missing: { file: HubFile; info: FileDownloadInfoOutput }[] = [];
  for (const file of files) {
    if (await isFile(join(folder, file.path))) continue;
    missing.push({ file, info: await findOnHub(file, options) });
  }
  const total = missing.reduce((sum, { info }) => sum + info.size, 0);
  let before = 0;
  for (const { file, info } of missing) {
    const report = (done: number) => onProgress?.(before + done, total);
    await fetchFile(file, info, { ...options, report });
    before += info.size;
  }
  return missing.map(({ file }) => file.path);
}

async function findOnHub(
  file: HubFile,
  options: FetchHubOptions,
): Promise<FileDownloadInfoOutput> {
  const info = await explainErrors(
    file,
    () => fileDownloadInfo(hubParameters(file, options)),
  );
  if (info !== null) return info;
  throw new Deno.errors.NotFound(
    `Cannot fetch ${file.path} as ${file.hubId} must have it: current value is no such file`,
  );
}

function hubParameters({ hubId, path }: HubFile, options: FetchHubOptions) {
  const { accessToken, hubUrl } = options;
  return {
    repo: { type: "dataset", name: hubId },
    path,
    hubUrl,
    ...accessToken === undefined ? {} : { accessToken },
  } as const;
}

async function fetchFile(
  file: HubFile,
  info: FileDownloadInfoOutput,
  options: FetchHubOptions & { readonly report: (done: number) => void },
): Promise<void> {
  const target = join(options.folder, file.path);
  const version = info.etag.replace(/^W\//, "").replaceAll('"', "");
  const part = `${target}.${version}.part`;
  await Deno.mkdir(dirname(target), { recursive: true });
  using output = await Deno.open(part, {
    create: true,
    read: true,
    append: true,
  });
  if (!await output.tryLock(true)) {
    throw new Error(
      `Cannot fetch ${file.path} as one process at a time may write ${part}: current value is another one`,
    );
  }
  const hash = hashLike(version, info.size);
  const done = await completePart(file, info, { ...options, output, hash });
  if (done < info.size) {
    throw new Error(
      `Cannot fetch ${file.path} as it must have ${info.size} bytes: current value is ${done}; run again to go on`,
    );
  }
  const digest = hash?.digest("hex") ?? version;
  if (done > info.size || digest !== version) {
    await Deno.remove(part);
    throw new Error(
      `Cannot fetch ${file.path} as its checksum must be ${version}: current value is ${digest} of ${done} bytes; run again to start anew`,
    );
  }
  await output.syncData();
  await Deno.rename(part, target);
  await removeParts(target);
}

/** Appends what is missing of a file; returns the bytes that it has then. */
async function completePart(
  file: HubFile,
  info: FileDownloadInfoOutput,
  { output, hash, report, ...options }: FetchHubOptions & {
    readonly output: Deno.FsFile;
    readonly hash: Hash | undefined;
    readonly report: (done: number) => void;
  },
): Promise<number> {
  let done = await readInto(output, hash);
  report(done);
  if (done >= info.size) return done;
  await explainErrors(file, async () => {
    const blob = await downloadFile({
      ...hubParameters(file, options),
      downloadInfo: info,
      xet: false, // these files are small, and plain HTTP can be tested
    });
    for await (const bytes of blob!.slice(done).stream()) {
      await writeAll(output, bytes);
      hash?.update(bytes);
      done += bytes.length;
      report(Math.min(done, info.size));
    }
  });
  return done;
}

/** Removes what is left of other versions of a file. */
async function removeParts(target: string): Promise<void> {
  for await (const { name } of Deno.readDir(dirname(target))) {
    if (name.startsWith(`${basename(target)}.`) && name.endsWith(".part")) {
      await Deno.remove(join(dirname(target), name));
    }
  }
}

/**
 * What the hub names a version by: SHA-256 of a large file, git's SHA-1 of a
 * small one. Undefined if it is neither.
 */
function hashLike(version: string, size: number): Hash | undefined {
  if (/^[0-9a-f]{64}$/.test(version)) return createHash("sha256");
  if (!/^[0-9a-f]{40}$/.test(version)) return undefined;
  return createHash("sha1").update(`blob ${size}\0`);
}

/** Reads a file from its start into the hash; returns its bytes. */
async function readInto(
  file: Deno.FsFile,
  hash: Hash | undefined,
): Promise<number> {
  const piece = new Uint8Array(1 << 20);
  let size = 0;
  let count = await file.read(piece);
  while (count !== null) {
    hash?.update(piece.subarray(0, count));
    size += count;
    count = await file.read(piece);
  }
  return size;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await file.write(bytes.subarray(done));
  }
}

/** The errors of the hub, the network and the disk, in this project's words. */
async function explainErrors<Result>(
  { hubId, path }: HubFile,
  ask: () => Promise<Result>,
): Promise<Result> {
  try {
    return await ask();
  } catch (cause) {
    if (!(cause instanceof HubApiError)) {
      const reason = causesOf(cause).join(": ");
      throw new Error(
        `Cannot fetch ${path} of ${hubId} as all of it must arrive and be written: current value is "${reason}"; run again to go on`,
        { cause },
      );
    }
    const { statusCode } = cause;
    if (statusCode === 401 || statusCode === 403) {
      throw new Deno.errors.PermissionDenied(
        `Cannot fetch ${path} as the hub must let you read ${hubId}: current value is status ${statusCode}`,
        { cause },
      );
    }
    throw new Error(
      `Cannot fetch ${path} of ${hubId} as the hub must answer with it: current value is status ${statusCode}; run again to go on`,
      { cause },
    );
  }
}

/** The messages of an error and of what caused it, outermost first. */
function causesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return error.cause === undefined
    ? [error.message]
    : [error.message, ...causesOf(error.cause)];
}
