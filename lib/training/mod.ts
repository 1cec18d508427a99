/**
 * Training: supervised rows, policies from groups of rollouts, AdamW,
 * learning-rate schedules, compiled steps.
 *
 * @module
 */
export {
  inMicroBatches,
  makeAccumulatedStep,
  makeSummedStep,
  type SupervisedBatch,
} from "./accumulation.ts";
export {
  type AdamwOptions,
  adamwStep,
  globalNorm,
  initialState,
  type TrainingState,
} from "./adamw.ts";
export { type AdvantageOptions, groupAdvantages } from "./advantages.ts";
export { batchOrder } from "./batch_order.ts";
export {
  type CausalBatch,
  causalLogProbs,
  causalLoss,
  packCausal,
} from "./causal.ts";
export type { Environment, EnvironmentStep } from "./environment.ts";
export { type EpisodeRun, trainInEpisodes } from "./episode_run.ts";
export {
  type Episode,
  type EpisodeTurn,
  playEpisodes,
  type PlayOptions,
} from "./episodes.ts";
export {
  grpoLoss,
  type GrpoOptions,
  type PolicyStatistics,
  policyStatistics,
  type PolicyTokens,
} from "./grpo.ts";
export {
  type Completion,
  LOSS_TYPES,
  type LossType,
  packTokens,
  type ShareOptions,
  tokenShares,
} from "./policy_batch.ts";
export { type Policy, PolicyLearner } from "./policy_learner.ts";
export {
  type AdvantageContext,
  grpoObjective,
  type GrpoObjectiveOptions,
  type MeasuredRollout,
  type PolicyObjective,
} from "./policy_objective.ts";
export { type PolicyRun, trainPolicy } from "./policy_run.ts";
export {
  normalizedReturns,
  reinforceLoss,
  reinforceObjective,
  type ReinforceOptions,
  reinforcePlusPlusObjective,
  type ReinforcePlusPlusOptions,
  rewardBaseline,
} from "./reinforce.ts";
export {
  type RolloutRequest,
  rolloutRows,
  type RolloutRun,
  trainFromRollouts,
} from "./rollout_run.ts";
export {
  completionRow,
  type RewardFunction,
  type Rollout,
  rollOut,
  type RollOutOptions,
  type RolloutTurn,
} from "./rollouts.ts";
export {
  type Run,
  type RunStep,
  train,
  type TrainedParameters,
} from "./run.ts";
export type { StepMetrics } from "./run_checkpoint.ts";
export type { RunFolderOptions } from "./run_folder.ts";
export { cosineRate, type Schedule } from "./schedule.ts";
export {
  conversationRow,
  type LabelledTokens,
  maskAssistantHeader,
  supervisedRow,
} from "./supervised_rows.ts";
export {
  lossAndGradients,
  type LossFunction,
  makeTrainStep,
  type StepResult,
  takeStep,
  type TrainStep,
  type TrainStepOptions,
} from "./train_step.ts";
export { type SupervisedRun, trainSupervised } from "./supervised_run.ts";
export { weaverPolicy, type WeaverPolicyOptions } from "./weaver_policy.ts";
export {
  triggerObjective,
  type TriggerObjectiveOptions,
  triggerPolicy,
  type TriggerPolicyOptions,
} from "./trigger_policy.ts";
export {
  highRewardRate,
  type JudgedCompletion,
  penalizedRewards,
  type PenaltyOptions,
} from "./trigger_reward.ts";
