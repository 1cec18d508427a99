/** Small policies for tests: a weaver, or an adapter, of a random model. */
import { adapterPolicy, SFT_LORA_PREFIX } from "@/lib/baselines/mod.ts";
import {
  compileMemgen,
  type MemgenConfig,
  MemgenMemory,
} from "@/lib/memgen/mod.ts";
import { Generator, initializeLora, type Model } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  type Policy,
  PolicyLearner,
  type PolicyObjective,
  type PolicyRun,
  type TrainStepOptions,
  triggerPolicy,
  weaverPolicy,
} from "@/lib/training/mod.ts";
import {
  memgenConfig,
  randomModules,
  tinyModel,
} from "@/tests/memgen/tiny_memgen.ts";

/** Tokens of a completion, at most. */
export const MAX_NEW_TOKENS = 6;
/** Prompts of up to four tokens. */
export const PROMPTS = [[3, 24, 5], [7], [11, 2, 25, 13], [4, 25]];
/** Room for four of them with their completions. */
export const SHAPE = {
  rows: 4,
  length: 10,
  targets: 24,
  prompt: 4,
  segment: 6,
};

/** A policy with what it needs to sample. */
export interface TinyPolicy {
  readonly model: Model;
  readonly policy: Policy<unknown>;
  /** Parameters before training; each call makes them anew. */
  initial(): NamedTensors;
  dispose(): void;
}

/** A model whose rows end at different times. */
function endingModel(): Model {
  const tiny = tinyModel("qwen2", 1);
  const config = { ...tiny.config, eosTokenIds: [2, 7, 11, 23, 31, 38] };
  return { ...tiny, config };
}

/** The weaver of random modules. */
export function tinyWeaverPolicy(
  changes: Partial<MemgenConfig> = {},
  temperature: number = 0.9,
): TinyPolicy {
  const model = endingModel();
  const config = memgenConfig(changes);
  const { weaver: parameters, trigger } = randomModules(model, config, 2);
  disposeTree(parameters);
  const functions = compileMemgen(model.config, "never");
  return {
    model,
    policy: weaverPolicy(model, config, {
      temperature,
      shape: SHAPE,
      memory: (weaver) =>
        new MemgenMemory(model, { config, weaver, trigger }, { functions }),
    }) as Policy<unknown>,
    initial() {
      const { weaver, trigger } = randomModules(model, config, 2);
      disposeTree(trigger);
      return weaver;
    },
    dispose() {
      const { weave, trigger: decide } = functions;
      for (const fn of [weave.prompt, weave.inference, decide]) fn.dispose();
      disposeTree([trigger, model.weights]);
    },
  };
}

/** The trigger of random modules. */
export function tinyTriggerPolicy(
  changes: Partial<MemgenConfig> = {},
  temperature: number = 1,
): TinyPolicy {
  const model = endingModel();
  const config = memgenConfig({ triggerActive: true, ...changes });
  const { weaver, trigger: parameters } = randomModules(model, config, 2);
  disposeTree(parameters);
  const functions = compileMemgen(model.config, "never");
  return {
    model,
    policy: triggerPolicy(model, { config, weaver }, {
      temperature,
      shape: SHAPE,
      memory: (trigger) =>
        new MemgenMemory(model, { config, weaver, trigger }, {
          functions,
          sampleDecisions: { temperature: 1 },
        }),
    }) as Policy<unknown>,
    initial() {
      const { weaver, trigger } = randomModules(model, config, 2);
      disposeTree(weaver);
      return trigger;
    },
    dispose() {
      const { weave, trigger: decide } = functions;
      for (const fn of [weave.prompt, weave.inference, decide]) fn.dispose();
      disposeTree([weaver, model.weights]);
    },
  };
}

/** An adapter that changes nothing yet. */
export function tinyAdapterPolicy(): TinyPolicy {
  const model = endingModel();
  const settings = {
    rank: 4,
    alpha: 8,
    dropout: 0,
    targetModules: ["q_proj", "v_proj"],
    bias: "none",
  } as const;
  const options = { temperature: 1, shape: SHAPE };
  return {
    model,
    policy: adapterPolicy(model, settings, options) as Policy<unknown>,
    initial: () =>
      initializeLora(model.config, settings, {
        prefix: SFT_LORA_PREFIX,
        random: seededRandom("tiny adapter"),
      }),
    dispose: () => disposeTree(model.weights),
  };
}

/** Runs `use` with a learner and the settings of a short run. */
export async function withPolicy(
  tiny: TinyPolicy,
  objective: PolicyObjective,
  use: (run: PolicyRun<unknown>) => unknown,
  options: Partial<TrainStepOptions> = {},
): Promise<void> {
  const generator = new Generator(tiny.model, "never");
  const learner = new PolicyLearner(tiny.policy, objective, {
    name: "tiny_policy",
    xla: "never",
    ...options,
  });
  try {
    await use({
      learner,
      generator,
      eosTokenIds: tiny.model.config.eosTokenIds,
      prompts: PROMPTS,
      promptsPerStep: 2,
      groupSize: 4,
      maxNewTokens: MAX_NEW_TOKENS,
      batchSize: 8,
      schedule: { peakRate: 1e-2, warmupSteps: 0, totalSteps: 3 },
      seed: 0,
      // Short ones.
      reward: (_, ids) => 1 / ids.length,
    });
  } finally {
    learner.dispose();
    generator.dispose();
    tiny.dispose();
  }
}
