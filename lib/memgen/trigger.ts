/**
 * The trigger (eq. 4): a LoRA view of the base model that decides, at a
 * candidate position, whether to remember.
 *
 * A linear head on its last hidden state gives the scores of SKIP and INVOKE
 * (released, trigger.py:6-45) or, as in the paper, one score of INVOKE whose
 * sigmoid is the probability. As sigmoid(s) is the softmax over (0, s), all
 * that follows sees two scores.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type DecoderConfig,
  initializeLora,
  type Lora,
  loraView,
} from "../models/mod.ts";
import { type Random, uniforms } from "../random.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import type { MemgenConfig } from "./config.ts";

/** What the names of the trigger's LoRA factors begin with. */
export const TRIGGER_LORA_PREFIX = "trigger.lora.";

/** The trigger's adapter, for `decode`. */
export function triggerLora(
  parameters: NamedTensors,
  config: MemgenConfig,
): Lora {
  return loraView(parameters, TRIGGER_LORA_PREFIX, config.triggerLora);
}

/**
 * Scores of SKIP and INVOKE for hidden states `[N, D]`; shape `[N, 2]`. With a
 * sigmoid head, SKIP scores 0.
 */
export function triggerLogits(
  parameters: NamedTensors,
  hidden: tf.Tensor2D,
): tf.Tensor2D {
  const weight = parameters["trigger.output_layer.weight"] as tf.Tensor2D;
  const scores = tf.matMul(hidden, weight, false, true) // [N, 1 or 2]
    .add<tf.Tensor2D>(parameters["trigger.output_layer.bias"]);
  return scores.shape[1] === 2 ? scores : tf.pad(scores, [[0, 0], [1, 0]]);
}

/** Shape of every tensor of the trigger but its LoRA factors, by name. */
export function triggerShapes(
  model: DecoderConfig,
  { triggerHead }: Pick<MemgenConfig, "triggerHead">,
): Map<string, number[]> {
  const scores = triggerHead === "softmax" ? 2 : 1;
  return new Map([
    ["trigger.output_layer.weight", [scores, model.hiddenSize]],
    ["trigger.output_layer.bias", [scores]],
  ]);
}

/** A trigger before training; the caller owns the tensors. */
export function initializeTrigger(
  model: DecoderConfig,
  config: MemgenConfig,
  random: Random,
): NamedTensors {
  const parameters: Record<string, tf.Tensor> = {};
  const bound = 1 / Math.sqrt(model.hiddenSize);
  for (const [name, shape] of triggerShapes(model, config)) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    parameters[name] = tf.tensor(uniforms(random, size, bound), shape);
  }
  const prefix = TRIGGER_LORA_PREFIX;
  const lora = initializeLora(model, config.triggerLora, { prefix, random });
  return { ...parameters, ...lora };
}
