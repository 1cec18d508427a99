/** Writes PyTorch's zip archives; see torch_archive.ts for what they hold. */
import { basename, extname } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { writeFileAtomically } from "./atomic_file.ts";
import {
  encodeElements,
  type HostTensor,
  requireFinite,
  sizeOfShape,
} from "./host_tensor.ts";
import {
  Call,
  Global,
  PersistentId,
  type PickleTree,
  writePickle,
} from "./pickle.ts";
import { ORDERED_DICT, REBUILD_TENSOR, stridesOf } from "./torch_archive.ts";

/** Tensors by name, nested as the state dictionaries of modules are. */
export type TensorDictionary = ReadonlyMap<
  string,
  HostTensor | TensorDictionary
>;

/**
 * Writes nested dictionaries of tensors as an archive that
 * `torch.load(path, weights_only=True)` reads, laid out as by `torch.save`:
 * entries stored, their data aligned to 64 bytes. An existing file is replaced
 * in one step; equal tensors give equal bytes.
 *
 * @throws {TypeError} If a tensor's elements do not fill its shape.
 * @throws {RangeError} If a float is NaN or infinite.
 */
export async function writeTorchArchive(
  path: string,
  dictionary: TensorDictionary,
): Promise<void> {
  const storages: Uint8Array[] = [];
  const pickle = writePickle(toTree(dictionary, { path, name: "", storages }));
  const text = new TextEncoder();
  const records: readonly (readonly [string, Uint8Array])[] = [
    ["data.pkl", pickle],
    ["byteorder", text.encode("little")],
    ...storages.map((bytes, key) => [`data/${key}`, bytes] as const),
    ["version", text.encode("3\n")],
  ];
  const zip = new ZipWriter(new Uint8ArrayWriter(), {
    // USDZ, too, stores its entries aligned to 64 bytes.
    usdz: true,
    dataDescriptor: false,
    extendedTimestamp: false,
    lastModDate: new Date(1980, 0, 1),
    useWebWorkers: false,
  });
  for (const [name, bytes] of records) {
    const entry = `${basename(path, extname(path))}/${name}`;
    await zip.add(entry, new Uint8ArrayReader(bytes));
  }
  const bytes = await zip.close();
  writeFileAtomically(path, (write) => write(bytes));
}

/** What a dictionary or tensor is in the pickle; its numbers go to storages. */
function toTree(
  value: HostTensor | TensorDictionary,
  { path, name, storages }: {
    readonly path: string;
    readonly name: string;
    readonly storages: Uint8Array[];
  },
): PickleTree {
  if (!("data" in value)) {
    return new Map(Array.from(value, ([key, child]) => {
      const childName = name === "" ? key : `${name}.${key}`;
      return [key, toTree(child, { path, name: childName, storages })];
    }));
  }
  const { shape, data } = value;
  const label = `tensor ${name} of ${path}`;
  if (sizeOfShape(shape) !== data.length) {
    throw new TypeError(
      `Cannot write ${label} as its ${data.length} elements must fill its ` +
        `shape: current value is [${shape}]`,
    );
  }
  requireFinite(data, `write ${label}`);
  const dtype = data instanceof Int32Array ? "I32" : "F32";
  const storageClass = dtype === "I32" ? "IntStorage" : "FloatStorage";
  const key = String(storages.length);
  storages.push(encodeElements(data, { dtype, label }));
  return new Call(new Global(REBUILD_TENSOR), [
    new PersistentId([
      "storage",
      new Global(`torch.${storageClass}`),
      key,
      "cpu",
      data.length,
    ]),
    0,
    shape,
    stridesOf(shape),
    false,
    new Call(new Global(ORDERED_DICT), []),
  ]);
}
