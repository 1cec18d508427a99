/** How far weaver and trigger have read each row of a call of generation. */
import type { GenerationRow, Item } from "../models/mod.ts";

/** What is known of one row. */
export interface RowReading {
  /** Tokens that were read. */
  tokens: number;
  /** Latents that were not read yet. */
  unread: readonly Item[];
}

/** One reading a row, by the number of its prompt. */
export class RowReadings {
  readonly #rows = new Map<number, RowReading>();

  /** That of a row; at first nothing was read. */
  of({ prompt }: Pick<GenerationRow, "prompt">): RowReading {
    let reading = this.#rows.get(prompt);
    if (reading === undefined) {
      reading = { tokens: 0, unread: [] };
      this.#rows.set(prompt, reading);
    }
    return reading;
  }

  /** What came after the first tokens of a row must be read again. */
  forget(row: Pick<GenerationRow, "prompt">, kept: number): void {
    const reading = this.of(row);
    reading.tokens = Math.min(reading.tokens, kept);
    reading.unread = [];
  }

  /** Forgets a row that has ended. */
  clear({ prompt }: Pick<GenerationRow, "prompt">): void {
    this.#rows.delete(prompt);
  }
}
