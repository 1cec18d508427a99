import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { digestFile } from "@/lib/tensorflow/digest.ts";

Deno.test("digestFile() gives the SHA-256 of the standard's example", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "abc");
  assertEquals(await digestFile(path), {
    size: 3,
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
  await Deno.remove(path);
});

Deno.test("digestFile() reads files of no byte and of several pieces", async () => {
  const path = await Deno.makeTempFile();
  for (const length of [0, 1 << 20, 2_500_000]) {
    const bytes = new Uint8Array(length).fill(7);
    await Deno.writeFile(path, bytes);
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    assertEquals(await digestFile(path), {
      size: length,
      sha256: new Uint8Array(hash).toHex(),
    });
  }
  await Deno.remove(path);
});

Deno.test("digestFile() throws where there is no file", async () => {
  const folder = await Deno.makeTempDir();
  await assertRejects(
    () => digestFile(join(folder, "absent")),
    Deno.errors.NotFound,
  );
  await Deno.remove(folder);
});
