/**
 * Progress of a long task on standard error: a bar that redraws itself in a
 * terminal, a plain line now and then in a log file.
 */

/** Where the bar is drawn; `Deno.stderr` is one. */
export interface ProgressOutput {
  /** Whether a carriage return redraws the line. */
  isTerminal(): boolean;
  /** Writes bytes and returns how many it took. */
  writeSync(bytes: Uint8Array): number;
}

/** Settings of a {@linkcode Progress}. */
export interface ProgressOptions {
  /**
   * Steps that an earlier run has done; they count as done, not as speed.
   *
   * @default {0}
   */
  readonly done?: number;
  /**
   * Whether the line says how many steps are done; not where steps are shares
   * of time.
   *
   * @default {true}
   */
  readonly isCounted?: boolean;
  /** @default {Deno.stderr} */
  readonly output?: ProgressOutput;
  /**
   * Time in milliseconds.
   *
   * @default {performance.now}
   */
  readonly clock?: () => number;
  /**
   * Columns of the terminal.
   *
   * @default {those of the terminal, or 80}
   */
  readonly columns?: number;
}

const TERMINAL_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 10_000;
const BAR_COLUMNS = 20;

/**
 * A progress bar.
 *
 * @example One line of it
 * ```text
 * Train weaver ██████░░░░░░░░░░░░░░  30 % 150/500 0:12 left 0:28 loss 1.83
 * ```
 */
export class Progress {
  readonly #title: string;
  readonly #total: number;
  readonly #output: ProgressOutput;
  readonly #clock: () => number;
  readonly #columns: number;
  readonly #doneBefore: number;
  readonly #isCounted: boolean;
  readonly #start: number;
  #done: number;
  #note = "";
  #lastDrawn = -Infinity;

  /**
   * Draws the bar for the first time.
   *
   * @param title What is being done, short.
   * @param total Number of steps, a positive integer.
   * @param options Output, clock and steps done before.
   * @throws {RangeError} If `total` or `done` is not a count.
   */
  constructor(title: string, total: number, options: ProgressOptions = {}) {
    const { done = 0, output = Deno.stderr } = options;
    if (!Number.isSafeInteger(total) || total < 1) {
      throw new RangeError(
        `Cannot show progress as total must be a positive integer: current value is ${total}`,
      );
    }
    this.#title = title;
    this.#isCounted = options.isCounted ?? true;
    this.#total = total;
    this.#output = output;
    this.#clock = options.clock ?? (() => performance.now());
    this.#columns = options.columns ?? terminalColumns(output);
    this.#start = this.#clock();
    this.#done = this.#check(done);
    this.#doneBefore = done;
    this.#draw();
  }

  /**
   * Says how far the task is; draws if the last drawing is old enough.
   *
   * @param done Steps done so far, those of earlier runs included.
   * @param note Short text at the end of the line, such as the loss.
   * @throws {RangeError} If `done` is not an integer from 0 to the total.
   */
  update(done: number, note = ""): void {
    this.#done = this.#check(done);
    this.#note = note;
    const interval = this.#output.isTerminal()
      ? TERMINAL_INTERVAL_MS
      : LOG_INTERVAL_MS;
    if (this.#clock() - this.#lastDrawn >= interval) this.#draw();
  }

  /** Draws the last state, whatever it is, and leaves the line. */
  end(): void {
    this.#draw();
    if (this.#output.isTerminal()) this.#write("\n");
  }

  #check(done: number): number {
    if (!Number.isSafeInteger(done) || done < 0 || done > this.#total) {
      throw new RangeError(
        `Cannot show progress as done must be an integer from 0 to ${this.#total}: current value is ${done}`,
      );
    }
    return done;
  }

  #draw(): void {
    this.#lastDrawn = this.#clock();
    const line = this.#line();
    this.#write(
      this.#output.isTerminal()
        ? `\r${[...line].slice(0, this.#columns - 1).join("")}\x1b[K`
        : `${line}\n`,
    );
  }

  #line(): string {
    const part = this.#done / this.#total;
    const filled = Math.floor(part * BAR_COLUMNS);
    const bar = "█".repeat(filled) + "░".repeat(BAR_COLUMNS - filled);
    const percent = `${Math.floor(100 * part)}`.padStart(3);
    const elapsed = this.#clock() - this.#start;
    const doneNow = this.#done - this.#doneBefore;
    const words = [
      this.#title,
      ...this.#output.isTerminal() ? [bar] : [],
      `${percent} %`,
      ...this.#isCounted ? [`${this.#done}/${this.#total}`] : [],
      formatDuration(elapsed),
    ];
    if (doneNow > 0 && this.#done < this.#total) {
      const left = elapsed * (this.#total - this.#done) / doneNow;
      words.push(`left ${formatDuration(left)}`);
    }
    if (this.#note !== "") words.push(this.#note);
    return words.join(" ");
  }

  #write(text: string): void {
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) {
      bytes = bytes.subarray(this.#output.writeSync(bytes));
    }
  }
}

/**
 * A duration for people: `0:07`, `12:30`, `1:02:03`.
 *
 * @param milliseconds A duration, not negative.
 * @returns Minutes and seconds, with hours where there are any.
 */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const pad = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0
    ? `${hours}:${pad(minutes % 60)}:${pad(seconds % 60)}`
    : `${minutes}:${pad(seconds % 60)}`;
}

function terminalColumns(output: ProgressOutput): number {
  return output.isTerminal() ? Deno.consoleSize().columns : 80;
}
