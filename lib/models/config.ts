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
  const refuse = (name: string, rule: string): never => {
    const value = JSON.stringify(fields[name]);
    const error = fields[name] === undefined ? TypeError : RangeError;
    throw new error(
      `Cannot read ${file} as '${name}' must be ${rule}: current value is ${value}`,
    );
  };
  const positive = (name: string, fallback?: number): number => {
    const value = fields[name] ?? fallback;
    return Number.isInteger(value) && value as number > 0
      ? value as number
      : refuse(name, "a positive integer");
  };
  const must = (name: string, allowed: readonly unknown[]): void => {
    if (!allowed.includes(fields[name])) {
      refuse(name, allowed.map((value) => JSON.stringify(value)).join(" or "));
    }
  };

  const family = FAMILIES.find((name) => name === fields.model_type) ??
    refuse("model_type", `one of ${FAMILIES.join(", ")}`);
  must("hidden_act", ["silu"]);
  must("rope_scaling", [null, undefined]);
  must("use_sliding_window", [false, null, undefined]);
  if (family !== "qwen2") must("attention_bias", [false, undefined]);
  must("mlp_bias", [false, undefined]);

  const layers = positive("num_hidden_layers");
  const heads = positive("num_attention_heads");
  const keyValueHeads = positive("num_key_value_heads", heads);
  const hiddenSize = positive("hidden_size");
  if (heads % keyValueHeads !== 0) {
    refuse("num_key_value_heads", `a divisor of ${heads} heads`);
  }
  if (fields.head_dim === undefined && hiddenSize % heads !== 0) {
    refuse("hidden_size", `a multiple of ${heads} heads`);
  }
  const headDim = positive("head_dim", hiddenSize / heads);
  if (headDim % 2 !== 0) refuse("head_dim", "even, as RoPE turns pairs");
  const ropeTheta = fields.rope_theta;
  if (typeof ropeTheta !== "number" || ropeTheta <= 0) {
    refuse("rope_theta", "a positive number");
  }
  const rmsNormEps = fields.rms_norm_eps;
  if (typeof rmsNormEps !== "number" || rmsNormEps <= 0) {
    refuse("rms_norm_eps", "a positive number");
  }
  const tied = fields.tie_word_embeddings ?? family !== "qwen3";
  if (typeof tied !== "boolean") refuse("tie_word_embeddings", "a boolean");

  return {
    family,
    vocabSize: positive("vocab_size"),
    hiddenSize,
    intermediateSize: positive("intermediate_size"),
    layers,
    heads,
    keyValueHeads,
    headDim,
    ropeTheta: ropeTheta as number,
    ropeLayers: ropeLayers(fields.no_rope_layers, family, layers, refuse),
    rmsNormEps: rmsNormEps as number,
    tieWordEmbeddings: tied as boolean,
    maxPositions: positive("max_position_embeddings"),
    eosTokenIds: eosTokenIds(fields.eos_token_id, refuse),
  };
}

/** SmolLM3 lists 1 for a layer with RoPE and 0 for one without. */
function ropeLayers(
  value: unknown,
  family: Family,
  layers: number,
  refuse: (name: string, rule: string) => never,
): boolean[] {
  if (family !== "smollm3") return Array(layers).fill(true);
  const valid = Array.isArray(value) && value.length === layers &&
    value.every((flag) => flag === 0 || flag === 1);
  if (!valid) refuse("no_rope_layers", `a list of ${layers} times 0 or 1`);
  return (value as number[]).map((flag) => flag === 1);
}

function eosTokenIds(
  value: unknown,
  refuse: (name: string, rule: string) => never,
): number[] {
  const ids = value === undefined || value === null ? [] : [value].flat();
  return ids.every((id) => Number.isInteger(id) && id as number >= 0)
    ? ids as number[]
    : refuse("eos_token_id", "a token id or a list of them");
}

/** Name and shape of every tensor that a checkpoint of this shape holds. */
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
    rms_norm_eps: config.rmsNormEps,
    rope_scaling: null,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tieWordEmbeddings,
    torch_dtype: "float32",
    vocab_size: config.vocabSize,
  };
}
