import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipReader,
  ZipWriter,
} from "@zip.js/zip.js";
import { join } from "node:path";
import type { HostTensor } from "../../lib/models/host_tensor.ts";
import {
  Call,
  Global,
  PersistentId,
  type PickleTree,
  writePickle,
} from "../../lib/models/pickle.ts";
import {
  readTorchArchive,
  type TorchDictionary,
} from "@/lib/models/torch_archive.ts";
import {
  type TensorDictionary,
  writeTorchArchive,
} from "@/lib/models/torch_archive_writer.ts";
import { withFolder } from "@/tests/folder.ts";

const CHECKPOINT = join(
  import.meta.dirname!,
  "../parity/expected/tiny-qwen2.5/memgen-always/checkpoint",
);

/** Latin-1 text as bytes: a pickle as `pickletools` shows it. */
function pickle(...parts: (string | number)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number"
        ? [part]
        : Array.from(part, (symbol) => symbol.charCodeAt(0))
    ),
  );
}

/**
 * An archive with this pickle and these records; null leaves one out, a name
 * that begins with a slash lies in another folder of the zip.
 */
async function craft(
  path: string,
  data: Uint8Array,
  records: Readonly<Record<string, Uint8Array | null>> = {},
): Promise<void> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), {
    level: 0,
    useWebWorkers: false,
  });
  const text = new TextEncoder();
  const all = {
    "data.pkl": data,
    byteorder: text.encode("little"),
    ...records,
  };
  for (const [name, bytes] of Object.entries(all)) {
    if (!bytes) continue;
    const entry = name.startsWith("/") ? `other${name}` : `archive/${name}`;
    await zip.add(entry, new Uint8ArrayReader(bytes));
  }
  Deno.writeFileSync(path, await zip.close());
}

interface TensorParts {
  readonly type?: string;
  readonly kind?: string;
  readonly size?: number;
  readonly offset?: PickleTree;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A tensor in a pickle, as a view of storage 0. */
function view(
  { type = "Float", kind = "storage", size = 6, offset = 0, shape, strides }:
    TensorParts,
): Call {
  return new Call(new Global("torch._utils._rebuild_tensor_v2"), [
    new PersistentId([
      kind,
      new Global(`torch.${type}Storage`),
      "0",
      "cuda:0",
      size,
    ]),
    offset,
    shape,
    strides,
    false,
    new Call(new Global("collections.OrderedDict"), []),
  ]);
}

async function readTree(
  path: string,
  tree: PickleTree,
  storage: { readonly buffer: ArrayBuffer } = Float32Array.of(1, 2, 3, 4, 5, 6),
): Promise<TorchDictionary> {
  const bytes = new Uint8Array(storage.buffer);
  await craft(path, writePickle(tree), { "data/0": bytes });
  return await readTorchArchive(path);
}

/** Rejects with a SyntaxError, `Cannot read PATH as MESSAGE`. */
async function assertRefused(
  path: string,
  message: string,
  read: () => Promise<unknown> = () => readTorchArchive(path),
): Promise<void> {
  await assertRejects(read, SyntaxError, `Cannot read ${path} as ${message}`);
}

Deno.test("readTorchArchive() reads the released checkpoint's files", async () => {
  const read = (name: string) => readTorchArchive(join(CHECKPOINT, name));
  const projections = await read("projs.bin");
  assertEquals([...projections.keys()], [
    "reasoner_to_weaver",
    "weaver_to_reasoner",
  ]);
  const linear = projections.get("reasoner_to_weaver") as TensorDictionary;
  assertEquals([...linear.keys()], ["weight", "bias"]);
  const weight = linear.get("weight") as HostTensor;
  assertEquals(weight.shape, [64, 64]);
  // As torch.load of PyTorch 2.7.1 gives it.
  assertEquals(weight.data[0], -0.030584827065467834);

  const weaver = await read("weaver.bin");
  const latents = weaver.get("prompt_query_latents") as HostTensor;
  assertEquals(latents.shape, [4, 64]);
  assertEquals(weaver.get("prompt_latent_scale"), {
    shape: [1],
    data: Float32Array.of(0.8444337844848633),
  });
  const head = (await read("trigger.bin")).get("output_layer");
  const bias = (head as TensorDictionary).get("bias") as HostTensor;
  assertEquals([bias.shape, bias.data[0]], [[2], -0.11845651268959045]);
});

Deno.test("writeTorchArchive() gives back what readTorchArchive() read", async () => {
  await withFolder(async (folder) => {
    for (const name of ["projs.bin", "weaver.bin", "trigger.bin"]) {
      const original = await readTorchArchive(join(CHECKPOINT, name));
      const path = join(folder, name);
      await writeTorchArchive(path, original as TensorDictionary);
      assertEquals(await readTorchArchive(path), original);
    }
    const odd: TensorDictionary = new Map([
      ["ints", { shape: [2, 1], data: Int32Array.of(-1, 2 ** 31 - 1) }],
      ["scalar", { shape: [], data: Float32Array.of(1.5) }],
      ["empty", { shape: [0, 3], data: new Float32Array(0) }],
    ]);
    const nested: TensorDictionary = new Map([["größe", odd]]);
    const path = join(folder, "odd.bin");
    await writeTorchArchive(path, nested);
    assertEquals(await readTorchArchive(path), nested);
  });
});

Deno.test("writeTorchArchive() lays an archive out as torch.save does", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "weaver.bin");
    const original = await readTorchArchive(join(CHECKPOINT, "weaver.bin"));
    await writeTorchArchive(path, original as TensorDictionary);
    const bytes = Deno.readFileSync(path);
    const numbers = new DataView(bytes.buffer);
    const entries = await new ZipReader(new Uint8ArrayReader(bytes))
      .getEntries();
    assertEquals(entries.map(({ filename }) => filename), [
      "weaver/data.pkl",
      "weaver/byteorder",
      ...Array.from({ length: 8 }, (_, key) => `weaver/data/${key}`),
      "weaver/version",
    ]);
    for (const { compressionMethod, offset } of entries) {
      assertEquals(compressionMethod, 0);
      const dataStart = offset + 30 + numbers.getUint16(offset + 26, true) +
        numbers.getUint16(offset + 28, true);
      assertEquals(dataStart % 64, 0);
    }
    await writeTorchArchive(path, original as TensorDictionary);
    assertEquals(Deno.readFileSync(path), bytes);
  });
});

Deno.test("writeTorchArchive() refuses broken tensors by name", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    const write = (tensor: HostTensor) =>
      writeTorchArchive(path, new Map([["ln", new Map([["bias", tensor]])]]));
    await assertRejects(
      () => write({ shape: [3], data: Float32Array.of(1, 2) }),
      TypeError,
      `Cannot write tensor ln.bias of ${path} as its 2 elements must fill its shape: current value is [3]`,
    );
    await assertRejects(
      () => write({ shape: [2], data: Float32Array.of(1, Infinity) }),
      RangeError,
      `Cannot write tensor ln.bias of ${path} as its values must be finite: current value is Infinity at element 1`,
    );
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("readTorchArchive() reads views and every kind of storage", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    const parts = { shape: [2, 2], strides: [2, 1], offset: 2 };
    const cases = [
      ["Float", Float32Array.of(1, 2, 3, 4, 5, 6.5), [3, 4, 5, 6.5]],
      ["Half", Float16Array.of(1, 2, 3, 4, 5, 6.5), [3, 4, 5, 6.5]],
      [
        "BFloat16",
        Uint16Array.of(0, 0, 0x3f80, 0xc000, 0x4049, 0),
        [1, -2, 3.140625, 0],
      ],
      ["Int", Int32Array.of(1, 2, 3, -4, 5, 6), [3, -4, 5, 6]],
      ["Long", BigInt64Array.of(1n, 2n, 3n, -4n, 5n, 6n), [3, -4, 5, 6]],
    ] as const;
    for (const [type, storage, expected] of cases) {
      const tree = new Map([["x", view({ ...parts, type })]]);
      const x = (await readTree(path, tree, storage)).get("x") as HostTensor;
      assertEquals(x.shape, [2, 2]);
      assertEquals(Array.from(x.data), [...expected]);
    }
    const free = view({ shape: [1, 3, 1], strides: [99, 1, 7], offset: 3 });
    const scalar = view({ shape: [], strides: [], offset: 5 });
    const result = await readTree(path, new Map([["x", free], ["y", scalar]]));
    assertEquals(result.get("x"), {
      shape: [1, 3, 1],
      data: Float32Array.of(4, 5, 6),
    });
    assertEquals(result.get("y"), { shape: [], data: Float32Array.of(6) });
  });
});

Deno.test("readTorchArchive() reads plain values", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    const key = (name: string) =>
      `X${String.fromCharCode(name.length)}\0\0\0${name}`;
    await craft(
      path,
      pickle(
        ...[0x80, 2, "}("],
        ...[key("none"), "N", key("yes"), 0x88, key("no"), 0x89],
        ...[key("byte"), "K", 200, key("word"), "M", 1, 2],
        ...[key("int"), "J", 0xfe, 0xff, 0xff, 0xff],
        ...[key("long"), 0x8a, 6, 0, 0, 0, 0, 0, 1],
        ...[key("minus"), 0x8a, 1, 0xff, key("zero"), 0x8a, 0],
        ...[key("float"), "G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
        ...[key("one"), "K", 1, 0x85, key("two"), "K", 1, "K", 2, 0x86],
        ...[key("three"), "K", 1, "K", 2, "K", 3, 0x87],
        ...[key("four"), "(K", 1, "K", 2, "K", 3, "K", 4, "t"],
        ...[key("list"), "](K", 1, "K", 2, "eK", 3, "a", "q", 7],
        ...[key("again"), "h", 7, "r", 0, 1, 0, 0],
        ...[key("far"), "j", 0, 1, 0, 0],
        ...[key("dict"), "}", key("a"), ")s", "u."],
      ),
    );
    assertEquals(Object.fromEntries(await readTorchArchive(path)), {
      none: null,
      yes: true,
      no: false,
      byte: 200,
      word: 513,
      int: -2,
      long: 2 ** 40,
      minus: -1,
      zero: 0,
      float: 1.5,
      one: [1],
      two: [1, 2],
      three: [1, 2, 3],
      four: [1, 2, 3, 4],
      list: [1, 2, 3],
      again: [1, 2, 3],
      far: [1, 2, 3],
      dict: new Map([["a", []]]),
    });
  });
});

Deno.test("readTorchArchive() refuses everything that could run code", async () => {
  const rule =
    "its pickle may only build tensors and dictionaries: current value is";
  const orderedDict = "ccollections\nOrderedDict\n";
  const cases: [data: Uint8Array, value: string][] = [
    [
      pickle(0x80, 2, "cos\nsystem\n(X", 2, "\0\0\0id", "tR."),
      "the global os.system",
    ],
    [pickle("cbuiltins\neval\n."), "the global builtins.eval"],
    [
      pickle("ctorch._utils\n_rebuild_parameter\n."),
      "the global torch._utils._rebuild_parameter",
    ],
    [pickle("ctorch\nDoubleStorage\n."), "the global torch.DoubleStorage"],
    [
      pickle(0x8c, 2, "os", 0x8c, 6, "system", 0x93, "."),
      "the opcode SHORT_BINUNICODE",
    ],
    [pickle(0x93, "."), "the opcode STACK_GLOBAL"],
    [pickle("(ios\nsystem\n."), "the opcode INST"],
    [pickle("(o."), "the opcode OBJ"],
    [pickle(0x81, "."), "the opcode NEWOBJ"],
    [pickle(0x82, 1, "."), "the opcode EXT1"],
    [pickle("Pname\n."), "the opcode PERSID"],
    [pickle(0xff), "the opcode 0xff"],
    [
      pickle(orderedDict, "((K", 1, "K", 2, "ttR."),
      "a call of collections.OrderedDict with a tuple of 1",
    ],
    [
      pickle("ctorch\nFloatStorage\n)R."),
      "a call of torch.FloatStorage with a tuple of 0",
    ],
    [pickle("})R."), "a call of a dictionary with a tuple of 0"],
    [
      pickle("}}X", 9, "\0\0\0__class__", "K", 1, "sb."),
      "a dictionary with the state __class__",
    ],
    [pickle("}K", 1, "b."), "a dictionary with the state 1"],
    [
      pickle(")}X", 9, "\0\0\0_metadata}sb."),
      "a tuple of 0 with the state _metadata",
    ],
    [pickle("K", 1, "Q."), "the reference 1"],
    [
      pickle("}X", 1, "\0\0\0x", orderedDict, "s."),
      "the global collections.OrderedDict as a value",
    ],
  ];
  await withFolder(async (folder) => {
    const path = join(folder, "weaver.bin");
    for (const [data, value] of cases) {
      await craft(path, data);
      await assertRefused(path, `${rule} ${value}`);
    }
    const parts = { shape: [6], strides: [1] };
    const module = new Map([["x", view({ ...parts, kind: "module" })]]);
    await assertRefused(
      path,
      `${rule} the reference a tuple of 5`,
      () => readTree(path, module),
    );
    const shifted = new Map([["x", view({ ...parts, offset: -1 })]]);
    await assertRefused(
      path,
      `${rule} a call of torch._utils._rebuild_tensor_v2 with other arguments`,
      () => readTree(path, shifted),
    );
    const storage = new PersistentId([
      ...["storage", new Global("torch.FloatStorage"), "0", "cpu", 6],
    ]);
    await assertRefused(
      path,
      `${rule} a storage of F32 as a value`,
      () => readTree(path, new Map([["x", storage]])),
    );
  });
});

Deno.test("readTorchArchive() refuses malformed pickles", async () => {
  const cases: [data: Uint8Array, message: string][] = [
    [pickle(), "its pickle must be whole: current value is 0 bytes"],
    [
      pickle(0x80, 2, "}"),
      "its pickle must be whole: current value is 3 bytes",
    ],
    [
      pickle("X", 9, "\0\0\0abc."),
      "its pickle must be whole: current value is 9 bytes",
    ],
    [pickle("cos"), "its pickle must be whole: current value is 3 bytes"],
    [
      pickle("."),
      "its pickle must be well formed: current value is too few values on the stack at byte 1",
    ],
    [
      pickle("(."),
      "its pickle must be well formed: current value is too few values on the stack at byte 2",
    ],
    [
      pickle("t."),
      "its pickle must be well formed: current value is no mark on the stack at byte 1",
    ],
    [
      pickle("h", 3, "."),
      "its pickle must be well formed: current value is no memo 3 at byte 2",
    ],
    [
      pickle("}K", 1, "a."),
      "its pickle must be well formed: current value is items of no list at byte 4",
    ],
    [
      pickle("]NNs."),
      "its pickle must be well formed: current value is items of no dictionary at byte 4",
    ],
    [
      pickle("}K", 1, "R."),
      "its pickle must be well formed: current value is a call without a tuple at byte 4",
    ],
    [
      pickle("}K", 3, "Ns."),
      "its dictionaries must have text keys: current value is 3",
    ],
    [
      pickle(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 1, "."),
      "its integers must be below 2^53: current value is 72057594037927936",
    ],
    [
      pickle("]."),
      "its pickle must be a dictionary: current value is a tuple of 0",
    ],
    [pickle("N."), "its pickle must be a dictionary: current value is null"],
  ];
  await withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    for (const [data, message] of cases) {
      await craft(path, data);
      await assertRefused(path, message);
    }
  });
});

Deno.test("readTorchArchive() refuses tensors that do not fit their storage", async () => {
  const cases: [parts: TensorParts, message: string][] = [
    [
      { shape: [2, 3], strides: [1, 2] },
      "its tensors must be contiguous: current value is strides [1,2] of shape [2,3]",
    ],
    [
      { shape: [6], strides: [] },
      "its tensors must be contiguous: current value is strides [] of shape [6]",
    ],
    [
      { shape: [6], strides: [1], offset: 1 },
      "its tensors must lie inside their 24 bytes: current value is 28",
    ],
    [
      { shape: [6], strides: [1], size: 7 },
      "data/0 must hold 7 elements of F32: current value is 24 bytes",
    ],
    [
      { shape: [6], strides: [1], type: "Long" },
      "data/0 must hold 6 elements of I64: current value is 24 bytes",
    ],
  ];
  await withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    for (const [parts, message] of cases) {
      const tree = new Map([["x", view(parts)]]);
      await assertRefused(path, message, () => readTree(path, tree));
    }
    await craft(
      path,
      writePickle(new Map([["x", view({ shape: [6], strides: [1] })]])),
    );
    await assertRefused(
      path,
      "data/0 must hold 6 elements of F32: current value is no bytes",
    );
  });
});

Deno.test("readTorchArchive() refuses values that int32 or training cannot hold", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    const parts = { shape: [2], strides: [1], size: 2 };
    const nested = new Map([["ln", new Map([["bias", view(parts)]])]]);
    await assertRejects(
      () => readTree(path, nested, Float32Array.of(0, NaN)),
      RangeError,
      `Cannot read tensor ln.bias of ${path} as its values must be finite: current value is NaN at element 1`,
    );
    const long = new Map([["x", view({ ...parts, type: "Long" })]]);
    await assertRejects(
      () => readTree(path, long, BigInt64Array.of(1n, -(2n ** 40n))),
      RangeError,
      `Cannot read a tensor of ${path} as its int64 values must fit in int32: current value is -1099511627776 at element 1`,
    );
  });
});

Deno.test("readTorchArchive() refuses what is no whole archive", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    await assertRejects(
      () => readTorchArchive(path),
      Deno.errors.NotFound,
      path,
    );
    const rule =
      "it must be an undamaged archive of torch.save: current value is";
    const good = Deno.readFileSync(join(CHECKPOINT, "trigger.bin"));
    Deno.writeFileSync(path, new Uint8Array(100));
    await assertRefused(path, rule);
    Deno.writeFileSync(path, good.slice(0, good.length / 2));
    await assertRefused(path, rule);
    const damaged = good.slice();
    const weights = await findEntry(good, "trigger/data/0");
    damaged[weights] ^= 1;
    Deno.writeFileSync(path, damaged);
    await assertRefused(path, `${rule} Invalid CRC32`);
    await craft(path, pickle("}."), { byteorder: null });
    await assertRefused(path, `${rule} no entry byteorder`);

    await craft(path, pickle("}."), {
      byteorder: new TextEncoder().encode("big"),
    });
    await assertRefused(
      path,
      "its byteorder must be little: current value is big",
    );

    await craft(path, pickle("}."), { "/data.pkl": pickle("}.") });
    await assertRefused(path, `${rule} two entries data.pkl`);

    const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
    const bytes = new Uint8ArrayReader(new Uint8Array(1000));
    await zip.add("x/data.pkl", bytes);
    Deno.writeFileSync(path, await zip.close());
    await assertRefused(path, `${rule} compressed entry x/data.pkl`);
  });
});

/** Where an entry's data begins. */
async function findEntry(bytes: Uint8Array, name: string): Promise<number> {
  const zip = new ZipReader(new Uint8ArrayReader(bytes));
  const entry = (await zip.getEntries()).find((one) => one.filename === name);
  assert(entry !== undefined);
  const numbers = new DataView(bytes.buffer);
  return entry.offset + 30 + numbers.getUint16(entry.offset + 26, true) +
    numbers.getUint16(entry.offset + 28, true);
}
