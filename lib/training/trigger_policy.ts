/**
 * The trigger as a policy (section 4.2 and appendix C.3): reasoner and weaver
 * are frozen, decisions are sampled, and only decisions are learned.
 *
 * With a penalty of 0 the loss is the released code's
 * (trigger_grpo_trainer.py:240-290): GRPO's, over candidate positions.
 */
import {
  type AppendShape,
  type MemgenBase,
  type MemgenModules,
  packTrigger,
  type TriggerBatch,
  triggerLogProbs,
  triggerRow,
} from "../memgen/mod.ts";
import { type Memory, NOT_ASKED } from "../models/mod.ts";
import type { NamedTensors } from "../tensorflow/mod.ts";
import { groupAdvantages } from "./advantages.ts";
import type { Policy } from "./policy_learner.ts";
import {
  grpoObjective,
  type GrpoObjectiveOptions,
  type PolicyObjective,
} from "./policy_objective.ts";
import { penalizedRewards, type PenaltyOptions } from "./trigger_reward.ts";

/** Settings of a trigger's policy. */
export interface TriggerPolicyOptions
  extends Pick<Policy<never>, "temperature"> {
  /** Padded sizes of a micro-batch. */
  readonly shape: AppendShape;
  /**
   * Memory of rollouts in which a trigger with these parameters decides; its
   * decisions are sampled at temperature 1.
   */
  readonly memory: (trigger: NamedTensors) => Memory;
}

/**
 * The policy of a trigger.
 *
 * @param modules The frozen ones: settings and weaver.
 */
export function triggerPolicy(
  model: MemgenBase,
  modules: Pick<MemgenModules, "config" | "weaver">,
  { temperature, shape, memory }: TriggerPolicyOptions,
): Policy<TriggerBatch> {
  return {
    temperature,
    shape,
    apply: (trigger) => ({
      view: { weights: model.weights },
      memory: memory(trigger),
    }),
    row: triggerRow,
    layout: modules.config,
    pack: (rows) => packTrigger(rows, shape, modules.config),
    logProbs: (trigger, batch) =>
      triggerLogProbs(model, modules, trigger, batch),
  };
}

/** Settings of a trigger's training. */
export type TriggerObjectiveOptions =
  & GrpoObjectiveOptions
  & Pick<PenaltyOptions, "penalty">;

/**
 * GRPO of the trigger, its rewards less the penalty (eq. 8, 9, 18 to 20).
 *
 * Deviation: the divergence that `beta` weighs is from the trigger at the start
 * of the run, as released; appendix C.3 has that from the trigger before the
 * update, which is 0 with one update for each rollout.
 */
export function triggerObjective(
  { penalty, ...options }: TriggerObjectiveOptions,
): PolicyObjective {
  return {
    ...grpoObjective(options),
    advantages(rollouts, { groupSize }) {
      const judged = rollouts.map(({ reward, augmentation }) => ({
        reward,
        decisions: augmentation.filter((decision) => decision !== NOT_ASKED),
      }));
      const rewards = penalizedRewards(judged, { groupSize, penalty });
      return groupAdvantages(rewards, { ...options, groupSize });
    },
  };
}
