import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  openCheckpoint,
  readJsonObject,
  writeCheckpoint,
  writeJson,
} from "../../lib/models/checkpoint_files.ts";
import type { HostTensor } from "../../lib/models/host_tensor.ts";
import { writeSafetensors } from "../../lib/models/safetensors.ts";
import { withFolderSync } from "@/tests/folder.ts";

const PARITY = join(import.meta.dirname!, "../parity/models");
const INDEX = "model.safetensors.index.json";

function vector(...values: number[]): HostTensor {
  return { shape: [values.length], data: Float32Array.from(values) };
}

function filesOf(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

/** Two shards, `a` with w1 and `b` with w2, and an index of these places. */
function writeShards(
  folder: string,
  weightMap: unknown = { w1: "a.safetensors", w2: "b.safetensors" },
): void {
  writeSafetensors(join(folder, "a.safetensors"), new Map([["w1", vector(1)]]));
  writeSafetensors(join(folder, "b.safetensors"), new Map([["w2", vector(2)]]));
  writeJson(join(folder, INDEX), { "weight_map": weightMap });
}

Deno.test("openCheckpoint() reads one file and shards alike", () => {
  withFolderSync((folder) => {
    writeShards(folder);
    using sharded = openCheckpoint(folder);
    assertEquals(sharded.path, folder);
    assertEquals([...sharded.tensors.keys()].sort(), ["w1", "w2"]);
    assertEquals(sharded.tensors.get("w2")?.shape, [1]);
    assertEquals(sharded.read("w1"), vector(1));
    assertEquals(sharded.read("w2"), vector(2));
    const target = new Float32Array(1);
    sharded.readInto("w2", target);
    assertEquals(target, vector(2).data);
    assertThrows(
      () => sharded.read("w3"),
      Error,
      `Cannot read tensor w3 of ${folder} as the checkpoint must hold it: current value is none`,
    );
  });
  withFolderSync((folder) => {
    writeCheckpoint(folder, new Map([["w1", vector(1)]]));
    using single = openCheckpoint(folder);
    assertEquals([...single.tensors.keys()], ["w1"]);
    assertEquals(single.read("w1"), vector(1));
  });
});

Deno.test("writeCheckpoint() equals Hugging Face's shards byte for byte", () => {
  const block = [
    ...["q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"]
      .map((name) => `self_attn.${name}`),
    ...["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
    ...["input_layernorm", "post_attention_layernorm"],
  ];
  const inModuleOrder = [
    "model.embed_tokens.weight",
    ...[0, 1, 2].flatMap((layer) =>
      block.map((name) => `model.layers.${layer}.${name}.weight`)
    ),
    "model.norm.weight",
    "lm_head.weight",
  ];
  withFolderSync((folder) => {
    const reference = join(PARITY, "tiny-qwen3");
    using checkpoint = openCheckpoint(reference);
    assertEquals(
      inModuleOrder.toSorted(),
      [...checkpoint.tensors.keys()].sort(),
    );
    const tensors = inModuleOrder.map((name) =>
      [name, checkpoint.read(name)] as const
    );
    writeCheckpoint(folder, new Map(tensors), { maxShardBytes: 400_000 });
    assertEquals(filesOf(folder), [
      "model-00001-of-00003.safetensors",
      "model-00002-of-00003.safetensors",
      "model-00003-of-00003.safetensors",
      INDEX,
    ]);
    for (const name of filesOf(folder)) {
      const [ours, theirs] = [folder, reference]
        .map((path) => Deno.readFileSync(join(path, name)));
      assertEquals(ours, theirs, name);
    }
  });
});

Deno.test("writeCheckpoint() fills shards in order, a large tensor alone", () => {
  withFolderSync((folder) => {
    const large = vector(...Array(9).fill(1)); // 18 bytes as BF16
    writeCheckpoint(
      folder,
      new Map([
        ["a", vector(1, 2)], // 4 bytes
        ["b", large],
        ["c", vector(1, 2)],
        ["d", { shape: [1], data: Int32Array.of(3) }], // 4 bytes
      ]),
      { dtype: "BF16", maxShardBytes: 8 },
    );
    assertEquals(readJsonObject(join(folder, INDEX)), {
      metadata: { "total_parameters": 14, "total_size": 30 },
      "weight_map": {
        a: "model-00002-of-00003.safetensors",
        b: "model-00001-of-00003.safetensors",
        c: "model-00002-of-00003.safetensors",
        d: "model-00003-of-00003.safetensors",
      },
    });
    using checkpoint = openCheckpoint(folder);
    assertEquals(checkpoint.read("b"), large);
    assertEquals(checkpoint.tensors.get("b")?.dtype, "BF16");
    assertEquals(checkpoint.tensors.get("d")?.dtype, "I32");
  });
});

Deno.test("writeCheckpoint() replaces a single file and refuses to mix weights", () => {
  withFolderSync((parent) => {
    const folder = join(parent, "new");
    writeCheckpoint(folder, new Map([["w", vector(1)]]));
    writeCheckpoint(folder, new Map([["w", vector(2)]]));
    using checkpoint = openCheckpoint(folder);
    assertEquals(checkpoint.read("w"), vector(2));
    const two = new Map([["v", vector(1)], ["w", vector(1)]]);
    assertThrows(
      () => writeCheckpoint(folder, two, { maxShardBytes: 4 }),
      Deno.errors.AlreadyExists,
      `Cannot write checkpoint ${folder} as it must not hold other weights: current value is model.safetensors`,
    );
    assertEquals(filesOf(folder), ["model.safetensors"]);
  });
});

Deno.test("openCheckpoint() refuses a folder with no or two kinds of weights", () => {
  withFolderSync((folder) => {
    const rule =
      `Cannot open checkpoint ${folder} as it must hold model.safetensors or ${INDEX}: current value is`;
    assertThrows(
      () => openCheckpoint(folder),
      Deno.errors.NotFound,
      `${rule} neither`,
    );
    writeShards(folder);
    writeSafetensors(
      join(folder, "model.safetensors"),
      new Map([["w", vector(1)]]),
    );
    assertThrows(() => openCheckpoint(folder), Error, `${rule} both`);
  });
});

Deno.test("openCheckpoint() refuses an index that does not fit its shards", () => {
  const [a, b] = ["a.safetensors", "b.safetensors"];
  const cases: [weightMap: unknown, message: string][] = [
    [
      null,
      `${INDEX} as it must have a weight_map: current value is null`,
    ],
    [{}, `${INDEX} as it must have a weight_map: current value is {}`],
    [
      { w1: a, w2: "../b.safetensors" },
      `${INDEX} as tensor w2 must be placed in a file of its folder: current value is "../b.safetensors"`,
    ],
    [
      { w1: a, w2: 2 },
      `${INDEX} as tensor w2 must be placed in a file of its folder: current value is 2`,
    ],
    [
      { w1: a, w2: b, w3: b },
      `b.safetensors as the shard named by ${INDEX} must hold it: current value is none`,
    ],
    [
      { w1: b, w2: b },
      `b.safetensors as the shard named by ${INDEX} must hold it: current value is none`,
    ],
    [
      { w1: a, w3: b },
      `b.safetensors as ${INDEX} must place it there: current value is no place`,
    ],
  ];
  withFolderSync((folder) => {
    for (const [weightMap, message] of cases) {
      writeShards(folder, weightMap);
      assertThrows(() => openCheckpoint(folder), SyntaxError, message);
    }
  });
});

Deno.test("openCheckpoint() refuses a tensor in two shards", () => {
  withFolderSync((folder) => {
    writeShards(folder);
    writeSafetensors(
      join(folder, "b.safetensors"),
      new Map([["w1", vector(1)], ["w2", vector(2)]]),
    );
    assertThrows(
      () => openCheckpoint(folder),
      SyntaxError,
      `Cannot open tensor w1 of ${
        join(folder, "b.safetensors")
      } as ${INDEX} must place it there: current value is a.safetensors`,
    );
  });
});

Deno.test("openCheckpoint() names an absent and a broken shard", () => {
  withFolderSync((folder) => {
    writeShards(folder);
    const path = join(folder, "b.safetensors");
    Deno.truncateSync(path, 4);
    assertThrows(
      () => openCheckpoint(folder),
      SyntaxError,
      `Cannot open ${path} as it must hold an 8-byte header length`,
    );
    Deno.removeSync(path);
    assertThrows(
      () => openCheckpoint(folder),
      Deno.errors.NotFound,
      `Cannot open ${path} as every shard of ${INDEX} must exist: current value is absent`,
    );
  });
});

Deno.test("readJsonObject() refuses what is no JSON object", () => {
  withFolderSync((folder) => {
    const path = join(folder, "x.json");
    assertThrows(
      () => readJsonObject(path),
      Deno.errors.NotFound,
      `Cannot read ${path} as the file must exist: current value is none`,
    );
    Deno.writeTextFileSync(path, '{"a": 1,}');
    assertThrows(
      () => readJsonObject(path),
      SyntaxError,
      `Cannot read ${path} as it must be JSON: current value is "{\\"a\\": 1,}"`,
    );
    for (const text of ["[1]", "null", "3"]) {
      Deno.writeTextFileSync(path, text);
      assertThrows(
        () => readJsonObject(path),
        SyntaxError,
        `Cannot read ${path} as it must hold a JSON object: current value is ${text}`,
      );
    }
  });
});
