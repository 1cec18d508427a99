/**
 * The model itself as a policy, through a LoRA adapter: GRPO, REINFORCE and
 * REINFORCE++ without memory. The adapter is that of SFT, so that all methods
 * have the same budget; the paper does not say what its baselines train.
 */
import type { BatchShape, FrozenModel } from "../memgen/mod.ts";
import {
  type DecoderView,
  type LoraConfig,
  loraView,
  requireNoDropout,
} from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import {
  type CausalBatch,
  causalLogProbs,
  completionRow,
  packCausal,
  type Policy,
} from "../training/mod.ts";
import { SFT_LORA_PREFIX } from "./sft.ts";

/** The policy of an adapter with the names of SFT's. */
export function adapterPolicy(
  { config, weights }: FrozenModel,
  settings: LoraConfig,
  { temperature, shape }: {
    /** See `Policy`. */
    readonly temperature: number;
    /** See `Policy`. */
    readonly shape: BatchShape;
  },
): Policy<CausalBatch> {
  requireNoDropout(settings);
  const view = (parameters: NamedTensors): DecoderView => ({
    weights,
    lora: loraView(parameters, SFT_LORA_PREFIX, settings),
  });
  return {
    temperature,
    shape,
    apply: (parameters) => ({ view: view(parameters) }),
    row: completionRow,
    // Without memory nothing keeps turns apart.
    layout: { memoryScope: "episode", maxInferenceAugmentations: 0 },
    pack: (rows) => packCausal(rows, shape),
    logProbs: (parameters, batch) =>
      causalLogProbs(config, view(parameters), batch, temperature),
  };
}
