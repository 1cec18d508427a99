/**
 * A training run: steps one after another, saved as they are taken, so that a
 * run that was stopped goes on to the same weights as one that was not.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { disposeTree, type NamedTensors } from "../tensorflow/mod.ts";
import { initialState, type TrainingState } from "./adamw.ts";
import type { Progress, StepMetrics } from "./run_checkpoint.ts";
import { RunFolder, type RunFolderOptions } from "./run_folder.ts";

/** What a step makes of the state. */
export interface RunStep {
  /** The new state. */
  readonly state: TrainingState;
  /** What is logged of the step. */
  readonly metrics: StepMetrics;
}

/** Settings of a run. */
export interface Run {
  /** Steps, those of earlier processes included. */
  readonly totalSteps: number;
  /**
   * Takes step `index`, from 0: frees `state` and returns the next one, or
   * throws and leaves `state` alone. What it does may depend on `state`,
   * `index` and `before`, the metrics of all steps so far; nothing else
   * outlives a process.
   */
  readonly step: (
    state: TrainingState,
    index: number,
    before: readonly StepMetrics[],
  ) => RunStep | Promise<RunStep>;
  /** Where the run is saved and goes on from. None: it is not saved. */
  readonly checkpoint?: RunFolderOptions;
  /** Called after every step; what it throws ends the run. */
  readonly onStep?: (index: number, metrics: StepMetrics) => void;
}

/** What a run leaves behind. */
export interface TrainedParameters {
  /** Parameters after the last step; the caller owns them. */
  readonly parameters: NamedTensors;
  /** Of every step. */
  readonly metrics: readonly StepMetrics[];
}

/**
 * Trains from `initial`, which is taken over, or goes on from the checkpoint.
 *
 * The state is saved every so many steps, after the last one, and where a step
 * or `onStep` throws, so that only a process that is killed loses steps.
 * Between steps other work of the process gets its turn.
 *
 * @throws {RangeError} If `totalSteps` or `saveEvery` is out of range.
 * @throws {Error} If the checkpoint is damaged, or of a run with other
 * settings; or if the run cannot be saved.
 * @throws What a step and `onStep` throw; within an `AggregateError` if the
 * run could then not be saved either.
 */
export async function train(
  initial: NamedTensors,
  { totalSteps, step, checkpoint, onStep }: Run,
): Promise<TrainedParameters> {
  if (!Number.isInteger(totalSteps) || totalSteps < 0) {
    disposeTree(initial);
    throw new RangeError(
      `Cannot train as 'totalSteps' must be an integer of at least 0: current value is ${totalSteps}`,
    );
  }
  let progress: Progress = { state: initialState(initial), metrics: [] };
  try {
    using folder = checkpoint && new RunFolder(checkpoint, totalSteps);
    const saved = folder?.open(progress.state);
    if (saved !== undefined) {
      disposeTree(progress.state);
      progress = saved;
    }
    while (progress.metrics.length < totalSteps) {
      try {
        const { state, metrics: before } = progress;
        const index = before.length;
        const taken = await step(state, index, before);
        progress = { state: taken.state, metrics: [...before, taken.metrics] };
        folder?.log(index, taken.metrics);
        onStep?.(index, taken.metrics);
      } catch (error) {
        saveAfter(error, () => folder?.save(progress));
        throw error;
      }
      folder?.saveIfDue(progress);
      await nextTurn();
    }
  } catch (error) {
    disposeTree(progress.state);
    throw error;
  }
  const { state, metrics } = progress;
  disposeTree([state.means, state.squares]);
  return { parameters: state.parameters, metrics };
}

/** @throws {AggregateError} Of the error and that of `save`, if it throws. */
function saveAfter(error: unknown, save: () => void): void {
  try {
    save();
  } catch (unsaved) {
    const messages = [error, unsaved].map((each) =>
      each instanceof Error ? each.message : `${each}`
    );
    throw new AggregateError([error, unsaved], messages.join("; and "));
  }
}
