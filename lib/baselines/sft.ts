/**
 * Supervised fine-tuning: the model itself learns, through a LoRA adapter.
 *
 * The paper does not say whether its SFT trains all weights or an adapter;
 * here the adapter has the weaver's rank and targets, so that both methods
 * have the same budget. SFT of all weights needs no loss of its own: it is
 * `causalLoss` with the weights as parameters.
 */
import type * as tf from "@tensorflow/tfjs";
import type { FrozenModel } from "../memgen/mod.ts";
import { type LoraConfig, loraView, requireNoDropout } from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import { type CausalBatch, causalLoss } from "../training/mod.ts";

/** What the names of the adapter's factors begin with. */
export const SFT_LORA_PREFIX = "sft.lora.";

/** Cross-entropy of a batch; the adapter's factors get the gradient. */
export function sftLoss(
  { config, weights }: FrozenModel,
  settings: LoraConfig,
  parameters: NamedTensors,
  batch: CausalBatch,
): tf.Scalar {
  requireNoDropout(settings);
  const lora = loraView(parameters, SFT_LORA_PREFIX, settings);
  return causalLoss(config, { weights, lora }, batch);
}
