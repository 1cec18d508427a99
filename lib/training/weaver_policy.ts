/**
 * The weaver as a policy (eq. 10): the frozen reasoner samples with memory in
 * view, and only what writes the memory learns.
 */
import {
  type AppendBatch,
  appendLogProbs,
  type AppendShape,
  type FrozenModel,
  type MemgenConfig,
  packAppend,
  packPrepend,
  type PrependBatch,
  prependLogProbs,
} from "../memgen/mod.ts";
import type { Memory } from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import type { Policy } from "./policy_learner.ts";
import { completionRow } from "./rollouts.ts";

/** Settings of a weaver's policy. */
export interface WeaverPolicyOptions
  extends Pick<Policy<never>, "temperature"> {
  /** Padded sizes of a micro-batch. */
  readonly shape: AppendShape;
  /** Memory that a weaver with these parameters writes in rollouts. */
  readonly memory: (weaver: NamedTensors) => Memory;
}

/**
 * The policy of a weaver.
 *
 * Its log-probabilities are taken with memory where the rollout really had it.
 * Deviation: the released code inserts at the first delimiters of a completion,
 * which is the same as long as every delimiter gets memory
 * (weaver_grpo_trainer.py:92-137).
 */
export function weaverPolicy(
  model: FrozenModel,
  config: MemgenConfig,
  { temperature, shape, memory }: WeaverPolicyOptions,
): Policy<AppendBatch | PrependBatch> {
  return {
    temperature,
    shape,
    apply: (weaver) => ({
      view: { weights: model.weights },
      memory: memory(weaver),
    }),
    row: completionRow,
    layout: config,
    pack: (rows) =>
      config.insertion === "append"
        ? packAppend(rows, shape, config)
        : packPrepend(rows, shape, config),
    logProbs: (weaver, batch) =>
      "passes" in batch
        ? appendLogProbs(model, config, weaver, batch, temperature)
        : prependLogProbs(model, config, weaver, batch, temperature),
  };
}
