import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import type { HostTensor } from "../../lib/models/host_tensor.ts";
import {
  openSafetensors,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from "../../lib/models/safetensors.ts";
import { withFolderSync } from "@/tests/folder.ts";

const PARITY = join(import.meta.dirname!, "../parity");

/** A file with this header (as it is, or as JSON) and these bytes after it. */
function craft(path: string, header: unknown, data: Iterable<number>): void {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const size = new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer);
  Deno.writeFileSync(path, Uint8Array.from([...size, ...json, ...data]));
}

function bytesOf(...arrays: { readonly buffer: ArrayBuffer }[]): number[] {
  return arrays.flatMap((array) => [...new Uint8Array(array.buffer)]);
}

/** What a tensor `x` becomes when written and read again. */
function throughFile(
  tensor: HostTensor,
  options: WriteSafetensorsOptions = {},
): HostTensor {
  let result: HostTensor | undefined;
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    writeSafetensors(path, new Map([["x", tensor]]), options);
    using file = openSafetensors(path);
    result = file.read("x", options);
  });
  return result!;
}

function vector(...values: number[]): HostTensor {
  return { shape: [values.length], data: Float32Array.from(values) };
}

Deno.test("openSafetensors() lists and reads every element type", () => {
  withFolderSync((folder) => {
    const path = join(folder, "all.safetensors");
    craft(path, {
      __metadata__: { made: "by hand" },
      f32: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
      f16: { dtype: "F16", shape: [4], data_offsets: [8, 16] },
      bf16: { dtype: "BF16", shape: [3], data_offsets: [16, 22] },
      flag: { dtype: "BOOL", shape: [2], data_offsets: [22, 24] },
      byte: { dtype: "U8", shape: [], data_offsets: [24, 25] },
      // Neither begins at a multiple of its element's size.
      int: { dtype: "I32", shape: [1], data_offsets: [25, 29] },
      long: { dtype: "I64", shape: [3], data_offsets: [29, 53] },
      empty: { dtype: "F32", shape: [0, 3], data_offsets: [53, 53] },
    }, [
      ...bytesOf(Float32Array.of(1.5, -2)),
      ...bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff)),
      ...bytesOf(Uint16Array.of(0x3f80, 0x4049, 0x8001)),
      ...[1, 0],
      ...[200],
      ...bytesOf(Int32Array.of(-7)),
      ...bytesOf(BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n, 5n)),
    ]);
    using file = openSafetensors(path);
    assertEquals(file.path, path);
    assertEquals(file.metadata, { made: "by hand" });
    assertEquals(file.tensors.get("f16")?.dtype, "F16");
    assertEquals(file.tensors.get("f32")?.shape, [2, 1]);
    const values = Array.from(
      file.tensors.keys(),
      (name) => [name, file.read(name).data],
    );
    assertEquals(Object.fromEntries(values), {
      f32: Float32Array.of(1.5, -2),
      f16: Float32Array.of(1, -2, 2 ** -24, 65504),
      bf16: Float32Array.of(1, 3.140625, -(2 ** -133)),
      flag: Int32Array.of(1, 0),
      byte: Int32Array.of(200),
      int: Int32Array.of(-7),
      long: Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 5),
      empty: new Float32Array(0),
    });
  });
});

Deno.test("writeSafetensors() equals the reference library byte for byte", () => {
  const cases = [
    ["models/tiny-qwen2.5/model.safetensors", "F32"],
    ["models/tiny-smollm3/model.safetensors", "BF16"],
    ["expected/tiny-qwen3/lm.safetensors", "F32"], // int32 and float32
    ["expected/tiny-qwen3/adapter/adapter_model.safetensors", "F32"],
  ] as const;
  withFolderSync((folder) => {
    for (const [name, dtype] of cases) {
      const copy = join(folder, "copy.safetensors");
      using file = openSafetensors(join(PARITY, name));
      const tensors = [...file.tensors.keys()].reverse()
        .map((key) => [key, file.read(key)] as const);
      const { metadata } = file;
      writeSafetensors(copy, new Map(tensors), { dtype, metadata });
      assertEquals(
        Deno.readFileSync(copy),
        Deno.readFileSync(join(PARITY, name)),
        name,
      );
    }
  });
});

Deno.test("writeSafetensors() marks PyTorch's layout and sorts by type, then name", () => {
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    const int: HostTensor = { shape: [1], data: Int32Array.of(1) };
    const tensors = new Map([["b", vector(1)], ["a", vector(1)], ["c", int]]);
    const orders = {
      F32: ["a", "b", "c"],
      BF16: ["c", "a", "b"],
      F16: ["c", "a", "b"],
    } as const;
    for (const dtype of ["F32", "BF16", "F16"] as const) {
      writeSafetensors(path, tensors, { dtype });
      using file = openSafetensors(path);
      assertEquals([...file.tensors.keys()], [...orders[dtype]]);
      assertEquals(file.metadata, { format: "pt" });
      const header = new DataView(Deno.readFileSync(path).buffer);
      assertEquals(header.getBigUint64(0, true) % 8n, 0n);
    }
  });
});

Deno.test("writeSafetensors() rounds to the nearest, ties to even", () => {
  const half = throughFile(
    vector(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, 65519),
    { dtype: "F16" },
  );
  assertEquals(
    half.data,
    Float32Array.of(1, 1 + 2 ** -9, 1 + 2 ** -10, 65504),
  );
  const brain = throughFile(
    vector(1 + 2 ** -8, 1 + 3 * 2 ** -8, -1 - 2 ** -8 - 2 ** -20, 1e-40),
    { dtype: "BF16" },
  );
  assertEquals(
    brain.data,
    Float32Array.of(1, 1 + 2 ** -6, -1 - 2 ** -7, 2 ** -133),
  );
});

Deno.test("every 16-bit float survives reading and writing", () => {
  withFolderSync((folder) => {
    const [path, copy] = [join(folder, "a"), join(folder, "b")];
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    for (const dtype of ["F16", "BF16"] as const) {
      craft(path, {
        x: { dtype, shape: [65536], data_offsets: [0, 131072] },
      }, bytesOf(bits));
      using file = openSafetensors(path);
      const x = file.read("x", { allowNonFinite: true });
      writeSafetensors(copy, new Map([["x", x]]), {
        dtype,
        allowNonFinite: true,
      });
      using again = openSafetensors(copy);
      const y = again.read("x", { allowNonFinite: true });
      const stored = new Uint16Array(
        Deno.readFileSync(copy).slice(-131072).buffer,
      );
      // A NaN stays a NaN, but not always with the same bits.
      const changed = bits.filter((i) =>
        stored[i] !== i && !(Number.isNaN(x.data[i]) && Number.isNaN(y.data[i]))
      );
      assertEquals(changed, new Uint16Array(0));
    }
  });
});

Deno.test("writeSafetensors() refuses floats beyond the element type", () => {
  assertThrows(
    () => throughFile(vector(1, 65520), { dtype: "F16" }),
    RangeError,
    "x.safetensors as its values must fit in F16: current value is 65520 at element 1",
  );
  const largest = (2 - 2 ** -23) * 2 ** 127;
  assertThrows(
    () => throughFile(vector(-largest), { dtype: "BF16" }),
    RangeError,
    "as its values must fit in BF16: current value is -3.4028234663852886e+38 at element 0",
  );
  assertEquals(throughFile(vector(largest)).data, Float32Array.of(largest));
});

Deno.test("NaN and infinities are refused unless allowed", () => {
  const written = vector(0, NaN, -Infinity);
  assertThrows(
    () => throughFile(written),
    RangeError,
    "as its values must be finite: current value is NaN at element 1",
  );
  for (const dtype of ["F32", "F16", "BF16"] as const) {
    const { data } = throughFile(written, { dtype, allowNonFinite: true });
    assertEquals(data, written.data);
  }
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    writeSafetensors(path, new Map([["w", vector(1, Infinity)]]), {
      allowNonFinite: true,
    });
    using file = openSafetensors(path);
    assertThrows(
      () => file.read("w"),
      RangeError,
      `Cannot read tensor w of ${path} as its values must be finite: current value is Infinity at element 1`,
    );
  });
});

Deno.test("writeSafetensors() refuses shapes that do not fit and reserved names", () => {
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    assertThrows(
      () =>
        writeSafetensors(
          path,
          new Map([["w", { shape: [2, 3], data: new Float32Array(5) }]]),
        ),
      TypeError,
      `Cannot write tensor w of ${path} as its 5 elements must fill its shape: current value is [2,3]`,
    );
    assertThrows(
      () => writeSafetensors(path, new Map([["__metadata__", vector(1)]])),
      TypeError,
      "as this name is reserved: current value is __metadata__",
    );
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("writeSafetensors() leaves the old file when it fails", () => {
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    writeSafetensors(path, new Map([["w", vector(1)]]));
    const before = Deno.readFileSync(path);
    assertThrows(
      () =>
        writeSafetensors(path, new Map([["w", vector(1e6)]]), {
          dtype: "F16",
        }),
      RangeError,
    );
    assertEquals(Deno.readFileSync(path), before);
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    assertEquals(names, ["x.safetensors"]);
  });
});

Deno.test("openSafetensors() names the file that does not exist", () => {
  assertThrows(
    () => openSafetensors("no/such.safetensors"),
    Deno.errors.NotFound,
    "Cannot read no/such.safetensors as the file must exist: current value is none",
  );
});

Deno.test("openSafetensors() refuses files that end too early", () => {
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    Deno.writeFileSync(path, Uint8Array.of(1, 2, 3));
    assertThrows(
      () => openSafetensors(path),
      SyntaxError,
      `Cannot open ${path} as it must hold an 8-byte header length: current value is 3`,
    );
    Deno.writeFileSync(path, new Uint8Array(20).fill(255));
    assertThrows(
      () => openSafetensors(path),
      SyntaxError,
      `Cannot open ${path} as its header must end inside the file of 20 bytes: current value is 18446744073709551615`,
    );
    writeSafetensors(path, new Map([["a", vector(1)], ["w", vector(1, 2)]]));
    Deno.truncateSync(path, Deno.statSync(path).size - 1);
    assertThrows(
      () => openSafetensors(path),
      SyntaxError,
      `Cannot open tensor w of ${path} as its data must end inside the file's 11 data bytes: current value is 12`,
    );
  });
});

Deno.test("openSafetensors() refuses malformed headers", () => {
  const f32 = (begin: number, end: number) => (
    { dtype: "F32", shape: [1], data_offsets: [begin, end] }
  );
  const cases: [header: unknown, size: number, message: string][] = [
    ["{oops", 0, 'its header must be a JSON object: current value is "{oops"'],
    ["[1]", 0, "its header must be a JSON object: current value is [1]"],
    [
      { __metadata__: { step: 1 } },
      0,
      '__metadata__ must map names to strings: current value is {"step":1}',
    ],
    [
      { w: { ...f32(0, 4), dtype: "F31" } },
      4,
      'its dtype must be one of the format: current value is "F31"',
    ],
    [
      { w: { ...f32(0, 4), shape: [1.5] } },
      4,
      "it must have a shape and two data_offsets: current value is {",
    ],
    [
      { w: { ...f32(0, 4), data_offsets: [-4, 0] } },
      4,
      "it must have a shape and two data_offsets: current value is {",
    ],
    [
      { w: 7 },
      4,
      "it must have a shape and two data_offsets: current value is 7",
    ],
    [
      { w: { ...f32(0, 4), shape: [2, 3] } },
      4,
      "F32 of shape [2,3] must take 24 bytes: current value is 4",
    ],
    [
      { v: f32(0, 4), w: f32(2, 6) },
      8,
      "its data must begin where that before ends, at 4: current value is 2",
    ],
    [
      { v: f32(0, 4), w: f32(8, 12) },
      12,
      "its data must begin where that before ends, at 4: current value is 8",
    ],
    [
      { v: f32(0, 4), w: f32(4, 8) },
      4,
      "its data must end inside the file's 4 data bytes: current value is 8",
    ],
    [
      { w: f32(0, 4) },
      6,
      "its data must end with its last tensor, at 4: current value is 6",
    ],
  ];
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    for (const [header, size, message] of cases) {
      craft(path, header, new Uint8Array(size));
      const isOfTensor = typeof header === "object" && "w" in header! &&
        !message.includes("last tensor");
      const label = isOfTensor ? `tensor w of ${path}` : path;
      assertThrows(
        () => openSafetensors(path),
        SyntaxError,
        `Cannot open ${label} as ${message}`,
      );
    }
  });
});

Deno.test("read() refuses absent tensors and element types it cannot convert", () => {
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    craft(path, {
      double: { dtype: "F64", shape: [1], data_offsets: [0, 8] },
      long: { dtype: "I64", shape: [2], data_offsets: [8, 24] },
      w: { dtype: "F32", shape: [1], data_offsets: [24, 28] },
    }, [
      ...bytesOf(Float64Array.of(1)),
      ...bytesOf(BigInt64Array.of(-1n, 2n ** 31n)),
      ...bytesOf(Float32Array.of(3)),
    ]);
    using file = openSafetensors(path);
    assertEquals(file.read("w").data, Float32Array.of(3));
    assertThrows(
      () => file.read("v"),
      Error,
      `Cannot read tensor v of ${path} as the file must hold it: current value is none`,
    );
    assertThrows(
      () => file.read("double"),
      TypeError,
      `Cannot read tensor double of ${path} as its dtype must be one of F32, F16, BF16, I32, I64, U8, BOOL: current value is F64`,
    );
    assertThrows(
      () => file.read("long"),
      RangeError,
      `Cannot read tensor long of ${path} as its int64 values must fit in int32: current value is 2147483648 at element 1`,
    );
  });
});

for (const dtype of ["F32", "F16", "BF16"] as const) {
  Deno.test(`readInto() reads ${dtype} of several parts as read() does`, () => {
    withFolderSync((folder) => {
      const path = join(folder, "x.safetensors");
      // More than one part of 1 MiB, the last of them short.
      const data = Float32Array.from({ length: 600_001 }, (_, i) => i % 1001);
      const tensors = new Map([["w", vector(7)], ["x", {
        shape: [600_001],
        data,
      }]]);
      writeSafetensors(path, tensors, { dtype });
      using file = openSafetensors(path);
      // Only its own part of a larger memory is written.
      const memory = new Float32Array(600_003).fill(-1);
      file.readInto("x", memory.subarray(1, -1));
      assertEquals(memory.subarray(1, -1), file.read("x").data);
      assertEquals([memory[0], memory.at(-1)], [-1, -1]);
    });
  });
}

Deno.test("readInto() refuses what is no float, not finite, or has no room", () => {
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    const tensors = new Map<string, HostTensor>([
      ["int", { shape: [1], data: Int32Array.of(1) }],
      ["nan", vector(1, NaN)],
    ]);
    writeSafetensors(path, tensors, { allowNonFinite: true });
    using file = openSafetensors(path);
    const room = new Float32Array(2);
    assertThrows(
      () => file.readInto("int", room.subarray(1)),
      TypeError,
      `Cannot read tensor int of ${path} into floats as it must hold some: current value is I32`,
    );
    assertThrows(
      () => file.readInto("nan", room),
      RangeError,
      `Cannot read tensor nan of ${path} as its values must be finite: current value is NaN at element 1`,
    );
    assertThrows(
      () => file.readInto("nan", room.subarray(1)),
      RangeError,
      `Cannot read tensor nan of ${path} as there must be room for 2 elements: current value is 1`,
    );
  });
});

Deno.test("read() notices that the file shrank", () => {
  withFolderSync((folder) => {
    const path = join(folder, "x.safetensors");
    writeSafetensors(path, new Map([["w", vector(1, 2)]]));
    using file = openSafetensors(path);
    Deno.truncateSync(path, Deno.statSync(path).size - 5);
    assertThrows(
      () => file.read("w"),
      Error,
      `Cannot read ${path} as it must not shrink while it is open: current value is`,
    );
  });
});
