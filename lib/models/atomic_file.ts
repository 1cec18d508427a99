/**
 * Writes a file under a temporary name beside it, then renames it, so that no
 * reader and no crash ever leaves half of it under its own name.
 *
 * @param fill Writes the content piece by piece. If it throws, the temporary
 * file is removed and the error goes on.
 */
export function writeFileAtomically(
  path: string,
  fill: (write: (bytes: Uint8Array) => void) => void,
): void {
  const temporary = `${path}.${Deno.pid}.tmp`;
  const file = Deno.openSync(temporary, {
    write: true,
    create: true,
    truncate: true,
  });
  try {
    fill((bytes) => {
      for (let done = 0; done < bytes.length;) {
        done += file.writeSync(bytes.subarray(done));
      }
    });
    file.syncSync();
    Deno.renameSync(temporary, path);
  } catch (error) {
    Deno.removeSync(temporary);
    throw error;
  } finally {
    file.close();
  }
}
