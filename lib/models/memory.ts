/**
 * The place that generation has for memory: what a call asks of it, and what
 * it may put before a row's next token. MemGen's weaver is one such memory.
 */
import type { Random } from "../random.ts";
import { KIND } from "./attention.ts";
import type { Item } from "./cached_functions.ts";
import type { CacheSize } from "./kv_cache.ts";

/** Mark of a token before which no memory was asked for. */
export const NOT_ASKED: number = -100;

/** One row while it is generated. */
export interface GenerationRow {
  /** Its slot in the batch, which an earlier row may have had. */
  readonly index: number;
  /** Number of its prompt in the call. */
  readonly prompt: number;
  /** Prompt and what was generated so far. */
  readonly tokens: number[];
  /** Tokens of the prompt; of a later turn, all that came before it. */
  readonly promptLength: number;
  /** Tokens that the reasoner has run. */
  ran: number;
  /** By how much appended latents moved the positions of what follows. */
  shift: number;
  /** For each generated token: `NOT_ASKED`, 0 skipped, 1 inserted before. */
  readonly augmentation: number[];
  /** Random numbers for the row's memory; its tokens have others. */
  readonly memoryRandom: Random;
}

/** What memory puts in place of a row's pending tokens. */
export interface Insertion {
  /** The pending tokens, with latents at their place. */
  readonly items: Item[];
  /** 1 if latents were inserted, 0 if not. */
  readonly decision: 0 | 1;
}

/** Memory of one call of generation. */
export interface MemorySession {
  /** Whether memory must be asked before the row's next token. */
  isCandidate(row: GenerationRow): boolean;
  /** Writes memory, or not, for at most `BLOCK_ROWS` candidates. */
  write(rows: readonly GenerationRow[]): Insertion[];
  /**
   * Begins a row's next turn.
   *
   * @param kept Tokens that stay as they were read: what came after them may
   * have seen memory, which the turn does not see. None given: all stay.
   */
  startTurn(row: GenerationRow, kept?: number): void;
  /** Forgets a row that has ended: its slot goes to another. */
  clear(row: GenerationRow): void;
  /** Frees its tensors. */
  dispose(): void;
}

/** Something that inserts latents while text is generated. */
export interface Memory {
  /** Latents that a row may get at most. */
  readonly maxLatents: number;
  /** Whether a row's later turns see what went in before. @default {false} */
  readonly staysInView?: boolean;
  /** Starts a call. */
  open(size: CacheSize): MemorySession;
}

/** Latents that a row may hold at most, after so many turns. */
export function latentsInView(
  memory: Memory | undefined,
  maxTurns: number,
): number {
  if (memory === undefined) return 0;
  return memory.maxLatents * (memory.staysInView ? maxTurns : 1);
}

/** The pending tokens of a row. */
export function plainItems({ tokens, ran, shift }: GenerationRow): Item[] {
  return tokens.slice(ran).map((value, i) => ({
    value,
    position: ran + i + shift,
    kind: KIND.text,
  }));
}
