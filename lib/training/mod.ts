/**
 * Training: AdamW, learning-rate schedules, compiled steps.
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
export { cosineRate, type Schedule } from "./schedule.ts";
export {
  lossAndGradients,
  type LossFunction,
  makeTrainStep,
  type StepResult,
  type TrainStep,
} from "./train_step.ts";
