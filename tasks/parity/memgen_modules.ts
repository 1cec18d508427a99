/** Weaver and trigger of a MemGen case, each in one pass over a prompt. */
import * as tf from "@tensorflow/tfjs";
import {
  causalMask,
  decode,
  type DecoderView,
  embed,
  type Model,
  toHost,
  toTensor,
} from "@/lib/models/mod.ts";
import {
  type MemgenModules,
  type QueryKind,
  toReasoner,
  toWeaver,
  triggerLogits,
  triggerLora,
  weaverLora,
  weaverQueries,
} from "@/lib/memgen/mod.ts";
import { type NamedTensors, tidy } from "@/lib/tensorflow/mod.ts";
import {
  type CaseResult,
  compareItems,
  compareTensors,
  toLists,
} from "@/tasks/parity/comparison.ts";
import type { MemgenCase } from "@/tasks/parity/expected_files.ts";

/** Share of the largest expected value by which ours may differ. */
const BOUND = 1e-3;

/** Settings, sizes, the weaver's hidden states and latents, trigger logits. */
export function checkModules(
  { model, modules, expected, tensors }: MemgenCase,
): CaseResult {
  const { config } = modules;
  const settings = [
    config.promptLatents,
    config.inferenceLatents,
    config.maxInferenceAugmentations,
    config.triggerActive,
  ];
  const trainable = countNumbers(modules.weaver);
  const found = tidy(() => {
    const prompt = toTensor(tensors.read("latent_prompt_ids"));
    const ids = prompt.expandDims(0) as tf.Tensor2D;
    return {
      ...weave(model, modules, "prompt", ids),
      ...weave(model, modules, "inference", ids),
      // An inactive trigger is never run.
      ...config.triggerActive && { trigger_logits: judge(model, modules, ids) },
    } as Record<string, tf.Tensor>;
  });
  const hosts = Object.entries(found).map(([name, tensor]) =>
    [name, toHost(tensor)] as const
  );
  tf.dispose(found);
  return {
    values: {
      prompt_latents_len: config.promptLatents,
      inference_latents_len: config.inferenceLatents,
      max_inference_aug_num: config.maxInferenceAugmentations,
      trigger_active: config.triggerActive,
      trainable_parameters: trainable,
      ...Object.fromEntries(
        hosts.map(([name, host]) => [name, toLists(host)]),
      ),
    },
    comparisons: [
      compareItems("settings", settings, [
        expected.promptLatentsLen,
        expected.inferenceLatentsLen,
        expected.maxInferenceAugNum,
        expected.triggerActive,
      ]),
      compareItems("trainable_parameters", [trainable], [
        expected.trainableParameters,
      ]),
      ...hosts.map(([name, host]) =>
        compareTensors(name, host, tensors.read(name), BOUND)
      ),
    ],
  };
}

/** Hidden states at the queries after a text, and the latents, `[K, D]`. */
function weave(
  { config: decoder, weights }: Model,
  { config, weaver }: MemgenModules,
  kind: QueryKind,
  ids: tf.Tensor2D,
): Record<string, tf.Tensor> {
  const queries = weaverQueries(weaver, kind).expandDims<tf.Tensor3D>(0);
  const [, K, D] = queries.shape;
  const T = ids.shape[1];
  const view: DecoderView = { weights, lora: weaverLora(weaver, config) };
  const { hidden } = decode(decoder, view, {
    embeddings: tf.concat([toWeaver(weaver, embed(weights, ids)), queries], 1),
    positions: positionsUpTo(T + K),
    mask: causalMask(T + K),
  });
  const last = hidden.slice([0, T, 0], [1, K, D]);
  return {
    [`${kind}_weaver_hidden`]: last.squeeze([0]),
    [`${kind}_latents`]: toReasoner(weaver, last).squeeze([0]),
  };
}

/** Scores of SKIP and INVOKE after each token of a text, `[T, 2]`. */
function judge(
  { config: decoder, weights }: Model,
  { config, trigger }: MemgenModules,
  ids: tf.Tensor2D,
): tf.Tensor2D {
  const T = ids.shape[1];
  const view: DecoderView = { weights, lora: triggerLora(trigger, config) };
  const { hidden } = decode(decoder, view, {
    embeddings: embed(weights, ids),
    positions: positionsUpTo(T),
    mask: causalMask(T),
  });
  return triggerLogits(trigger, hidden.squeeze([0]));
}

function positionsUpTo(length: number): tf.Tensor2D {
  return tf.range(0, length, 1, "int32").expandDims(0);
}

function countNumbers(tensors: NamedTensors): number {
  return Object.values(tensors).reduce((sum, { size }) => sum + size, 0);
}
