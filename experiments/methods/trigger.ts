/** The trigger's training as the experiments run it: the weaver is frozen. */
import {
  compileMemgen,
  disposeMemgen,
  initializeTrigger,
  loadMemgen,
  MemgenMemory,
  type MemgenModules,
  saveMemgen,
} from "@/lib/memgen/mod.ts";
import type { Model } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  triggerObjective,
  type TriggerObjectiveOptions,
  triggerPolicy,
} from "@/lib/training/mod.ts";
import { adapterJson } from "@/experiments/methods/method.ts";
import {
  type PolicyMethod,
  policyMethod,
  policyShape,
  type PolicySizes,
  RELEASED_GRPO,
} from "@/experiments/methods/policies.ts";

/**
 * As released for GSM8K, with the paper's penalty, whose lambda it does not
 * give: twenty insertions too many cost a right answer. Rewards are not scaled:
 * see results/LOG.md.
 */
export const TRIGGER_GRPO: TriggerObjectiveOptions = {
  ...RELEASED_GRPO,
  scaleRewards: false,
  penalty: 0.05,
};

/**
 * The trigger of trained modules: what it saves is the whole checkpoint, with
 * the trigger active.
 *
 * @param modules The frozen ones; the caller keeps owning them.
 */
export function triggerMethod(
  model: Model,
  { weaver, ...modules }: Pick<MemgenModules, "config" | "weaver">,
  sizes: PolicySizes,
  objective: TriggerObjectiveOptions = TRIGGER_GRPO,
): PolicyMethod {
  const config = { ...modules.config, triggerActive: true };
  const functions = compileMemgen(model.config, "always");
  const policy = triggerPolicy(model, { config, weaver }, {
    temperature: sizes.temperature,
    shape: policyShape(sizes),
    memory: (trigger) =>
      new MemgenMemory(model, { config, weaver, trigger }, {
        functions,
        sampleDecisions: { temperature: 1 },
      }),
  });
  return policyMethod(model, policy, sizes, {
    id: `trigger-${config.insertion}`,
    objective: triggerObjective(objective),
    settings: { ...objective },
    initial: (seed) =>
      initializeTrigger(model.config, config, seededRandom("trigger", seed)),
    format: {
      settings: {
        ...config,
        weaverLora: adapterJson(config.weaverLora),
        triggerLora: adapterJson(config.triggerLora),
      },
      save: (folder, trigger) =>
        saveMemgen(folder, model.config, { config, weaver, trigger }),
      async load(folder) {
        const loaded = await loadMemgen(folder, model.config);
        return {
          view: { weights: model.weights },
          memory: new MemgenMemory(model, loaded, { functions }),
          dispose: () => disposeMemgen(loaded),
        };
      },
    },
  });
}
