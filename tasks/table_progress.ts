/** The progress bar of what has parts that take unequal time. */
import { Progress } from "@/tasks/progress.ts";

/** The progress of a table, or of anything else that has cells. */
export class TableProgress {
  readonly #title: string;
  readonly #total: number;
  #progress: Progress | undefined;
  #now = { title: "", start: 0, weight: 0 };

  /** @param total The sum of all weights that will be announced. */
  constructor(title: string, total: number) {
    this.#title = title;
    this.#total = total;
  }

  /** What comes next; `weight` is its share of the total. */
  announce(title: string, weight: number): void {
    const { start, weight: before } = this.#now;
    this.#now = { title, start: start + before, weight };
  }

  /** How far it is, from 0 to 1. */
  update(fraction: number, note: string): void {
    const { title, start, weight } = this.#now;
    const done = Math.floor(start + fraction * weight);
    this.#progress ??= new Progress(this.#title, this.#total, {
      done,
      isCounted: false,
    });
    this.#progress.update(done, `${title}: ${note}`);
  }

  /** The last line. */
  end(): void {
    this.#progress?.update(this.#total);
    this.#progress?.end();
  }
}
