/** A limit on how many things are under way at once. */

/** Calls functions, at most so many at a time, in the order of asking. */
export class Queue {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param size How many may be under way at once, at least 1. */
  constructor(size: number) {
    this.#free = size;
  }

  /** Calls `use` when its turn comes. */
  async run<Result>(use: () => Promise<Result>): Promise<Result> {
    if (this.#free === 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#free -= 1;
    }
    try {
      return await use();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
