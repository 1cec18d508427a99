/** Size and SHA-256 of a file, read piece by piece. */

import { createHash } from "node:crypto";

/** Size and checksum of a file. */
export interface FileDigest {
  /** In bytes. */
  readonly size: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
}

const PIECE_BYTES = 1 << 20;

/**
 * Size and SHA-256 of a file.
 *
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export async function digestFile(path: string): Promise<FileDigest> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const piece = new Uint8Array(PIECE_BYTES);
  let size = 0;
  let count = await file.read(piece);
  while (count !== null) {
    hash.update(piece.subarray(0, count));
    size += count;
    count = await file.read(piece);
  }
  return { size, sha256: hash.digest("hex") };
}
