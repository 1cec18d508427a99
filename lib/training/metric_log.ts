/** What a run logs: a line of JSON for every step. */
import { join } from "node:path";
import type { StepMetrics } from "./run_checkpoint.ts";

const LOG_FILE = "metrics.jsonl";

/** The log of a run, open to take further steps. */
export class MetricLog implements Disposable {
  readonly #file: Deno.FsFile;

  /**
   * Opens the log in a folder.
   *
   * @param before Metrics of the steps that the run goes on from; what the
   * file said of later ones is dropped.
   */
  constructor(folder: string, before: readonly StepMetrics[]) {
    this.#file = Deno.openSync(join(folder, LOG_FILE), {
      write: true,
      create: true,
      truncate: true,
    });
    this.#append(before.map((metrics, step) => line(step, metrics)).join(""));
  }

  /** Adds a step. */
  write(step: number, metrics: StepMetrics): void {
    this.#append(line(step, metrics));
  }

  /** Closes the log. */
  [Symbol.dispose](): void {
    this.#file.close();
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
