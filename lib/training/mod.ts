/**
 * Training: supervised rows, AdamW, learning-rate schedules, compiled steps.
 *
 * @module
 */
export {
  type AdamwOptions,
  adamwStep,
  globalNorm,
  initialState,
  type TrainingState,
} from "./adamw.ts";
export { type CausalBatch, causalLoss, packCausal } from "./causal.ts";
export { cosineRate, type Schedule } from "./schedule.ts";
export {
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
} from "./train_step.ts";
export {
  type SupervisedRun,
  type TrainedParameters,
  trainSupervised,
} from "./supervised_run.ts";
