/** Supervised fine-tuning as the experiments run it. */
import { SFT_LORA_PREFIX, sftLoss } from "@/lib/baselines/mod.ts";
import {
  initializeLora,
  loadLora,
  loadWeights,
  loraToAdapter,
  mergeLora,
  type Model,
  saveWeights,
  writeLoraAdapter,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  type CausalBatch,
  causalLoss,
  type LabelledTokens,
  makeTrainStep,
  packCausal,
  type TrainedParameters,
  type TrainStep,
  trainSupervised,
} from "@/lib/training/mod.ts";
import {
  ADAPTER,
  adapterJson,
  type Method,
  scheduleOf,
  type TrainSettings,
  WARMUP_SHARE,
} from "@/experiments/methods/method.ts";
import {
  disposeTree,
  mapTensors,
  type NamedTensors,
} from "@/lib/tensorflow/mod.ts";

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
      trainOn(
        rows,
        step,
        settings.initial ?? initialAdapter(model, settings.seed),
        settings,
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

/**
 * SFT of all weights of a model, which stays as it is: what learns is a copy.
 * The seed is that of the order of examples alone.
 */
export function fullSftMethod({ config, weights }: Model): Method {
  const step = makeTrainStep<CausalBatch>(
    (parameters, batch) => causalLoss(config, { weights: parameters }, batch),
    { name: "full_sft_step", xla: "always" },
  );
  return {
    id: "full-sft",
    settings: { warmup: WARMUP_SHARE },
    train: (rows, settings) =>
      trainOn(
        rows,
        step,
        settings.initial ?? mapTensors(weights, (weight) => weight.clone()),
        settings,
      ),
    save: (folder, parameters) => {
      saveWeights(folder, config, parameters);
      return Promise.resolve();
    },
    load: (folder) => {
      const learned = loadWeights(folder, config);
      return Promise.resolve({
        view: { weights: learned },
        dispose: () => disposeTree(learned),
      });
    },
  };
}

/** Trains from `initial`, which is taken over, on worked answers. */
function trainOn(
  rows: readonly LabelledTokens[],
  step: TrainStep<CausalBatch>,
  initial: NamedTensors,
  settings: TrainSettings,
): Promise<TrainedParameters> {
  const { shape, seed, checkpoint, onStep } = settings;
  return trainSupervised<LabelledTokens, CausalBatch>(initial, {
    rows,
    batchSize: shape.rows,
    pack: (batch) => packCausal(batch, shape),
    step,
    schedule: scheduleOf(settings),
    seed,
    checkpoint,
    onStep,
  });
}

/** The adapter that a seed begins with; it changes nothing yet. */
export function initialAdapter({ config }: Model, seed: number): NamedTensors {
  const random = seededRandom("sft", seed);
  return initializeLora(config, ADAPTER, { prefix: SFT_LORA_PREFIX, random });
}
