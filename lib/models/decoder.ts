/**
 * The decoder of Qwen2.5, SmolLM3 and Qwen3: one forward pass, with or
 * without a cache, with or without a LoRA adapter.
 *
 * Shapes: B rows, T new tokens, S cached ones, D hidden size, V vocabulary,
 * H query heads, KV key heads, hd head width. Source: `modeling_qwen2.py`,
 * `modeling_qwen3.py` and `modeling_smollm3.py` of transformers 4.55.4.
 */
import * as tf from "@tensorflow/tfjs";
import { checkpoint, flatten, type NamedTensors } from "../tensorflow/mod.ts";
import {
  attend,
  attendCached,
  attendCausal,
  type AttentionPart,
  causalMask,
  type KeyValue,
  type NewKeyValue,
  rotate,
  type Rotation,
  rotation,
  visibility,
} from "./attention.ts";
import type { DecoderConfig } from "./config.ts";
import { toHeads } from "./head_products.ts";
import { type Lora, loraChange } from "./lora.ts";
import { wantedRows } from "./wanted_rows.ts";

/** A model as one of its users sees it: the shared weights, an adapter. */
export interface DecoderView {
  /**
   * The base model's float32 tensors, by Hugging Face's names; projections are
   * `[in, out]` (see `isProjection`).
   */
  readonly weights: NamedTensors;
  /** The adapter, if any. */
  readonly lora?: Lora;
}

/** Keys and values of earlier tokens, with who may see them. */
export interface CachePart {
  /** One entry a layer. */
  readonly layers: readonly KeyValue[];
  /** Broadcasts to `[B, 1, T, S]`. */
  readonly mask: tf.Tensor4D;
}

/** What goes into a forward pass. */
export type DecoderInput =
  & {
    /** Input vectors, `[B, T, D]`. */
    readonly embeddings: tf.Tensor3D;
    /** Rotary positions, `[B, T]`, int32. */
    readonly positions: tf.Tensor2D;
    /**
     * Distinct places in `[B T]` whose hidden states are wanted, `[N]`: the last
     * layer computes no others. Default: all.
     */
    readonly places?: tf.Tensor1D;
  }
  & (VisibleParts | VisibleCache);

/** New tokens that see each other and what came before. */
export interface VisibleParts {
  /**
   * Who sees whom among the new tokens; broadcasts to `[B, 1, T, T]`.
   * `causal` is what `causalMask` says, computed faster.
   */
  readonly mask: tf.Tensor4D | "causal";
  /** Earlier tokens, seen as their masks say. */
  readonly past?: readonly CachePart[];
}

/** New tokens that go into a cache and see what it shows them. */
export interface VisibleCache {
  /** Takes keys and values of a layer; returns all that its queries see. */
  readonly remember: (layer: number, added: NewKeyValue) => AttentionPart;
}

/** What comes out of a forward pass. */
export interface DecoderOutput {
  /** Hidden states after the last norm, `[B, T, D]`; at `places`, `[1, N, D]`. */
  readonly hidden: tf.Tensor3D;
  /** Keys and values of the new tokens, one entry a layer. */
  readonly keyValues: KeyValue[];
}

/** The embeddings of tokens. */
export function embed(
  weights: NamedTensors,
  ids: tf.Tensor2D,
): tf.Tensor3D {
  return tf.gather(weights["model.embed_tokens.weight"], ids) as tf.Tensor3D;
}

/** Scores of the next token for hidden states `[N, D]`; shape `[N, V]`. */
export function logits(
  config: DecoderConfig,
  weights: NamedTensors,
  hidden: tf.Tensor2D,
): tf.Tensor2D {
  const tied = config.tieWordEmbeddings;
  const name = tied ? "model.embed_tokens.weight" : "lm_head.weight";
  return tf.matMul(hidden, weights[name] as tf.Tensor2D, false, tied);
}

/** Runs the decoder's layers; a gradient may checkpoint each of them. */
export function decode(
  config: DecoderConfig,
  view: DecoderView,
  input: DecoderInput,
): DecoderOutput {
  const { embeddings, positions, places } = input;
  const past = "remember" in input ? [] : input.past ?? [];
  const [B, T, D] = embeddings.shape;
  const turn = rotation(positions, config.headDim, config.ropeTheta);
  const context: LayerContext = {
    turn,
    visible: "remember" in input
      ? { remember: input.remember }
      : { mask: input.mask, pastMasks: past.map(({ mask }) => mask) },
  };
  const keyValues: KeyValue[] = [];
  let x = embeddings.reshape([B * T, D]) as tf.Tensor2D;
  if (config.layers === 0) x = pickPlaces(x, places);
  for (let layer = 0; layer < config.layers; layer++) {
    const output = checkpoint(
      (input: LayerInput, context: LayerContext) =>
        decodeLayer(config, view, layer, input, context),
      {
        inputs: { x, past: past.map(({ layers }) => layers[layer]) },
        constants: layer === config.layers - 1
          ? { ...context, places }
          : context,
        weights: layerTensors(view, layer),
      },
    );
    x = output.x;
    keyValues.push(output.keyValue);
  }
  const norm = view.weights["model.norm.weight"];
  const hidden = rmsNorm(x, norm, config.rmsNormEps)
    .reshape(places === undefined ? [B, T, D] : [1, places.shape[0], D]);
  return { hidden: hidden as tf.Tensor3D, keyValues };
}

/** What goes into one layer and gets gradients. */
interface LayerInput {
  /** Vectors of all rows, `[B T, D]`. */
  readonly x: tf.Tensor2D;
  /** Keys and values of earlier tokens, a part each. */
  readonly past: readonly KeyValue[];
}

/** What layers get besides; the same for all of them but `places`. */
interface LayerContext {
  /** Rotary angles of the new tokens. */
  readonly turn: Rotation;
  /** The only places that go on after attention, `[N]`; default: all. */
  readonly places?: tf.Tensor1D;
  /** What they see; a cache is no tree of tensors, and has no gradient. */
  readonly visible: VisibleCache | {
    /** Who sees whom among them, as in `VisibleParts`. */
    readonly mask: VisibleParts["mask"];
    /** Who sees the earlier ones, a part each. */
    readonly pastMasks: readonly tf.Tensor4D[];
  };
}

/** One layer: attention, then the feed-forward network. */
function decodeLayer(
  config: DecoderConfig,
  { weights, lora }: DecoderView,
  layer: number,
  { x, past }: LayerInput,
  { turn, visible, places }: LayerContext,
): { x: tf.Tensor2D; keyValue: KeyValue } {
  const { headDim, heads, keyValueHeads, rmsNormEps } = config;
  const [B, T] = turn.cos.shape;
  const prefix = layerPrefix(layer);
  const attention = `${prefix}self_attn`;

  const linear = (x: tf.Tensor2D, path: string): tf.Tensor2D => {
    const weight = weights[`${path}.weight`] as tf.Tensor2D;
    let y: tf.Tensor2D = tf.matMul(x, weight);
    const bias = weights[`${path}.bias`];
    if (bias !== undefined) y = y.add(bias) as tf.Tensor2D;
    const factors = lora?.modules[path];
    return factors === undefined
      ? y
      : y.add(loraChange(x, factors, lora!.scale)) as tf.Tensor2D;
  };
  const norm = <R extends tf.Tensor>(x: R, path: string): R =>
    rmsNorm(x, weights[`${path}.weight`], rmsNormEps);
  const splitHeads = (x: tf.Tensor2D, count: number): tf.Tensor4D =>
    x.reshape([B, T, count, headDim]);

  const h = norm(x, `${prefix}input_layernorm`);
  let queries = splitHeads(linear(h, `${attention}.q_proj`), heads);
  let keys = splitHeads(linear(h, `${attention}.k_proj`), keyValueHeads);
  const values = splitHeads(linear(h, `${attention}.v_proj`), keyValueHeads);
  if (config.family === "qwen3") {
    queries = norm(queries, `${attention}.q_norm`);
    keys = norm(keys, `${attention}.k_norm`);
  }
  if (config.ropeLayers[layer]) {
    queries = rotate(queries, turn);
    keys = rotate(keys, turn);
  }
  const attended = pickPlaces(
    attendVisible(queries, { keys, values }, { layer, past, visible })
      .reshape([B * T, heads * headDim]),
    places,
  );
  const seen = pickPlaces(x, places)
    .add(linear(attended, `${attention}.o_proj`)) as tf.Tensor2D;
  const h2 = norm(seen, `${prefix}post_attention_layernorm`);
  const gate = linear(h2, `${prefix}mlp.gate_proj`);
  const up = linear(h2, `${prefix}mlp.up_proj`);
  const activated = gate.mul(gate.sigmoid()).mul(up) as tf.Tensor2D;
  return {
    x: seen.add(linear(activated, `${prefix}mlp.down_proj`)),
    keyValue: { keys: toHeads(keys), values: toHeads(values) },
  };
}

function pickPlaces(x: tf.Tensor2D, places?: tf.Tensor1D): tf.Tensor2D {
  return places === undefined ? x : wantedRows(x, places);
}

/** What the names of a layer's tensors begin with. */
function layerPrefix(layer: number): string {
  return `model.layers.${layer}.`;
}

/** Every tensor of a view that one layer reads. */
function layerTensors(
  { weights, lora }: DecoderView,
  layer: number,
): tf.Tensor[] {
  const named = { ...weights, ...lora?.modules };
  return Object.entries(named).flatMap(([name, tensors]) =>
    name.startsWith(layerPrefix(layer)) ? flatten(tensors).tensors : []
  );
}

function attendVisible(
  queries: tf.Tensor4D,
  added: NewKeyValue,
  { layer, past, visible }: {
    readonly layer: number;
    readonly past: readonly KeyValue[];
    readonly visible: LayerContext["visible"];
  },
): tf.Tensor3D {
  if ("remember" in visible) {
    return attendCached(queries, visible.remember(layer, added));
  }
  const { mask, pastMasks } = visible;
  const earlier = past.map((part, i) => ({ ...part, mask: pastMasks[i] }));
  return mask === "causal"
    ? attendCausal(queries, added, earlier)
    : attend(queries, { ...added, mask }, earlier);
}

/** A padded batch, as Hugging Face takes it. */
export interface PaddedInput {
  /** Token ids, `[B, T]`; where the mask is 0, any that the model has. */
  readonly ids: tf.Tensor2D;
  /** 1 for a token, 0 for padding on either side, `[B, T]`, int32. */
  readonly attentionMask: tf.Tensor2D;
}

/**
 * Hidden states after the last norm of a padded batch, `[B, T, D]`; defined
 * where the mask is 1. A row's positions count its tokens from 0.
 */
export function decodePadded(
  config: DecoderConfig,
  view: DecoderView,
  { ids, attentionMask }: PaddedInput,
): tf.Tensor3D {
  // 1 and 0 are the kinds of text and of nothing.
  const visible = visibility(attentionMask, attentionMask);
  return decode(config, view, {
    embeddings: embed(view.weights, ids),
    positions: tf.cumsum(attentionMask, 1).sub(tf.scalar(1, "int32"))
      .maximum(tf.scalar(0, "int32")),
    mask: causalMask(ids.shape[1]).add(visible),
  }).hidden;
}

/** x / sqrt(mean(x^2) + eps) * weight over the last axis. */
function rmsNorm<R extends tf.Tensor>(
  x: R,
  weight: tf.Tensor,
  eps: number,
): R {
  const scale = x.square().mean(-1, true).add(eps).rsqrt();
  return x.mul(scale).mul(weight) as R;
}
