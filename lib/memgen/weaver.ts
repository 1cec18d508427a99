/**
 * The weaver (eq. 5) writes K latent vectors after reading a context.
 *
 * It is a view of a base model, that of the reasoner or another one: with an
 * adapter, or with layers of its own. Learned queries stand after the context;
 * the hidden states at their places, projected, are the latents. Source:
 * weaver.py:7-125, modeling_memgen.py:62. In its place there may be pause
 * tokens, latents that are learned themselves (table 9).
 *
 * Its trainable tensors bear the released code's parameter names, such as
 * `reasoner_to_weaver.weight` and
 * `weaver.lora.model.layers.0.self_attn.q_proj.lora_A.weight`; ours are
 * `weaver.base.model.layers.0.self_attn.q_proj.weight`, held as `[in, out]`,
 * and `weaver.prompt_pause_tokens`.
 *
 * Shapes: B rows, T context length, K latents a block, M all latents of a row,
 * D hidden size of the reasoner, W of the weaver.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type DecoderConfig,
  type DecoderView,
  initializeLora,
  type Lora,
  loraView,
} from "../models/mod.ts";
import { normals, type Random, randomInt, uniforms } from "../random.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import type { MemgenConfig } from "./config.ts";
import type { FrozenModel } from "./supervised.ts";

/** The models that MemGen is built on; they are never trained. */
export interface MemgenBase extends FrozenModel {
  /**
   * What the weaver is a view of, if not of the reasoner. It reads the
   * reasoner's vectors, so that it needs no tokenizer.
   */
  readonly weaverBase?: FrozenModel;
}

/** Which queries: those of the prompt's end, or those after a delimiter. */
export type QueryKind = "prompt" | "inference";

/** What the names of the weaver's LoRA factors begin with. */
export const WEAVER_LORA_PREFIX = "weaver.lora.";
/** What the names of its own layers begin with, where all of them learn. */
export const WEAVER_BASE_PREFIX = "weaver.base.";
const EMBEDDING = "model.embed_tokens.weight";
/** PyTorch's LayerNorm default. */
const LAYER_NORM_EPS = 1e-5;

/** The weaver's adapter, for `decode`. */
export function weaverLora(
  parameters: NamedTensors,
  config: MemgenConfig,
): Lora {
  return loraView(parameters, WEAVER_LORA_PREFIX, config.weaverLora);
}

/** The model whose layers the weaver has. */
export function weaverModel(base: MemgenBase): FrozenModel {
  return base.weaverBase ?? base;
}

/**
 * The weaver's layers, for `decode`. Its embeddings are those of the reasoner,
 * whose inputs it reads.
 */
export function weaverView(
  base: MemgenBase,
  config: MemgenConfig,
  parameters: NamedTensors,
): DecoderView {
  const { weights } = weaverModel(base);
  const embedding = { [EMBEDDING]: base.weights[EMBEDDING] };
  if (config.weaver === "lora") {
    const lora = weaverLora(parameters, config);
    return { weights: { ...weights, ...embedding }, lora };
  }
  return { weights: { ...ownLayers(parameters), ...embedding } };
}

/** The layers of a weaver that has its own, by Hugging Face's names. */
export function ownLayers(parameters: NamedTensors): NamedTensors {
  return Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => name.startsWith(WEAVER_BASE_PREFIX))
      .map(([name, tensor]) => [name.slice(WEAVER_BASE_PREFIX.length), tensor]),
  );
}

/** The latents of blocks where they are pause tokens; `[B, M, D]`. */
export function pauseLatents(
  parameters: NamedTensors,
  kinds: readonly QueryKind[],
  rows: number,
): tf.Tensor3D {
  const latents = tf.concat(kinds.map((kind) => parameters[pauseName(kind)]));
  return tf.tile(latents.expandDims(0), [rows, 1, 1]) as tf.Tensor3D;
}

/** Name of the pause tokens of a kind of block, `[K, D]`. */
export function pauseName(kind: QueryKind): string {
  return `weaver.${kind}_pause_tokens`;
}

/** Queries after LayerNorm and scale, `[K, W]` (weaver.py:67-68). */
export function weaverQueries(
  parameters: NamedTensors,
  kind: QueryKind,
): tf.Tensor2D {
  const queries = parameters[`weaver.${kind}_query_latents`];
  const centred = queries.sub(queries.mean(-1, true));
  const variance = centred.square().mean(-1, true);
  return centred.mul(variance.add(LAYER_NORM_EPS).rsqrt())
    .mul(parameters[`weaver.${kind}_latent_ln.weight`])
    .add(parameters[`weaver.${kind}_latent_ln.bias`])
    .mul(parameters[`weaver.${kind}_latent_scale`]);
}

/** K of a kind. */
export function latentCount(parameters: NamedTensors, kind: QueryKind): number {
  return parameters[`weaver.${kind}_query_latents`].shape[0];
}

/** Places of the last K of T inputs of each of B rows, `[B K]` in `[B T]`. */
export function lastPlaces(
  [B, T]: readonly [number, number],
  K: number,
): tf.Tensor1D {
  const places = Array.from(
    { length: B * K },
    (_, i) => Math.floor(i / K) * T + T - K + i % K,
  );
  return tf.tensor1d(places, "int32");
}

/** From the reasoner's vectors, `[B, T, D]`, to the weaver's; `[B, T, W]`. */
export function toWeaver(
  parameters: NamedTensors,
  embeddings: tf.Tensor3D,
): tf.Tensor3D {
  return project(parameters, "reasoner_to_weaver", embeddings);
}

/** From the weaver's hidden states, `[B, K, W]`, to latents; `[B, K, D]`. */
export function toReasoner(
  parameters: NamedTensors,
  hidden: tf.Tensor3D,
): tf.Tensor3D {
  return project(parameters, "weaver_to_reasoner", hidden);
}

function project(
  parameters: NamedTensors,
  name: string,
  x: tf.Tensor3D,
): tf.Tensor3D {
  const [B, T, D] = x.shape;
  const weight = parameters[`${name}.weight`] as tf.Tensor2D; // [out, in]
  return tf.matMul(x.reshape([B * T, D]) as tf.Tensor2D, weight, false, true)
    .add(parameters[`${name}.bias`]).reshape([B, T, weight.shape[0]]);
}

/**
 * Shape of every tensor of the weaver but its LoRA factors and own layers, by
 * name.
 *
 * @param model Shape of the reasoner.
 * @param weaver Shape of the weaver. Default: the same.
 */
export function weaverShapes(
  model: DecoderConfig,
  config: MemgenConfig,
  weaver: DecoderConfig = model,
): Map<string, number[]> {
  const [D, W] = [model.hiddenSize, weaver.hiddenSize];
  const blocks = [
    ["prompt", config.promptLatents],
    ["inference", config.inferenceLatents],
  ] as const;
  if (config.weaver === "pause") {
    return new Map(blocks.map(([kind, K]) => [pauseName(kind), [K, D]]));
  }
  const shapes = new Map([
    ["reasoner_to_weaver.weight", [W, D]],
    ["reasoner_to_weaver.bias", [W]],
    ["weaver_to_reasoner.weight", [D, W]],
    ["weaver_to_reasoner.bias", [D]],
  ]);
  for (const [kind, K] of blocks) {
    shapes.set(`weaver.${kind}_query_latents`, [K, W]);
    shapes.set(`weaver.${kind}_latent_ln.weight`, [W]);
    shapes.set(`weaver.${kind}_latent_ln.bias`, [W]);
    shapes.set(`weaver.${kind}_latent_scale`, [1]);
  }
  return shapes;
}

/** Whether a tensor of a model is one of its layers, or their norm. */
export function isLayer(name: string): boolean {
  return name.startsWith("model.layers.") || name === "model.norm.weight";
}

/**
 * A weaver before training, initialised as PyTorch does: projections uniform
 * within 1/sqrt(in), queries normal, LayerNorm and scale without effect. Its
 * own layers begin as copies of the base model's, pause tokens as embeddings
 * of random tokens (Lester et al. 2021). The caller owns the tensors.
 */
export function initializeWeaver(
  base: MemgenBase,
  config: MemgenConfig,
  random: Random,
): NamedTensors {
  const parameters: Record<string, tf.Tensor> = {};
  const { config: decoder, weights } = weaverModel(base);
  for (const [name, shape] of weaverShapes(base.config, config, decoder)) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (name.endsWith("pause_tokens")) {
      const tokens = Array.from(
        { length: shape[0] },
        () => randomInt(random, base.config.vocabSize),
      );
      parameters[name] = tf.tidy(() =>
        tf.gather(base.weights[EMBEDDING], tf.tensor1d(tokens, "int32"))
      );
    } else if (name.endsWith("query_latents")) {
      parameters[name] = tf.tensor(normals(random, size), shape);
    } else if (name.endsWith("ln.bias")) {
      parameters[name] = tf.zeros(shape);
    } else if (name.endsWith("ln.weight") || name.endsWith("scale")) {
      parameters[name] = tf.ones(shape);
    } else {
      const { hiddenSize } = name.startsWith("reasoner")
        ? base.config
        : decoder;
      const bound = 1 / Math.sqrt(hiddenSize);
      parameters[name] = tf.tensor(uniforms(random, size, bound), shape);
    }
  }
  if (config.weaver === "lora") {
    const prefix = WEAVER_LORA_PREFIX;
    const lora = initializeLora(decoder, config.weaverLora, { prefix, random });
    return { ...parameters, ...lora };
  }
  if (config.weaver === "full") {
    for (const [name, tensor] of Object.entries(weights)) {
      if (isLayer(name)) parameters[WEAVER_BASE_PREFIX + name] = tensor.clone();
    }
  }
  return parameters;
}
