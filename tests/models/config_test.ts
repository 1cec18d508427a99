import { assertEquals, assertThrows } from "@std/assert";
import {
  type DecoderConfig,
  FAMILIES,
  formatDecoderConfig,
  openCheckpoint,
  parseDecoderConfig,
  readJsonObject,
  weightShapes,
} from "@/lib/models/mod.ts";
import { PARITY_NAMES, parityPath, tinyConfig } from "./tiny.ts";

type Fields = Record<string, unknown>;

function parityFields(name: string): Fields {
  return readJsonObject(parityPath("models", name, "config.json"));
}

function parse(fields: unknown): DecoderConfig {
  return parseDecoderConfig(fields, "m/config.json");
}

Deno.test("parseDecoderConfig() reads Qwen2.5's file", () => {
  assertEquals(parse(parityFields("tiny-qwen2.5")), {
    family: "qwen2",
    vocabSize: 1024,
    hiddenSize: 64,
    intermediateSize: 160,
    layers: 4,
    heads: 4,
    keyValueHeads: 2,
    headDim: 16,
    ropeTheta: 1_000_000,
    ropeLayers: [true, true, true, true],
    rmsNormEps: 1e-6,
    tieWordEmbeddings: true,
    maxPositions: 2048,
    eosTokenIds: [1023],
  });
});

Deno.test("parseDecoderConfig() reads what is special to SmolLM3 and Qwen3", () => {
  const smollm3 = parse(parityFields("tiny-smollm3"));
  assertEquals(smollm3.ropeLayers, [true, true, true, false, true]);
  // Its file does not say so: transformers leaves out the default.
  assertEquals(smollm3.tieWordEmbeddings, true);
  const qwen3 = parse(parityFields("tiny-qwen3"));
  assertEquals(qwen3.headDim, 24);
  assertEquals(qwen3.tieWordEmbeddings, false);
});

Deno.test("parseDecoderConfig() takes transformers' defaults for what is absent", () => {
  for (const name of ["tiny-qwen2.5", "tiny-qwen3"]) {
    const { tie_word_embeddings: _, ...fields } = parityFields(name);
    assertEquals(parse(fields).tieWordEmbeddings, false);
  }
  const { eos_token_id: _, ...fields } = parityFields("tiny-qwen2.5");
  assertEquals(parse(fields).eosTokenIds, []);
  assertEquals(parse({ ...fields, head_dim: 20 }).headDim, 20);
});

Deno.test("parseDecoderConfig() reads several end tokens", () => {
  const fields = parityFields("tiny-qwen2.5");
  fields.eos_token_id = [1023, 5];
  assertEquals(parse(fields).eosTokenIds, [1023, 5]);
});

for (const name of PARITY_NAMES) {
  Deno.test(`formatDecoderConfig() gives back ${name}'s fields`, () => {
    const fields = parityFields(name);
    const formatted = formatDecoderConfig(parse(fields));
    assertEquals(parse(formatted), parse(fields));
    for (const [key, value] of Object.entries(formatted)) {
      if (key in fields && !["pad_token_id", "torch_dtype"].includes(key)) {
        assertEquals(value, fields[key], key);
      }
    }
  });

  Deno.test(`weightShapes() are those of ${name}'s checkpoint`, () => {
    using checkpoint = openCheckpoint(parityPath("models", name));
    const shapes = Array.from(
      checkpoint.tensors,
      ([name, { shape }]) => [name, shape] as const,
    );
    assertEquals(
      Object.fromEntries(weightShapes(parse(parityFields(name)))),
      Object.fromEntries(shapes),
    );
  });
}

for (const family of FAMILIES) {
  for (const eosTokenIds of [[], [3], [3, 7]]) {
    Deno.test(`parseDecoderConfig() reads back ${family} with end tokens [${eosTokenIds}]`, () => {
      const config = tinyConfig(family, { eosTokenIds });
      assertEquals(parse(formatDecoderConfig(config)), config);
    });
  }
}

/** A family, what is changed in its file, the error. */
const REFUSED: readonly (readonly [
  typeof PARITY_NAMES[number],
  Fields,
  new (message: string) => Error,
  string,
])[] = [
  [
    "tiny-qwen2.5",
    { model_type: "llama" },
    RangeError,
    `'model_type' must be one of qwen2, qwen3, smollm3: current value is "llama"`,
  ],
  [
    "tiny-qwen2.5",
    { model_type: undefined },
    TypeError,
    `'model_type' must be one of qwen2, qwen3, smollm3: current value is undefined`,
  ],
  [
    "tiny-qwen2.5",
    { hidden_act: "gelu" },
    RangeError,
    `'hidden_act' must be "silu": current value is "gelu"`,
  ],
  [
    "tiny-qwen2.5",
    { rope_scaling: { rope_type: "yarn", factor: 4 } },
    RangeError,
    `'rope_scaling' must be off, as the decoder does not do it: current value is {"rope_type":"yarn","factor":4}`,
  ],
  [
    "tiny-qwen3",
    { use_sliding_window: true },
    RangeError,
    `'use_sliding_window' must be off, as the decoder does not do it: current value is true`,
  ],
  [
    "tiny-smollm3",
    { layer_types: ["full_attention", "sliding_attention"] },
    RangeError,
    `'layer_types' must be a list of "full_attention": current value is ["full_attention","sliding_attention"]`,
  ],
  [
    "tiny-qwen3",
    { attention_bias: true },
    RangeError,
    `'attention_bias' must be off, as the decoder does not do it: current value is true`,
  ],
  [
    "tiny-smollm3",
    { mlp_bias: true },
    RangeError,
    `'mlp_bias' must be off, as the decoder does not do it: current value is true`,
  ],
  [
    "tiny-qwen2.5",
    { hidden_size: undefined },
    TypeError,
    `'hidden_size' must be a positive integer: current value is undefined`,
  ],
  [
    "tiny-qwen2.5",
    { hidden_size: "64" },
    TypeError,
    `'hidden_size' must be a positive integer: current value is "64"`,
  ],
  [
    "tiny-qwen2.5",
    { num_hidden_layers: 0 },
    RangeError,
    `'num_hidden_layers' must be a positive integer: current value is 0`,
  ],
  [
    "tiny-qwen2.5",
    { vocab_size: 10.5 },
    RangeError,
    `'vocab_size' must be a positive integer: current value is 10.5`,
  ],
  [
    "tiny-qwen2.5",
    { num_key_value_heads: 3 },
    RangeError,
    `'num_key_value_heads' must be a divisor of 4 heads: current value is 3`,
  ],
  [
    "tiny-qwen2.5",
    { hidden_size: 66 },
    RangeError,
    `'hidden_size' must be a multiple of 4 heads: current value is 66`,
  ],
  [
    "tiny-qwen2.5",
    { hidden_size: 60 },
    RangeError,
    `'hidden_size' must be such that heads are even in size, as RoPE turns pairs: current value is 60`,
  ],
  [
    "tiny-qwen3",
    { head_dim: 25 },
    RangeError,
    `'head_dim' must be such that heads are even in size, as RoPE turns pairs: current value is 25`,
  ],
  [
    "tiny-qwen3",
    { head_dim: undefined },
    TypeError,
    `'head_dim' must be a positive integer: current value is undefined`,
  ],
  [
    "tiny-qwen2.5",
    { rope_theta: 0 },
    RangeError,
    `'rope_theta' must be a positive number: current value is 0`,
  ],
  [
    "tiny-qwen2.5",
    { rms_norm_eps: null },
    TypeError,
    `'rms_norm_eps' must be a positive number: current value is null`,
  ],
  [
    "tiny-qwen2.5",
    { tie_word_embeddings: "yes" },
    TypeError,
    `'tie_word_embeddings' must be a boolean: current value is "yes"`,
  ],
  [
    "tiny-qwen2.5",
    { max_position_embeddings: undefined },
    TypeError,
    `'max_position_embeddings' must be a positive integer: current value is undefined`,
  ],
  [
    "tiny-smollm3",
    { no_rope_layers: [1, 0] },
    RangeError,
    `'no_rope_layers' must be a list of 5 times 0 or 1: current value is [1,0]`,
  ],
  [
    "tiny-smollm3",
    { no_rope_layers: undefined },
    TypeError,
    `'no_rope_layers' must be a list of 5 times 0 or 1: current value is undefined`,
  ],
  [
    "tiny-qwen2.5",
    { eos_token_id: ["a"] },
    RangeError,
    `'eos_token_id' must be a token id or a list of them: current value is ["a"]`,
  ],
  [
    "tiny-qwen2.5",
    { eos_token_id: 1024 },
    RangeError,
    `'eos_token_id' must be a token id or a list of them: current value is 1024`,
  ],
];

for (const [name, change, errorClass, message] of REFUSED) {
  const [[field, value]] = Object.entries(change);
  Deno.test(`parseDecoderConfig() refuses ${name} with ${field} ${JSON.stringify(value)}`, () => {
    assertThrows(
      () => parse({ ...parityFields(name), ...change }),
      errorClass,
      `Cannot read m/config.json as ${message}`,
    );
  });
}

Deno.test("parseDecoderConfig() refuses what is no object", () => {
  assertThrows(
    () => parse([1]),
    TypeError,
    "Cannot read m/config.json as it must hold a JSON object: current value is [1]",
  );
});

Deno.test("weightShapes() of one small layer are those worked out by hand", () => {
  const config = tinyConfig("qwen3", { layers: 1, ropeLayers: [true] });
  const layer = "model.layers.0.";
  assertEquals(Object.fromEntries(weightShapes(config)), {
    "model.embed_tokens.weight": [40, 16],
    "lm_head.weight": [40, 16],
    "model.norm.weight": [16],
    [`${layer}input_layernorm.weight`]: [16],
    [`${layer}post_attention_layernorm.weight`]: [16],
    [`${layer}self_attn.q_proj.weight`]: [24, 16],
    [`${layer}self_attn.k_proj.weight`]: [12, 16],
    [`${layer}self_attn.v_proj.weight`]: [12, 16],
    [`${layer}self_attn.o_proj.weight`]: [16, 24],
    [`${layer}self_attn.q_norm.weight`]: [6],
    [`${layer}self_attn.k_norm.weight`]: [6],
    [`${layer}mlp.gate_proj.weight`]: [24, 16],
    [`${layer}mlp.up_proj.weight`]: [24, 16],
    [`${layer}mlp.down_proj.weight`]: [16, 24],
  });
});
