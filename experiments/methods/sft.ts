/** Supervised fine-tuning as the experiments run it. */
import { SFT_LORA_PREFIX, sftLoss } from "@/lib/baselines/mod.ts";
import {
  initializeLora,
  loadLora,
  loraToAdapter,
  mergeLora,
  type Model,
  writeLoraAdapter,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  type CausalBatch,
  type LabelledTokens,
  makeTrainStep,
  packCausal,
  trainSupervised,
} from "@/lib/training/mod.ts";
import {
  ADAPTER,
  adapterJson,
  type Method,
  WARMUP_SHARE,
} from "@/experiments/methods/method.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";

/** SFT of a model: a LoRA adapter, merged into the weights to answer. */
export function sftMethod(model: Model): Method {
  const { config, weights } = model;
  const step = makeTrainStep<CausalBatch>(
    (parameters, batch) =>
      sftLoss({ config, weights }, ADAPTER, parameters, batch),
    { name: "sft_step", xla: "always" },
  );
  return {
    id: "sft",
    settings: { adapter: adapterJson(ADAPTER), warmup: WARMUP_SHARE },
    train: (rows, settings) =>
      trainSupervised<LabelledTokens, CausalBatch>(
        settings.initial ?? initialAdapter(model, settings.seed),
        {
          rows,
          batchSize: settings.shape.rows,
          pack: (batch) => packCausal(batch, settings.shape),
          step,
          schedule: {
            peakRate: settings.peakRate,
            warmupSteps: Math.round(WARMUP_SHARE * settings.steps),
            totalSteps: settings.steps,
          },
          seed: settings.seed,
          checkpoint: settings.checkpoint,
          onStep: settings.onStep,
        },
      ),
    save: (folder, parameters) => {
      const adapter = loraToAdapter(parameters, SFT_LORA_PREFIX, ADAPTER);
      writeLoraAdapter(folder, adapter);
      return Promise.resolve();
    },
    load: (folder) => {
      const lora = loadLora(folder, config);
      const merged = mergeLora(weights, lora);
      const own = Object.fromEntries(
        Object.entries(merged)
          .filter(([name, tensor]) => tensor !== weights[name]),
      );
      disposeTree(lora.modules);
      return Promise.resolve({
        view: { weights: merged },
        dispose: () => disposeTree(own),
      });
    },
  };
}

/** The adapter that a seed begins with; it changes nothing yet. */
export function initialAdapter({ config }: Model, seed: number): NamedTensors {
  const random = seededRandom("sft", seed);
  return initializeLora(config, ADAPTER, { prefix: SFT_LORA_PREFIX, random });
}
