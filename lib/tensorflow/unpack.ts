/**
 * Takes single files out of a large zip file, piece by piece: a wheel holds
 * thousands of files and we need two of them, one larger than the memory of a
 * small machine.
 */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { type FileEntry, Reader, ZipReader } from "@zip.js/zip.js";
import type { FileDigest } from "./digest.ts";

/** Where and how {@linkcode unpackMembers} writes. */
export interface UnpackOptions {
  /** Folder to write into; the paths inside the zip file are kept. */
  readonly folder: string;
  /** Called after every piece with its number of bytes. */
  readonly onBytes?: (count: number) => void;
}

/**
 * Takes files out of a zip file, checking the CRC-32 of each.
 *
 * @param path The zip file.
 * @param members Paths inside it.
 * @returns Member → size and SHA-256 of the written file.
 * @throws {Error} If a member is missing or the zip file is damaged.
 */
export async function unpackMembers(
  path: string,
  members: readonly string[],
  options: UnpackOptions,
): Promise<Record<string, FileDigest>> {
  using file = await Deno.open(path);
  const zip = new ZipReader(new OpenFileReader(file));
  const digests: Record<string, FileDigest> = {};
  const entries = await findEntries(zip, path, members);
  for (const member of members) {
    const target = join(options.folder, member);
    await Deno.mkdir(dirname(target), { recursive: true });
    digests[member] = await unpackEntry(entries.get(member)!, target, options)
      .catch((error) => {
        throw new Error(
          `Cannot unpack ${member} of ${path}: ${error.message}`,
          { cause: error },
        );
      });
  }
  await zip.close();
  return digests;
}

async function findEntries(
  zip: ZipReader<Deno.FsFile>,
  path: string,
  members: readonly string[],
): Promise<Map<string, FileEntry>> {
  const entries = new Map<string, FileEntry>();
  try {
    for await (const entry of zip.getEntriesGenerator()) {
      if (!entry.directory && members.includes(entry.filename)) {
        entries.set(entry.filename, entry);
      }
    }
  } catch (error) {
    throw new Error(
      `Cannot unpack ${path} as it must be a whole zip file: ${
        (error as Error).message
      }`,
      { cause: error },
    );
  }
  for (const member of members) {
    if (!entries.has(member)) {
      throw new Error(
        `Cannot unpack ${path} as it must hold ${member}: it does not`,
      );
    }
  }
  return entries;
}

async function unpackEntry(
  entry: FileEntry,
  target: string,
  options: UnpackOptions,
): Promise<FileDigest> {
  const hash = createHash("sha256");
  let size = 0;
  using file = await Deno.open(target, {
    write: true,
    create: true,
    truncate: true,
    mode: entry.executable ? 0o755 : 0o644,
  });
  const sink = new WritableStream<Uint8Array>({
    async write(piece) {
      hash.update(piece);
      for (let start = 0; start < piece.length;) {
        start += await file.write(piece.subarray(start));
      }
      size += piece.length;
      options.onBytes?.(piece.length);
    },
  });
  await entry.getData(sink, { checkSignature: true, useWebWorkers: false });
  return { size, sha256: hash.digest("hex") };
}

/** Reads pieces of an open file where zip.js asks for them. */
class OpenFileReader extends Reader<Deno.FsFile> {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    super(file);
    this.#file = file;
  }

  override async init(): Promise<void> {
    await super.init?.();
    this.size = (await this.#file.stat()).size;
  }

  override async readUint8Array(
    index: number,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    await this.#file.seek(index, Deno.SeekMode.Start);
    let filled = 0;
    while (filled < length) {
      const count = await this.#file.read(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }
}
