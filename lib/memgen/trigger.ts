/**
 * The trigger (eq. 4): a LoRA view of the base model that decides, at a
 * candidate position, whether to remember.
 *
 * As released: it reads token ids, and a linear head on its last hidden state
 * gives the scores of SKIP and INVOKE. Source: trigger.py:6-45.
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

/** Scores of SKIP and INVOKE for hidden states `[N, D]`; shape `[N, 2]`. */
export function triggerLogits(
  parameters: NamedTensors,
  hidden: tf.Tensor2D,
): tf.Tensor2D {
  const weight = parameters["trigger.output_layer.weight"] as tf.Tensor2D;
  return tf.matMul(hidden, weight, false, true)
    .add(parameters["trigger.output_layer.bias"]);
}

/** Shape of every tensor of the trigger but its LoRA factors, by name. */
export function triggerShapes(model: DecoderConfig): Map<string, number[]> {
  return new Map([
    ["trigger.output_layer.weight", [2, model.hiddenSize]],
    ["trigger.output_layer.bias", [2]],
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
  for (const [name, shape] of triggerShapes(model)) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    parameters[name] = tf.tensor(uniforms(random, size, bound), shape);
  }
  const prefix = TRIGGER_LORA_PREFIX;
  const lora = initializeLora(model, config.triggerLora, { prefix, random });
  return { ...parameters, ...lora };
}
