/**
 * The methods that learn from their own completions: MemGen GRPO, and GRPO,
 * REINFORCE and REINFORCE++ of the model itself.
 */
import { adapterPolicy } from "@/lib/baselines/mod.ts";
import {
  type Benchmark,
  encodePrompt,
  type Task,
  taskReward,
} from "@/lib/benchmarks/mod.ts";
import {
  type AppendShape,
  compileMemgen,
  type MemgenConfig,
  MemgenMemory,
} from "@/lib/memgen/mod.ts";
import { Generator, type Model } from "@/lib/models/mod.ts";
import type { NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  grpoObjective,
  type GrpoObjectiveOptions,
  type Policy,
  PolicyLearner,
  type PolicyObjective,
  type PolicyRun,
  reinforceObjective,
  reinforcePlusPlusObjective,
  type TrainedParameters,
  trainPolicy,
  weaverPolicy,
} from "@/lib/training/mod.ts";
import { initialWeaver, memgenMethod } from "@/experiments/methods/memgen.ts";
import {
  ADAPTER,
  type Method,
  type RunSettings,
  scheduleOf,
} from "@/experiments/methods/method.ts";
import { initialAdapter, sftMethod } from "@/experiments/methods/sft.ts";

/** Sizes of a policy's steps. */
export interface PolicySizes {
  /** Prompts of a step. */
  readonly promptsPerStep: number;
  /** G: completions of a prompt. */
  readonly groupSize: number;
  /** Tokens of a prompt, at most. */
  readonly promptLength: number;
  /** Tokens of a completion, at most. */
  readonly maxNewTokens: number;
  /** Completions sampled at once. */
  readonly rolloutBatch: number;
  /** Completions learned from at once. */
  readonly microBatch: number;
  /** Of sampling. */
  readonly temperature: number;
}

/** Learns from rewards; its compiled functions serve many runs. */
export interface PolicyMethod extends Omit<Method, "train"> {
  /** Trains; the caller owns the parameters. */
  train(
    benchmark: Benchmark,
    tasks: readonly Task[],
    settings: RunSettings,
  ): Promise<TrainedParameters>;
}

/** MemGen GRPO: the weaver learns, memory is always inserted. */
export function memgenGrpoMethod(
  model: Model,
  memgen: MemgenConfig,
  sizes: PolicySizes,
  grpo: GrpoObjectiveOptions = RELEASED_GRPO,
): PolicyMethod {
  const functions = compileMemgen(model.config, "always");
  const supervised = memgenMethod(model, memgen);
  const policy = weaverPolicy(model, memgen, {
    temperature: sizes.temperature,
    shape: policyShape(sizes),
    memory: (weaver) =>
      // Without an active trigger nothing reads it.
      new MemgenMemory(
        model,
        { config: memgen, weaver, trigger: {} },
        { functions },
      ),
  });
  return policyMethod(model, policy, sizes, {
    format: supervised,
    id: `memgen-grpo-${memgen.insertion}`,
    objective: grpoObjective(grpo),
    settings: { ...grpo },
    initial: (seed) => initialWeaver(model, memgen, seed),
  });
}

/** GRPO of an adapter. */
export function grpoMethod(
  model: Model,
  sizes: PolicySizes,
  grpo: GrpoObjectiveOptions = RELEASED_GRPO,
): PolicyMethod {
  return adapterMethod(model, sizes, {
    id: "grpo",
    objective: grpoObjective(grpo),
    settings: { ...grpo },
  });
}

/** REINFORCE of an adapter. */
export function reinforceMethod(
  model: Model,
  sizes: PolicySizes,
): PolicyMethod {
  const objective = reinforceObjective();
  return adapterMethod(model, sizes, { id: "reinforce", objective });
}

/** REINFORCE++ of an adapter. */
export function reinforcePlusPlusMethod(
  model: Model,
  sizes: PolicySizes,
): PolicyMethod {
  const objective = reinforcePlusPlusObjective();
  return adapterMethod(model, sizes, { id: "reinforce-plus-plus", objective });
}

/** GRPO as released for GSM8K: no reference policy, one update a rollout. */
export const RELEASED_GRPO: GrpoObjectiveOptions = {
  lossType: "bnpo",
  scaleRewards: true,
};

/** What a method adds of its own. */
export interface Variant {
  /** See `Method`. */
  readonly id: string;
  /** How it learns. */
  readonly objective: PolicyObjective;
  /** Besides those of the format and the sizes. */
  readonly settings?: PolicyMethod["settings"];
}

function adapterMethod(
  model: Model,
  sizes: PolicySizes,
  variant: Variant,
): PolicyMethod {
  const policy = adapterPolicy(model, ADAPTER, {
    temperature: sizes.temperature,
    shape: policyShape(sizes),
  });
  return policyMethod(model, policy, sizes, {
    ...variant,
    format: sftMethod(model),
    initial: (seed) => initialAdapter(model, seed),
  });
}

/** A method that trains a policy; its functions are compiled once. */
export function policyMethod<Batch>(
  model: Model,
  policy: Policy<Batch>,
  sizes: PolicySizes,
  { id, format, objective, settings, initial }: Variant & {
    /** Saves and loads the parameters. */
    readonly format: Pick<Method, "settings" | "save" | "load">;
    /** What a seed begins with. */
    readonly initial: (seed: number) => NamedTensors;
  },
): PolicyMethod {
  const { tokenizer, config: { eosTokenIds } } = model;
  const generator = new Generator(model, "always");
  const learner = new PolicyLearner(policy, objective, {
    name: id.replaceAll("-", "_"),
    xla: "always",
  });
  return {
    id,
    settings: { ...format.settings, ...settings, ...sizes },
    save: format.save,
    load: format.load,
    train(benchmark, tasks, settings) {
      const { seed, checkpoint, onStep } = settings;
      const run: PolicyRun<Batch> = {
        learner,
        generator,
        eosTokenIds,
        prompts: tasks.map(({ messages }) => encodePrompt(tokenizer, messages)),
        reward: taskReward(benchmark, tasks, tokenizer),
        promptsPerStep: sizes.promptsPerStep,
        groupSize: sizes.groupSize,
        maxNewTokens: sizes.maxNewTokens,
        batchSize: sizes.rolloutBatch,
        schedule: scheduleOf(settings),
        seed,
        checkpoint,
        onStep,
      };
      return trainPolicy(settings.initial ?? initial(seed), run);
    },
  };
}

/** Sizes that every micro-batch fits into. */
export function policyShape(
  { promptLength, maxNewTokens, microBatch }: PolicySizes,
): AppendShape {
  return {
    rows: microBatch,
    length: promptLength + maxNewTokens,
    targets: microBatch * maxNewTokens,
    prompt: promptLength,
    segment: maxNewTokens,
  };
}
