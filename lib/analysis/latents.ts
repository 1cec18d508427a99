/**
 * The latents of a generation, as they were inserted.
 *
 * They are taken where every memory hands them over, so that the analysis sees
 * what the reasoner saw, whatever wrote it and wherever it went.
 */
import type {
  CacheSize,
  GenerationRow,
  Insertion,
  Memory,
  MemorySession,
} from "../models/mod.ts";

/** One insertion that was made. */
export interface RecordedInsertion {
  /** Number of the prompt, counted over all calls since the recorder began. */
  readonly prompt: number;
  /** Tokens generated before it; 0 is the prompt's end. */
  readonly at: number;
  /** Its K latents, each of size D. */
  readonly latents: readonly Float32Array[];
}

/** A memory that does what another one does, and keeps every insertion. */
export class LatentRecorder implements Memory {
  readonly #memory: Memory;
  readonly #insertions: RecordedInsertion[] = [];
  #prompts = 0;

  /**
   * Records what a memory inserts.
   *
   * @param memory What inserts; the caller keeps owning it.
   */
  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The insertions so far, those of one prompt in their order. */
  get insertions(): readonly RecordedInsertion[] {
    return this.#insertions;
  }

  /** As of the memory that inserts. */
  get maxLatents(): number {
    return this.#memory.maxLatents;
  }

  /** As of the memory that inserts. */
  get staysInView(): boolean {
    return this.#memory.staysInView ?? false;
  }

  /** Starts a call. */
  open(size: CacheSize): MemorySession {
    const session = this.#memory.open(size);
    const first = this.#prompts;
    return {
      isCandidate: (row) => {
        // Every row is asked about at its prompt's end, so all are counted.
        this.#prompts = Math.max(this.#prompts, first + row.prompt + 1);
        return session.isCandidate(row);
      },
      write: (rows) => {
        const written = session.write(rows);
        written.forEach((insertion, i) =>
          this.#record(first, rows[i], insertion)
        );
        return written;
      },
      startTurn: (row, kept) => session.startTurn(row, kept),
      clear: (row) => session.clear(row),
      dispose: () => session.dispose(),
    };
  }

  #record(
    first: number,
    { prompt, tokens, promptLength }: GenerationRow,
    { items }: Insertion,
  ): void {
    const latents = items.flatMap(({ value }) =>
      typeof value === "number" ? [] : [value]
    );
    if (latents.length === 0) return;
    this.#insertions.push({
      prompt: first + prompt,
      at: tokens.length - promptLength,
      latents,
    });
  }
}

/**
 * The vector that stands for an insertion: the mean of its latents (eq. 24).
 *
 * @param latents K vectors of size D.
 * @returns A vector of size D.
 * @throws {RangeError} If there is no latent.
 */
export function meanLatent(
  latents: readonly Float32Array[],
): Float32Array<ArrayBuffer> {
  if (latents.length === 0) {
    throw new RangeError(
      "Cannot take the mean latent as there must be at least one: current value is 0",
    );
  }
  return new Float32Array(latents[0].length).map((_, d) =>
    latents.reduce((sum, latent) => sum + latent[d], 0) / latents.length
  );
}
