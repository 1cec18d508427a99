/**
 * The weaver (eq. 5): a LoRA view of the base model that writes K latent
 * vectors after reading a context.
 *
 * Learned queries stand after the context; the hidden states at their places,
 * projected, are the latents. Source: weaver.py:7-125, modeling_memgen.py:62.
 *
 * Its trainable tensors bear the released code's parameter names, such as
 * `reasoner_to_weaver.weight` and
 * `weaver.lora.model.layers.0.self_attn.q_proj.lora_A.weight`.
 *
 * Shapes: B rows, T context length, K latents, D hidden size of the reasoner
 * and, as both are one model, of the weaver.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type DecoderConfig,
  initializeLora,
  type Lora,
  loraView,
} from "../models/mod.ts";
import { normals, type Random, uniforms } from "../random.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import type { MemgenConfig } from "./config.ts";

/** Which queries: those of the prompt's end, or those after a delimiter. */
export type QueryKind = "prompt" | "inference";

/** What the names of the weaver's LoRA factors begin with. */
export const WEAVER_LORA_PREFIX = "weaver.lora.";
/** PyTorch's LayerNorm default. */
const LAYER_NORM_EPS = 1e-5;

/** The weaver's adapter, for `decode`. */
export function weaverLora(
  parameters: NamedTensors,
  config: MemgenConfig,
): Lora {
  return loraView(parameters, WEAVER_LORA_PREFIX, config.weaverLora);
}

/** Queries after LayerNorm and scale, `[K, D]` (weaver.py:67-68). */
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

/** From the reasoner's input embeddings to the weaver's; `[B, T, D]`. */
export function toWeaver(
  parameters: NamedTensors,
  embeddings: tf.Tensor3D,
): tf.Tensor3D {
  return project(parameters, "reasoner_to_weaver", embeddings);
}

/** From the weaver's hidden states to latents; `[B, K, D]`. */
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

/** Shape of every tensor of the weaver but its LoRA factors, by name. */
export function weaverShapes(
  model: DecoderConfig,
  config: MemgenConfig,
): Map<string, number[]> {
  const D = model.hiddenSize;
  const shapes = new Map<string, number[]>();
  for (const name of ["reasoner_to_weaver", "weaver_to_reasoner"]) {
    shapes.set(`${name}.weight`, [D, D]);
    shapes.set(`${name}.bias`, [D]);
  }
  for (const kind of ["prompt", "inference"] as const) {
    const K = kind === "prompt"
      ? config.promptLatents
      : config.inferenceLatents;
    shapes.set(`weaver.${kind}_query_latents`, [K, D]);
    shapes.set(`weaver.${kind}_latent_ln.weight`, [D]);
    shapes.set(`weaver.${kind}_latent_ln.bias`, [D]);
    shapes.set(`weaver.${kind}_latent_scale`, [1]);
  }
  return shapes;
}

/**
 * A weaver before training, initialised as PyTorch does: projections uniform
 * within 1/sqrt(in), queries normal, LayerNorm and scale without effect.
 * The caller owns the tensors.
 */
export function initializeWeaver(
  model: DecoderConfig,
  config: MemgenConfig,
  random: Random,
): NamedTensors {
  const parameters: Record<string, tf.Tensor> = {};
  for (const [name, shape] of weaverShapes(model, config)) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (name.endsWith("query_latents")) {
      parameters[name] = tf.tensor(normals(random, size), shape);
    } else if (name.endsWith("ln.bias")) {
      parameters[name] = tf.zeros(shape);
    } else if (name.endsWith("ln.weight") || name.endsWith("scale")) {
      parameters[name] = tf.ones(shape);
    } else {
      const bound = 1 / Math.sqrt(model.hiddenSize);
      parameters[name] = tf.tensor(uniforms(random, size, bound), shape);
    }
  }
  const prefix = WEAVER_LORA_PREFIX;
  const lora = initializeLora(model, config.weaverLora, { prefix, random });
  return { ...parameters, ...lora };
}
