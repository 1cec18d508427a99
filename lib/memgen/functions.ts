/** The compiled functions of MemGen at generation; they serve any weights. */
import * as tf from "@tensorflow/tfjs";
import {
  type DecoderConfig,
  type ExtendFunction,
  makeExtend,
  placesOf,
} from "../models/mod.ts";
import type { NamedTensors, XlaMode } from "../tensorflow/mod.ts";
import { triggerLogits } from "./trigger.ts";
import {
  lastPlaces,
  latentCount,
  type QueryKind,
  toReasoner,
  toWeaver,
  weaverQueries,
} from "./weaver.ts";

/** Reads a context and writes K latents, `[b, K, D]`. */
export type WeaveFunction = ExtendFunction<NamedTensors, tf.Tensor3D>;

/** Reads a context as the reasoner does; hidden states, `[b, T, D]`. */
export type ReadFunction = ExtendFunction<null, tf.Tensor3D>;

/** Reads a context; by how much INVOKE outscores SKIP for each row, `[b]`. */
export type TriggerFunction = ExtendFunction<
  {
    readonly parameters: NamedTensors;
    /** Place of each row's last token, `[b]`. */
    readonly last: tf.Tensor1D;
  },
  tf.Tensor1D
>;

/** All of them. */
export interface MemgenFunctions {
  /** By which queries they ask. */
  readonly weave: Readonly<Record<QueryKind, WeaveFunction>>;
  /** The reasoner, where the weaver reads its hidden states. */
  readonly read: ReadFunction;
  /** The trigger. */
  readonly trigger: TriggerFunction;
}

/**
 * Compiles them; each is traced at its first use.
 *
 * @param config Shape of the reasoner.
 * @param weaver Shape of the weaver. Default: the same.
 */
export function compileMemgen(
  config: DecoderConfig,
  xla: XlaMode,
  weaver: DecoderConfig = config,
): MemgenFunctions {
  return {
    weave: {
      prompt: compileWeave(weaver, "prompt", xla),
      inference: compileWeave(weaver, "inference", xla),
    },
    read: makeExtend<null, tf.Tensor3D>(config, {
      name: "read_hidden",
      xla,
      finish: (_, hidden) => hidden,
    }),
    trigger: compileTrigger(config, xla),
  };
}

function compileWeave(
  config: DecoderConfig,
  kind: QueryKind,
  xla: XlaMode,
): WeaveFunction {
  return makeExtend<NamedTensors, tf.Tensor3D>(config, {
    name: `weave_${kind}`,
    xla,
    prepare: (parameters, embeddings) => {
      const queries = weaverQueries(parameters, kind).expandDims(0);
      const b = embeddings.shape[0];
      return tf.concat([
        toWeaver(parameters, embeddings),
        tf.tile(queries, [b, 1, 1]) as tf.Tensor3D,
      ], 1);
    },
    places: (parameters, [b, total]) =>
      lastPlaces([b, total], latentCount(parameters, kind)),
    finish: (parameters, hidden) => {
      const [, N, W] = hidden.shape;
      const K = latentCount(parameters, kind);
      return toReasoner(parameters, hidden.reshape([N / K, K, W]));
    },
  });
}

function compileTrigger(config: DecoderConfig, xla: XlaMode): TriggerFunction {
  return makeExtend(config, {
    name: "trigger",
    xla,
    places: ({ last }, [, T]) => placesOf(last, T),
    finish: ({ parameters }, hidden) => {
      const scores = triggerLogits(parameters, hidden.squeeze([0]));
      const [skip, invoke] = tf.unstack(scores, 1) as tf.Tensor1D[];
      return invoke.sub<tf.Tensor1D>(skip);
    },
  });
}
