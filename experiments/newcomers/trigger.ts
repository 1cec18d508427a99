/** Triggers of the newcomers' world, trained on groups of their own answers. */
import {
  type compileMemgen,
  loadMemgen,
  MemgenMemory,
  type MemgenModules,
  saveMemgen,
  type TriggerBatch,
} from "@/lib/memgen/mod.ts";
import type { Generator, Model } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  PolicyLearner,
  type StepMetrics,
  trainPolicy,
  triggerObjective,
  triggerPolicy,
} from "@/lib/training/mod.ts";
import {
  ANSWER_BATCH,
  ANSWER_TOKENS,
  GROUP_SIZE,
  NEWCOMERS_MEMGEN as MEMGEN,
  type NewcomersSizes,
  RATES,
  scheduleOf,
  triggerShape,
} from "@/experiments/newcomers/settings.ts";
import {
  drawPeople,
  questionText,
  rightShare,
} from "@/experiments/newcomers/world.ts";

/** What answers: a reasoner, with functions that serve all of its memories. */
export interface Answering {
  /** The reasoner. */
  readonly model: Model;
  /** Its compiled functions. */
  readonly generator: Generator;
  /** MemGen's compiled functions. */
  readonly functions: ReturnType<typeof compileMemgen>;
}

/** How a trigger is trained. */
export interface TriggerTraining {
  /** Folder of the weaver, and of the trigger to begin with. */
  readonly from: string;
  /** Sizes of the study. */
  readonly sizes: NewcomersSizes;
  /** Of the questions and of what is drawn for the answers. */
  readonly seed: number;
  /** Lambda of eq. 8. */
  readonly penalty: number;
  /** Called after each step: how far, from 0 to 1. */
  readonly onFraction: (fraction: number) => void;
}

/**
 * Trains a trigger and saves it with its weaver.
 *
 * @returns Metrics of every step.
 */
export async function trainNewcomersTrigger(
  folder: string,
  answering: Answering,
  { from, sizes, seed, penalty, onFraction }: TriggerTraining,
): Promise<readonly StepMetrics[]> {
  const { triggerSteps: steps, promptsPerStep } = sizes;
  const { config, tokenizer } = answering.model;
  const modules = await loadMemgen(from, config);
  const { weaver } = modules;
  const learner = triggerLearner(answering, modules, { sizes, penalty });
  const random = seededRandom("newcomers", "questions", seed);
  const asked = Array.from(
    { length: steps * promptsPerStep },
    () => drawPeople(random, "train"),
  );
  const { parameters: trigger, metrics } = await trainPolicy(modules.trigger, {
    learner,
    generator: answering.generator,
    eosTokenIds: config.eosTokenIds,
    prompts: asked.map((people) => tokenizer.encode(questionText(people))),
    reward: (prompt, ids) =>
      rightShare(tokenizer.decode([...ids]), asked[prompt]),
    promptsPerStep,
    groupSize: GROUP_SIZE,
    maxNewTokens: ANSWER_TOKENS,
    batchSize: ANSWER_BATCH,
    schedule: scheduleOf(RATES.trigger, steps),
    seed,
    onStep: (index) => onFraction(index / steps),
  });
  learner.dispose();
  await saveMemgen(folder, config, { config: MEMGEN, weaver, trigger });
  disposeTree([weaver, trigger]);
  return metrics;
}

function triggerLearner(
  { model, functions }: Answering,
  { config, weaver }: MemgenModules,
  { sizes, penalty }: Pick<TriggerTraining, "sizes" | "penalty">,
): PolicyLearner<TriggerBatch> {
  const policy = triggerPolicy(model, { config, weaver }, {
    temperature: 1,
    shape: triggerShape(sizes),
    memory: (trigger) =>
      new MemgenMemory(model, { config, weaver, trigger }, {
        functions,
        decide: "trigger",
        sampleDecisions: { temperature: 1 },
      }),
  });
  const objective = triggerObjective({
    lossType: "grpo",
    // Deviation from C.3: divided by its deviation, a group of equal rewards,
    // as most are in the end, would weigh the penalty alone, whatever lambda.
    scaleRewards: false,
    penalty,
  });
  return new PolicyLearner(policy, objective, {
    name: "newcomers_trigger",
    xla: sizes.xla,
  });
}
