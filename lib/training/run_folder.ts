/** The folder of a run: its checkpoint and its logs. */
import { join } from "node:path";
import { currentPrecision } from "../tensorflow/mod.ts";
import type { TrainingState } from "./adamw.ts";
import { MetricLog } from "./metric_log.ts";
import {
  type Progress,
  readCheckpoint,
  type StepMetrics,
  writeCheckpoint,
} from "./run_checkpoint.ts";

const CHECKPOINT_FILE = "checkpoint.safetensors";

/** Where and when a run is saved. */
export interface RunFolderOptions {
  /** Folder of this run alone. */
  readonly folder: string;
  /** Steps between two saves. */
  readonly saveEvery: number;
  /**
   * All that the weights depend on, as plain data: a checkpoint of other
   * settings is refused. The number of steps and the precision are added.
   */
  readonly settings: object;
}

/** The folder of a run. */
export class RunFolder implements Disposable {
  readonly #options: RunFolderOptions;
  readonly #totalSteps: number;
  #log: MetricLog | undefined;

  /** @throws {RangeError} If `saveEvery` is not an integer of at least 1. */
  constructor(options: RunFolderOptions, totalSteps: number) {
    const { saveEvery } = options;
    if (!Number.isInteger(saveEvery) || saveEvery < 1) {
      throw new RangeError(
        `Cannot save a run as 'saveEvery' must be an integer of at least 1: current value is ${saveEvery}`,
      );
    }
    this.#options = options;
    this.#totalSteps = totalSteps;
  }

  /**
   * Makes the folder, or reads where its run stands, and opens the logs.
   *
   * @param like A state with the same names and shapes.
   * @returns Nothing if the run is new.
   * @throws What `readCheckpoint` does, but for a missing file.
   */
  open(like: TrainingState): Progress | undefined {
    const { folder } = this.#options;
    Deno.mkdirSync(folder, { recursive: true });
    const progress = this.#read(like);
    this.#log = new MetricLog(folder, progress?.metrics ?? []);
    return progress;
  }

  /** Logs a step. */
  log(index: number, metrics: StepMetrics): void {
    this.#log!.write(index, metrics);
  }

  /** Saves the run. */
  save(progress: Progress): void {
    this.#log!.flush();
    writeCheckpoint(this.#path, this.#settings, progress);
  }

  /** Saves the run every so many steps and after the last one. */
  saveIfDue(progress: Progress): void {
    const done = progress.metrics.length;
    const isDue = done % this.#options.saveEvery === 0;
    if (isDue || done === this.#totalSteps) this.save(progress);
  }

  /** Closes the logs. */
  [Symbol.dispose](): void {
    this.#log?.[Symbol.dispose]();
  }

  #read(like: TrainingState): Progress | undefined {
    try {
      return readCheckpoint(this.#path, this.#settings, like);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  get #path(): string {
    return join(this.#options.folder, CHECKPOINT_FILE);
  }

  get #settings(): object {
    const { settings } = this.#options;
    const precision = currentPrecision();
    return { ...settings, totalSteps: this.#totalSteps, precision };
  }
}
