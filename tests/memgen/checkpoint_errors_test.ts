import "@/tests/backend.ts";
import { assertRejects } from "@std/assert";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { loadMemgen } from "@/lib/memgen/mod.ts";
import {
  type DecoderConfig,
  type HostTensor,
  openSafetensors,
  parseDecoderConfig,
  readJsonObject,
  readLoraAdapter,
  readTorchArchive,
  type TensorDictionary,
  writeLoraAdapter,
  writeSafetensors,
  writeTorchArchive,
} from "@/lib/models/mod.ts";
import { parityPath, tensorTest, tinyConfig } from "@/tests/models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const NAME = "tiny-qwen2.5";
const CHECKPOINT = parityPath(
  "expected",
  NAME,
  "memgen-trigger",
  "checkpoint",
);
const CONFIG_FILE = parityPath("models", NAME, "config.json");
const MODEL = parseDecoderConfig(readJsonObject(CONFIG_FILE), CONFIG_FILE);

/** Asserts that a spoiled copy of a checkpoint is refused, and freed. */
function refuses(
  what: string,
  spoil: (folder: string) => void | Promise<void>,
  error: Parameters<typeof assertRejects>[1],
  message: string | ((folder: string) => string),
  model: DecoderConfig = MODEL,
): void {
  tensorTest(
    `loadMemgen() refuses ${what}`,
    () =>
      withFolder(async (folder) => {
        cpSync(CHECKPOINT, folder, { recursive: true });
        await spoil(folder);
        await assertRejects(
          () => loadMemgen(folder, model),
          error,
          typeof message === "string" ? message : message(folder),
        );
      }),
  );
}

const FILES = [
  "config.json",
  "projs.bin",
  "weaver.bin",
  "trigger.bin",
  "weaver/weaver/adapter_config.json",
  "weaver/weaver/adapter_model.safetensors",
  "trigger/trigger/adapter_config.json",
  "trigger/trigger/adapter_model.safetensors",
];

for (const file of FILES) {
  refuses(
    `a checkpoint without ${file}`,
    (folder) => Deno.removeSync(join(folder, file)),
    Deno.errors.NotFound,
    (folder) => join(folder, file),
  );

  refuses(
    `a checkpoint with half of ${file}`,
    (folder) => {
      const path = join(folder, file);
      const bytes = Deno.readFileSync(path);
      Deno.writeFileSync(path, bytes.slice(0, bytes.length / 2));
    },
    SyntaxError,
    (folder) => join(folder, file),
  );
}

type Editable = Map<string, HostTensor | Map<string, HostTensor>>;

/** Rewrites an archive. */
function edit(
  file: string,
  change: (archive: Editable) => void,
): (folder: string) => Promise<void> {
  return async (folder) => {
    const path = join(folder, file);
    const archive = await readTorchArchive(path) as unknown as Editable;
    change(archive);
    await writeTorchArchive(path, archive as TensorDictionary);
  };
}

/** A tensor of zeros. */
function zeros(...shape: number[]): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape, data: new Float32Array(size) };
}

refuses(
  "an archive without a tensor",
  edit("weaver.bin", (archive) => archive.delete("prompt_latent_scale")),
  TypeError,
  (folder) =>
    `Cannot load ${folder}/weaver.bin as it must hold a tensor 'prompt_latent_scale': current value is none`,
);
refuses(
  "an archive without a tensor of a module",
  edit("projs.bin", (archive) => {
    (archive.get("reasoner_to_weaver") as Editable).delete("bias");
  }),
  TypeError,
  (folder) =>
    `Cannot load ${folder}/projs.bin as it must hold a tensor 'reasoner_to_weaver.bias': current value is none`,
);
refuses(
  "an archive with an entry too many",
  edit("trigger.bin", (archive) => {
    (archive.get("output_layer") as Editable).set("scale", zeros(1));
  }),
  TypeError,
  (folder) =>
    `Cannot load ${folder}/trigger.bin as MemGen has no place for an entry: current value is 'output_layer.scale'`,
);
refuses(
  "a tensor of another shape",
  edit(
    "weaver.bin",
    (archive) => archive.set("inference_query_latents", zeros(5, 64)),
  ),
  RangeError,
  (folder) =>
    `Cannot load ${folder}: weaver.inference_query_latents as it must have shape [3,64]: current value is [5,64]`,
);
function editConfig(
  file: string,
  change: (fields: Record<string, unknown>) => unknown,
): (folder: string) => void {
  return (folder) => {
    const path = join(folder, file);
    const changed = change(readJsonObject(path));
    Deno.writeTextFileSync(path, JSON.stringify(changed));
  };
}

refuses(
  "a checkpoint of another model",
  () => {},
  RangeError,
  (folder) =>
    `Cannot load ${folder} as its 'hidden_size' must be the model's 16: current value is 64`,
  tinyConfig("qwen2"),
);
refuses(
  "settings that the tensors do not fit",
  editConfig("config.json", (fields) => ({ ...fields, prompt_latents_len: 8 })),
  RangeError,
  (folder) =>
    `Cannot load ${folder}: weaver.prompt_query_latents as it must have shape [8,64]: current value is [4,64]`,
);
refuses(
  "a setting out of range",
  editConfig("config.json", (fields) => ({ ...fields, trigger_active: 2 })),
  RangeError,
  "config.json as 'trigger_active' must be a boolean: current value is 2",
);
refuses(
  "an adapter of another rank",
  editConfig("config.json", (fields) => ({
    ...fields,
    trigger_lora_config: {
      ...fields.trigger_lora_config as Record<string, unknown>,
      r: 8,
    },
  })),
  RangeError,
  (folder) =>
    `Cannot load ${folder}/trigger/trigger as rank, alpha and targets must be those of the checkpoint's config.json, 8, 32 and q_proj,v_proj: current value is 16, 32 and q_proj,v_proj`,
);
refuses(
  "an adapter without one of the layers",
  (folder) => {
    const path = join(folder, "weaver", "weaver");
    const adapter = readLoraAdapter(path);
    const modules = new Map(adapter.modules);
    modules.delete("model.layers.3.self_attn.v_proj");
    writeLoraAdapter(path, { ...adapter, modules });
  },
  RangeError,
  (folder) =>
    `Cannot load ${folder}/weaver/weaver as the shape of 'model.layers.3.self_attn.v_proj.lora_A.weight' must be that of the model, [16,64]: current value is "none"`,
);
refuses(
  "an adapter with a layer too many",
  () => {},
  RangeError,
  `'model.layers.3.self_attn.q_proj.lora_A.weight' must be that of the model, "none": current value is [16,64]`,
  { ...MODEL, layers: 3 },
);
/** Rewrites the factors of the weaver's adapter. */
function editAdapter(
  change: (tensors: Map<string, HostTensor>) => void,
): (folder: string) => void {
  return (folder) => {
    const path = join(folder, "weaver/weaver/adapter_model.safetensors");
    const tensors = new Map<string, HostTensor>();
    using file = openSafetensors(path);
    for (const name of file.tensors.keys()) tensors.set(name, file.read(name));
    change(tensors);
    writeSafetensors(path, tensors, { allowNonFinite: true });
  };
}

refuses(
  "an adapter with another tensor",
  editAdapter((tensors) => tensors.set("lm_head", zeros(2))),
  TypeError,
  "every tensor must be lora_A or lora_B of a module: current value is lm_head",
);
refuses(
  "an adapter with NaN",
  editAdapter((tensors) => [...tensors.values()][0].data[5] = NaN),
  RangeError,
  "its values must be finite: current value is NaN at element 5",
);
refuses(
  "a pickle that wants to run a program",
  async (folder) => {
    const zip = new ZipWriter(new Uint8ArrayWriter(), {
      level: 0,
      useWebWorkers: false,
    });
    // Protocol 2; os.system; "exit"; a tuple of it; call; end.
    const pickle = "\x80\x02cos\nsystem\nX\x04\0\0\0exit\x85R.";
    for (
      const [name, text] of [["data.pkl", pickle], ["byteorder", "little"]]
    ) {
      const bytes = Uint8Array.from(text, (symbol) => symbol.charCodeAt(0));
      await zip.add(`archive/${name}`, new Uint8ArrayReader(bytes));
    }
    Deno.writeFileSync(join(folder, "trigger.bin"), await zip.close());
  },
  SyntaxError,
  "current value is the global os.system",
);
