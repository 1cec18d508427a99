/**
 * The compiled functions of a decoder that remembers: `makeExtend` runs new
 * inputs of some rows, `makeSteps` a few tokens of all, each chosen from the one
 * before; both write keys and values into the cache. An input is a token or a
 * vector (a latent); which, and what may see it, is data, so that few functions
 * are ever compiled.
 *
 * Shapes: B rows of the cache, b rows of new inputs, T inputs a row, K vectors
 * that the function adds, M vectors a row, S slots, KV key heads, hd head
 * width, D hidden size.
 */
import * as tf from "@tensorflow/tfjs";
import {
  jit,
  type Jitted,
  withPrecision,
  type XlaMode,
} from "../tensorflow/mod.ts";
import {
  type AttentionPart,
  maskWhere,
  type NewKeyValue,
  visibility,
} from "./attention.ts";
import type { DecoderConfig } from "./config.ts";
import { decode, type DecoderView, embed } from "./decoder.ts";
import type { CachedLayer } from "./kv_cache.ts";

/** One input of a row. */
export interface Item {
  /** Token id, or a vector of size D. */
  readonly value: number | Float32Array;
  /** Rotary position; may be negative. */
  readonly position: number;
  /** One of `KIND`. */
  readonly kind: number;
}

/** Inputs that the compiled function itself adds after a block. */
export type Tail = readonly Omit<Item, "value">[];

/** Input vectors of a block. */
export interface BlockInputs {
  /** Tokens, `[b, T]`; anything where a vector stands. */
  readonly ids: tf.Tensor2D;
  /** Vectors, `[b, M, D]`. */
  readonly vectors: tf.Tensor3D;
  /** Number of the vector at each place, `[b, T]`; -1 for a token. */
  readonly vectorIndex: tf.Tensor2D;
}

/** A block, padded. */
export interface BlockTensors extends BlockInputs {
  /** Rows of the cache, `[b]`; null: all of them, in their order. */
  readonly rows: tf.Tensor1D | null;
  /** Where to write keys and values, `[b, T + K]`. */
  readonly slots: tf.Tensor2D;
  /** Rotary positions, `[b, T + K]`. */
  readonly positions: tf.Tensor2D;
  /** Kinds, `[b, T + K]`. */
  readonly kinds: tf.Tensor2D;
}

/** What is remembered of a batch. */
export interface CacheTensors {
  /** One entry a layer. */
  readonly layers: readonly CachedLayer[];
  /** Kinds of the slots once the block is written, `[B, S]`. */
  readonly kinds: tf.Tensor2D;
}

/** A compiled pass over new inputs; see `makeExtend`. */
export type ExtendFunction<P, R> = Jitted<
  [view: DecoderView, params: P, block: BlockTensors, cache: CacheTensors],
  R
>;

/** A compiled run of a few tokens; see `makeSteps`. */
export type StepsFunction<P> = Jitted<
  [
    view: DecoderView,
    params: P,
    first: Pick<BlockTensors, "ids" | "slots" | "positions" | "kinds">,
    cache: CacheTensors,
    steps: number,
  ],
  tf.Tensor2D
>;

/** Embeddings of tokens with vectors in their places, `[b, T, D]`. */
export function embedInputs(
  view: DecoderView,
  { ids, vectors, vectorIndex }: BlockInputs,
): tf.Tensor3D {
  const tokens = embed(view.weights, ids);
  const M = vectors.shape[1];
  if (M === 0) return tokens;
  const isToken = vectorIndex.less(0).toFloat().expandDims(-1);
  const numbers = tf.range(0, M, 1, "int32");
  const places = vectorIndex.expandDims(-1).equal(numbers).toFloat(); // [b, T, M]
  // A choice written as a product: exact in float32 only.
  const placed = withPrecision("fp32", () => tf.matMul(places, vectors));
  return tokens.mul(isToken).add(placed);
}

/**
 * Compiles a pass over new inputs.
 *
 * @param prepare From embeddings `[b, T, D]` to the decoder's inputs
 * `[b, T + K, D']`: the identity, or the weaver's projection and queries.
 * @param places Of the wanted hidden states; see `DecoderInput`.
 * @param finish From these, `[b, T + K, D']` or `[1, N, D']`, to what the caller
 * wants.
 */
export function makeExtend<P, R>(
  config: DecoderConfig,
  { name, xla, prepare = (_, embeddings) => embeddings, places, finish }: {
    readonly name: string;
    readonly xla: XlaMode;
    readonly prepare?: (params: P, embeddings: tf.Tensor3D) => tf.Tensor3D;
    readonly places?: (
      params: P,
      shape: readonly [b: number, inputs: number],
    ) => tf.Tensor1D;
    readonly finish: (
      params: P,
      hidden: tf.Tensor3D,
      view: DecoderView,
    ) => R;
  },
): ExtendFunction<P, R> {
  return jit((view, params, block, cache) => {
    const { hidden } = decode(config, view, {
      embeddings: prepare(params, embedInputs(view, block)),
      positions: block.positions,
      places: places?.(params, block.positions.shape),
      remember: cacheWriter(config, block, cache),
    });
    return finish(params, hidden, view);
  }, { name, xla });
}

/**
 * Compiles a few steps of all rows. Where rows are few, a call costs as much as
 * what it computes.
 *
 * @param choose From hidden states `[B, D]` to the next tokens, `[B]`.
 * @returns A function from the first inputs, `[B, 1]` each, to the tokens that
 * were chosen, `[B, steps]`; all but the last of them were also run.
 */
export function makeSteps<P>(
  config: DecoderConfig,
  { name, xla, choose }: {
    readonly name: string;
    readonly xla: XlaMode;
    readonly choose: (
      params: P,
      hidden: tf.Tensor2D,
      context: { readonly view: DecoderView; readonly step: number },
    ) => tf.Tensor1D;
  },
): StepsFunction<P> {
  return jit((view, params, first, cache, steps) => {
    const [B, S] = cache.kinds.shape;
    const chosen: tf.Tensor2D[] = [];
    for (let step = 0; step < steps; step++) {
      const offset = tf.scalar(step, "int32");
      const last = tf.scalar(S - 1, "int32");
      const { hidden } = decode(config, view, {
        embeddings: embed(view.weights, chosen.at(-1) ?? first.ids),
        positions: first.positions.add(offset),
        remember: cacheWriter(config, {
          rows: null,
          slots: first.slots.add<tf.Tensor2D>(offset).minimum(last),
          kinds: first.kinds,
        }, cache),
      });
      const rows = hidden.reshape([B, hidden.shape[2]]) as tf.Tensor2D;
      const tokens = choose(params, rows, { view, step });
      chosen.push(tokens.expandDims(1) as tf.Tensor2D);
    }
    return tf.concat(chosen, 1);
  }, { name, xla });
}

/**
 * Places in `[b T]` of one input of each row.
 *
 * @param inputs Its number in its row, `[b]`.
 */
export function placesOf(inputs: tf.Tensor1D, T: number): tf.Tensor1D {
  return tf.range(0, inputs.shape[0] * T, T, "int32").add(inputs);
}

/**
 * Writes the new keys and values of a layer, then shows the queries all of
 * their rows. In this order XLA changes the cache in place.
 */
function cacheWriter(
  { keyValueHeads: KV, headDim }: DecoderConfig,
  { rows, slots, kinds }: Pick<BlockTensors, "rows" | "slots" | "kinds">,
  cache: CacheTensors,
): (layer: number, added: NewKeyValue) => AttentionPart {
  const [b, T] = slots.shape;
  const [B, S] = cache.kinds.shape;
  const heads = tf.range(0, KV, 1, "int32");
  const first = (rows ?? tf.range(0, B, 1, "int32"))
    .mul(tf.scalar(KV, "int32")).expandDims(1).add(heads); // [b, KV]
  const places = tf.stack([
    tf.tile(first.expandDims(1), [1, T, 1]),
    tf.tile(slots.expandDims(2), [1, 1, KV]),
  ], -1).reshape([b * T * KV, 2]);

  const seen = visibility(kinds, pickRows(cache.kinds, rows)); // [b, 1, T, S]
  const earlier = tf.range(0, S, 1, "int32").reshape([1, 1, S])
    .lessEqual(slots.expandDims(2)); // [b, T, S]
  const mask = seen.add(maskWhere(earlier).expandDims(1)) as tf.Tensor4D;

  return (layer, added) => {
    const show = (name: keyof CachedLayer): tf.Tensor4D => {
      const variable = cache.layers[layer][name];
      const updates = added[name].reshape([b * T * KV, headDim]);
      const whole = tf.tensorScatterUpdate(variable.read(), places, updates);
      variable.assign(whole);
      return pickRows(whole.reshape([B, KV, S, headDim]) as tf.Tensor4D, rows);
    };
    return { keys: show("keys"), values: show("values"), mask };
  };
}

function pickRows<T extends tf.Tensor>(x: T, rows: tf.Tensor1D | null): T {
  return rows === null ? x : tf.gather(x, rows) as T;
}
