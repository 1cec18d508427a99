/** What a run logs of its steps: lines of JSON, and TensorBoard's event files. */
import { join } from "node:path";
import { SummaryWriter } from "../tensorflow/mod.ts";
import type { StepMetrics } from "./run_checkpoint.ts";

const LOG_FILE = "metrics.jsonl";

/** The logs of a run, open to take further steps. */
export class MetricLog implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #events: SummaryWriter | undefined;

  /**
   * Opens the logs in a folder.
   *
   * @param before Metrics of the steps that the run goes on from. The lines of
   * later steps are dropped; event files stay, as these steps will be taken
   * again with the same numbers.
   */
  constructor(folder: string, before: readonly StepMetrics[]) {
    this.#file = Deno.openSync(join(folder, LOG_FILE), {
      write: true,
      create: true,
      truncate: true,
    });
    this.#append(before.map((metrics, step) => line(step, metrics)).join(""));
    this.#events = SummaryWriter.open(folder);
  }

  /** Adds a step. */
  write(step: number, metrics: StepMetrics): void {
    this.#append(line(step, metrics));
    for (const [name, value] of Object.entries(metrics)) {
      this.#events?.scalar(step, name, value);
    }
  }

  /** Writes what is still in memory. */
  flush(): void {
    this.#events?.flush();
  }

  /** Closes the logs. */
  [Symbol.dispose](): void {
    this.#file.close();
    this.#events?.[Symbol.dispose]();
  }

  #append(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let done = 0; done < bytes.length;) {
      done += this.#file.writeSync(bytes.subarray(done));
    }
  }
}

function line(step: number, metrics: StepMetrics): string {
  return `${JSON.stringify({ step, ...metrics })}\n`;
}
