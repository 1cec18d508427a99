/** A decoder's shape, read from Hugging Face's config.json. */

/** The three families that the paper uses. */
export const FAMILIES = ["qwen2", "qwen3", "smollm3"] as const;

/** `model_type` in config.json. */
export type Family = typeof FAMILIES[number];

/**
 * What the forward pass needs to know. All three families are the same
 * decoder (RMSNorm, RoPE, grouped-query attention, SwiGLU); `qwen2` adds
 * biases to the query, key and value projections, `qwen3` norms queries and
 * keys, `smollm3` leaves RoPE out of some layers.
 */
export interface DecoderConfig {
  /** The family. */
  readonly family: Family;
  /** V: rows of the embedding. */
  readonly vocabSize: number;
  /** D: width of the hidden states. */
  readonly hiddenSize: number;
  /** Width of the feed-forward layers. */
  readonly intermediateSize: number;
  /** Number of layers. */
  readonly layers: number;
  /** H: query heads. */
  readonly heads: number;
  /** Key and value heads; divides H. */
  readonly keyValueHeads: number;
  /** Width of a head. */
  readonly headDim: number;
  /** Base of the rotary frequencies. */
  readonly ropeTheta: number;
  /** For each layer: whether it rotates queries and keys. */
  readonly ropeLayers: readonly boolean[];
  /** Added to the mean square before its root. */
  readonly rmsNormEps: number;
  /** Whether the output projection is the embedding. */
  readonly tieWordEmbeddings: boolean;
  /** Longest sequence that the model was made for, in tokens. */
  readonly maxPositions: number;
  /** Tokens that end a text. */
  readonly eosTokenIds: readonly number[];
}

/**
 * Reads a config.json.
 *
 * @param raw The parsed file.
 * @param file Its path, for messages.
 * @throws {TypeError} If a field is missing or of the wrong type.
 * @throws {RangeError} If a value is out of range or asks for something that
 * the decoder does not do (an unknown family, scaled RoPE, sliding windows).
 */
export function parseDecoderConfig(raw: unknown, file: string): DecoderConfig {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    throw new TypeError(
      `Cannot read ${file} as it must hold a JSON object: current value is ${
        JSON.stringify(raw)
      }`,
    );
  }
  const fields = raw as Readonly<Record<string, unknown>>;
  const refuse: Refuse = (name, rule, type) => {
    const value = fields[name];
    const isWrongType = value === undefined ||
      type !== undefined && typeof value !== type;
    throw new (isWrongType ? TypeError : RangeError)(
      `Cannot read ${file} as '${name}' must be ${rule}: current value is ${
        JSON.stringify(value)
      }`,
    );
  };
  const integer = (name: string): number => {
    const value = fields[name];
    return Number.isInteger(value) && value as number > 0
      ? value as number
      : refuse(name, "a positive integer", "number");
  };
  const number = (name: string): number => {
    const value = fields[name];
    return typeof value === "number" && value > 0
      ? value
      : refuse(name, "a positive number", "number");
  };
  const mustBeOff = (name: string): void => {
    if (![undefined, null, false].includes(fields[name] as null)) {
      refuse(name, "off, as the decoder does not do it");
    }
  };

  const family = FAMILIES.find((name) => name === fields.model_type) ??
    refuse("model_type", `one of ${FAMILIES.join(", ")}`, "string");
  if (fields.hidden_act !== "silu") refuse("hidden_act", '"silu"', "string");
  mustBeOff("rope_scaling");
  mustBeOff("use_sliding_window");
  mustBeOff("mlp_bias");
  if (family !== "qwen2") mustBeOff("attention_bias");
  const layerTypes = [fields.layer_types ?? []].flat();
  if (layerTypes.some((type) => type !== "full_attention")) {
    refuse("layer_types", 'a list of "full_attention"');
  }

  const layers = integer("num_hidden_layers");
  const heads = integer("num_attention_heads");
  const keyValueHeads = integer("num_key_value_heads");
  const hiddenSize = integer("hidden_size");
  if (heads % keyValueHeads !== 0) {
    refuse("num_key_value_heads", `a divisor of ${heads} heads`);
  }
  // Without it Qwen3's code takes 128, the others' what the heads leave.
  const hasHeadDim = family === "qwen3" || fields.head_dim !== undefined;
  if (!hasHeadDim && hiddenSize % heads !== 0) {
    refuse("hidden_size", `a multiple of ${heads} heads`);
  }
  const headDim = hasHeadDim ? integer("head_dim") : hiddenSize / heads;
  if (headDim % 2 !== 0) {
    const name = hasHeadDim ? "head_dim" : "hidden_size";
    refuse(name, "such that heads are even in size, as RoPE turns pairs");
  }
  // The defaults of transformers 4.55.4.
  const tied = fields.tie_word_embeddings ?? family === "smollm3";
  if (typeof tied !== "boolean") {
    refuse("tie_word_embeddings", "a boolean", "boolean");
  }

  const vocabSize = integer("vocab_size");
  return {
    family,
    vocabSize,
    hiddenSize,
    intermediateSize: integer("intermediate_size"),
    layers,
    heads,
    keyValueHeads,
    headDim,
    ropeTheta: number("rope_theta"),
    ropeLayers: ropeLayers(fields.no_rope_layers, family, layers, refuse),
    rmsNormEps: number("rms_norm_eps"),
    tieWordEmbeddings: tied as boolean,
    maxPositions: integer("max_position_embeddings"),
    eosTokenIds: eosTokenIds(fields.eos_token_id, vocabSize, refuse),
  };
}

/**
 * Throws that a field breaks a rule: a TypeError if it is missing or not of
 * the type (as `typeof` says it), else a RangeError.
 */
type Refuse = (name: string, rule: string, type?: string) => never;

/** SmolLM3 lists 1 for a layer with RoPE and 0 for one without. */
function ropeLayers(
  value: unknown,
  family: Family,
  layers: number,
  refuse: Refuse,
): boolean[] {
  if (family !== "smollm3") return Array(layers).fill(true);
  const valid = Array.isArray(value) && value.length === layers &&
    value.every((flag) => flag === 0 || flag === 1);
  if (!valid) {
    refuse("no_rope_layers", `a list of ${layers} times 0 or 1`, "object");
  }
  return (value as number[]).map((flag) => flag === 1);
}

function eosTokenIds(
  value: unknown,
  vocabSize: number,
  refuse: Refuse,
): number[] {
  const isToken = (id: unknown): id is number =>
    Number.isInteger(id) && id as number >= 0 && id as number < vocabSize;
  const ids: unknown[] = [value ?? []].flat();
  return ids.every(isToken)
    ? ids
    : refuse("eos_token_id", "a token id or a list of them");
}

/** Name and shape of every tensor in a checkpoint of this shape. */
export function weightShapes(config: DecoderConfig): Map<string, number[]> {
  const { hiddenSize: D, intermediateSize: F, vocabSize: V } = config;
  const queries = config.heads * config.headDim;
  const keys = config.keyValueHeads * config.headDim;
  const shapes = new Map<string, number[]>([
    ["model.embed_tokens.weight", [V, D]],
    ["model.norm.weight", [D]],
  ]);
  if (!config.tieWordEmbeddings) shapes.set("lm_head.weight", [V, D]);
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const projections: Readonly<Record<string, readonly number[]>> = {
      "self_attn.q_proj": [queries, D],
      "self_attn.k_proj": [keys, D],
      "self_attn.v_proj": [keys, D],
      "self_attn.o_proj": [D, queries],
      "mlp.gate_proj": [F, D],
      "mlp.up_proj": [F, D],
      "mlp.down_proj": [D, F],
    };
    for (const [name, shape] of Object.entries(projections)) {
      shapes.set(`${prefix}.${name}.weight`, [...shape]);
    }
    shapes.set(`${prefix}.input_layernorm.weight`, [D]);
    shapes.set(`${prefix}.post_attention_layernorm.weight`, [D]);
    if (config.family === "qwen2") {
      for (const name of ["q_proj", "k_proj", "v_proj"]) {
        shapes.set(`${prefix}.self_attn.${name}.bias`, [
          projections[`self_attn.${name}`][0],
        ]);
      }
    }
    if (config.family === "qwen3") {
      shapes.set(`${prefix}.self_attn.q_norm.weight`, [config.headDim]);
      shapes.set(`${prefix}.self_attn.k_norm.weight`, [config.headDim]);
    }
  }
  return shapes;
}

/**
 * Whether a tensor is a projection. Files hold projections as `[out, in]`; in
 * memory they are `[in, out]`: a product with few rows, as each step of
 * generation is, would take longer to transpose the weights than to multiply.
 */
export function isProjection(name: string): boolean {
  return name.endsWith("_proj.weight") || name === "lm_head.weight";
}

/** The config.json of a shape, as Hugging Face writes it. */
export function formatDecoderConfig(
  config: DecoderConfig,
): Record<string, unknown> {
  const names: Readonly<Record<Family, string>> = {
    qwen2: "Qwen2ForCausalLM",
    qwen3: "Qwen3ForCausalLM",
    smollm3: "SmolLM3ForCausalLM",
  };
  const [eos, ...others] = config.eosTokenIds;
  return {
    architectures: [names[config.family]],
    attention_dropout: 0,
    // Without null, SmolLM3 gets ids that a small vocabulary does not have.
    bos_token_id: null,
    eos_token_id: others.length > 0 ? config.eosTokenIds : eos ?? null,
    head_dim: config.headDim,
    hidden_act: "silu",
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    model_type: config.family,
    ...config.family === "smollm3" && {
      no_rope_layers: config.ropeLayers.map(Number),
    },
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    num_key_value_heads: config.keyValueHeads,
    pad_token_id: null,
    rms_norm_eps: config.rmsNormEps,
    rope_scaling: null,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tieWordEmbeddings,
    torch_dtype: "float32",
    vocab_size: config.vocabSize,
  };
}
