import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { digestFile } from "@/lib/tensorflow/digest.ts";
import { unpackMembers } from "@/lib/tensorflow/unpack.ts";
import {
  FAKE_LIBRARIES,
  pseudoRandomBytes,
  writeFakeWheel,
} from "./fake_wheel.ts";

const CC = "tensorflow/libtensorflow_cc.so.2";
const FRAMEWORK = "tensorflow/libtensorflow_framework.so.2";

async function withFakeWheel(
  use: (path: string, folder: string) => Promise<void>,
  contents?: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const path = join(root, "fake-1-py3-none-any.whl");
    await writeFakeWheel(path, contents);
    await use(path, join(root, "out"));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Replaces bytes of a file. */
async function patch(path: string, at: number, bytes: number[]): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.seek(at, Deno.SeekMode.Start);
  await file.write(new Uint8Array(bytes));
}

Deno.test("unpackMembers() writes the named members and nothing else", () =>
  withFakeWheel(async (path, folder) => {
    let reported = 0;
    const digests = await unpackMembers(path, [CC, FRAMEWORK], {
      folder,
      onBytes: (count) => reported += count,
    });
    assertEquals(reported, 401_000);
    assertEquals(Object.keys(digests), [CC, FRAMEWORK]);
    for (const member of [CC, FRAMEWORK]) {
      const target = join(folder, member);
      assertEquals(await Deno.readFile(target), FAKE_LIBRARIES[member]);
      assertEquals(digests[member], await digestFile(target));
    }
    const names = [...Deno.readDirSync(join(folder, "tensorflow"))];
    assertEquals(names.length, 2);
  }));

Deno.test("unpackMembers() gives size and SHA-256 worked out elsewhere", () =>
  withFakeWheel(async (path, folder) => {
    assertEquals(await unpackMembers(path, ["abc"], { folder }), {
      abc: {
        size: 3,
        sha256:
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      },
    });
  }, { abc: new TextEncoder().encode("abc") }));

Deno.test("unpackMembers() unpacks a member much larger than its pieces", () => {
  const zeros = new Uint8Array(20_000_000);
  return withFakeWheel(async (path, folder) => {
    let largest = 0;
    const { zeros: { size } } = await unpackMembers(path, ["zeros"], {
      folder,
      onBytes: (count) => largest = Math.max(largest, count),
    });
    assertEquals(size, 20_000_000);
    assertEquals(largest <= 1 << 20, true);
  }, { zeros });
});

Deno.test({
  name: "unpackMembers() keeps programs executable",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFakeWheel(async (path, folder) => {
      await unpackMembers(path, ["cuda/bin/ptxas", "cuda/a.bc"], { folder });
      const mode = async (name: string): Promise<number> =>
        (await Deno.stat(join(folder, name))).mode! & 0o100;
      assertEquals(await mode("cuda/bin/ptxas"), 0o100);
      assertEquals(await mode("cuda/a.bc"), 0);
    }, {
      "cuda/bin/ptxas": pseudoRandomBytes(10, 1),
      "cuda/a.bc": pseudoRandomBytes(10, 2),
    }),
});

Deno.test("unpackMembers() names a missing member before it writes anything", () =>
  withFakeWheel(async (path, folder) => {
    await assertRejects(
      () => unpackMembers(path, [CC, "tensorflow/absent"], { folder }),
      Error,
      `Cannot unpack ${path} as it must hold tensorflow/absent: it does not`,
    );
    await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
  }));

Deno.test("unpackMembers() refuses a truncated zip file", () =>
  withFakeWheel(async (path, folder) => {
    await Deno.truncate(path, 200_000);
    await assertRejects(
      () => unpackMembers(path, [CC], { folder }),
      Error,
      `Cannot unpack ${path} as it must be a whole zip file: `,
    );
  }));

Deno.test("unpackMembers() refuses a member whose bytes do not match its CRC-32", () =>
  withFakeWheel(async (path, folder) => {
    // Bytes that do not compress are stored as they are, so this one is data.
    await patch(path, 100_000, [1, 2, 3, 4, 5, 6, 7, 8]);
    await assertRejects(
      () => unpackMembers(path, [CC], { folder }),
      Error,
      `Cannot unpack ${CC} of ${path}: `,
    );
    await unpackMembers(path, [FRAMEWORK], { folder });
  }));

Deno.test({
  name: "unpackMembers() passes on that the disk is full",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFakeWheel(async (path, folder) => {
      await Deno.mkdir(join(folder, "tensorflow"), { recursive: true });
      await Deno.symlink("/dev/full", join(folder, CC));
      await assertRejects(
        () => unpackMembers(path, [CC], { folder }),
        Error,
        "No space left on device",
      );
    }),
});
