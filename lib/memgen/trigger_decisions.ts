/**
 * What the trigger's training looks at: its decisions in a completion, and how
 * likely they were, in one parallel pass over the text (appendix C.3).
 *
 * A row's labels are its decisions, 1 INVOKE and 0 SKIP, each at the token
 * before which it was taken; so what weighs, packs and learns the tokens of
 * a completion does so with its decisions. The weaver is frozen.
 *
 * Shapes: B rows, T tokens, D hidden size, P decisions of the batch (padded).
 */
import * as tf from "@tensorflow/tfjs";
import { decode, embed, requireNoDropout } from "../models/mod.ts";
import { type NamedTensors, tidy } from "../tensorflow/mod.ts";
import {
  type AppendBatch,
  decodeSequence,
  latentsBefore,
  packAppend,
} from "./append.ts";
import { blockSizes, requirePoints } from "./blocks.ts";
import type { MemgenModules } from "./checkpoint.ts";
import type { MemgenConfig } from "./config.ts";
import { generatedPoints, IGNORED_LABEL, PROMPT_SKIPPED } from "./points.ts";
import { decodeWithMemory, packPrepend, type PrependBatch } from "./prepend.ts";
import {
  packIds,
  packTargets,
  type SupervisedRow,
  type Targets,
} from "./supervised.ts";
import { triggerLogits, triggerLora } from "./trigger.ts";
import { weaveBlocks } from "./weave_blocks.ts";
import { type AppendShape, weaveInTurn } from "./weave_in_turn.ts";
import type { MemgenBase } from "./weaver.ts";

/** Text alone, or with the memory that was in view. */
export type TriggerBatch = TextBatch | PrependBatch | AppendBatch;

/** A batch for a trigger that reads text only. */
export interface TextBatch {
  /** Tokens, `[B, T]`. */
  readonly ids: tf.Tensor2D;
  /** Decisions: what was decided, and where it was read off. */
  readonly targets: Targets;
}

/** A completion as the decisions that were taken in it. */
export function triggerRow({ promptIds, ids, augmentation }: {
  /** Tokens of its prompt. */
  readonly promptIds: readonly number[];
  /** Its tokens. */
  readonly ids: readonly number[];
  /** For each of them: whether memory went in before it; see `Generation`. */
  readonly augmentation: readonly number[];
}): SupervisedRow {
  return {
    ids: [...promptIds, ...ids],
    // `NOT_ASKED` is the label that is not learned.
    labels: [...promptIds.map(() => IGNORED_LABEL), ...augmentation],
    points: generatedPoints(promptIds.length, augmentation),
  };
}

/**
 * Packs rows of decisions; the caller owns the tensors.
 *
 * @throws {RangeError} If the rows do not fit the shape or the settings, or
 * hold no decision.
 */
export function packTrigger(
  rows: readonly SupervisedRow[],
  shape: AppendShape,
  config: MemgenConfig,
): TriggerBatch {
  const { length: T } = shape;
  if (config.triggerReads === "text") {
    return tidy(() => ({
      ids: packIds(rows, shape),
      targets: packTargets(rows, shape, (b, t) => b * T + t - 1),
    }));
  }
  if (config.insertion === "prepend") return packPrepend(rows, shape, config);
  const sizes = blockSizes(config, requirePoints(rows, shape, config));
  const length = T + sizes.reduce((sum, K) => sum + K);
  return tidy(() => ({
    ...packAppend(rows, shape, config),
    // At the token before the decision: what it inserts stands after that.
    targets: packTargets(
      rows,
      shape,
      (b, t) =>
        b * length + t - 1 + latentsBefore(rows[b].points, sizes, t - 1),
    ),
  }));
}

/**
 * Log-probability of each decision, `[P]`, in nats.
 *
 * @param modules The frozen ones: settings and weaver.
 * @param trigger The trigger's tensors, which get the gradient.
 * Source: trigger_grpo_trainer.py:69-99.
 */
export function triggerLogProbs(
  base: MemgenBase,
  modules: Pick<MemgenModules, "config" | "weaver">,
  trigger: NamedTensors,
  batch: TriggerBatch,
): tf.Tensor1D {
  requireNoDropout(modules.config.triggerLora);
  const hidden = readAsTrigger(base, modules, trigger, batch);
  const scores = triggerLogits(trigger, hidden.squeeze([0])); // [P, 2]
  const taken = tf.oneHot(batch.targets.ids, 2).toFloat();
  return scores.mul(taken).sum(-1).sub(scores.logSumExp(-1)) as tf.Tensor1D;
}

/** The trigger's hidden states at the decisions, `[1, P, D]`. */
function readAsTrigger(
  base: MemgenBase,
  { config, weaver }: Pick<MemgenModules, "config" | "weaver">,
  trigger: NamedTensors,
  batch: TriggerBatch,
): tf.Tensor3D {
  const { config: model, weights } = base;
  const { places } = batch.targets;
  const reader = { config: model, weights, lora: triggerLora(trigger, config) };
  if ("passes" in batch) {
    const latents = weaveInTurn(base, config, weaver, batch);
    return decodeSequence(reader, latents, batch, places);
  }
  if ("points" in batch) {
    const { ids, points } = batch;
    const latents = weaveBlocks(base, config, weaver, batch);
    // The reasoner reads token c - 1 with the block in view; the trigger read
    // it to decide, before there was a block.
    const isWritten = points.greater(PROMPT_SKIPPED).toInt();
    const later = points.add<tf.Tensor2D>(isWritten);
    return decodeWithMemory(reader, config, latents, {
      ids,
      points: later,
      places,
    });
  }
  const [B, T] = batch.ids.shape;
  const positions = tf.range(0, T, 1, "int32").expandDims(0);
  return decode(model, reader, {
    embeddings: embed(weights, batch.ids),
    positions: tf.tile(positions, [B, 1]) as tf.Tensor2D,
    places,
    mask: "causal",
  }).hidden;
}
