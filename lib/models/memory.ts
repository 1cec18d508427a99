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

/** Latents that went into a row. */
export interface MemoryBlock {
  /** The token before which they were asked for. */
  readonly point: number;
  /** Latents at their positions: in the text, or beside it. */
  readonly items: readonly Item[];
}

/** One row while it is generated. */
export interface GenerationRow {
  /** Its slot in the batch, which an earlier row may have had. */
  readonly index: number;
  /** Number of its prompt in the call. */
  readonly prompt: number;
  /** Prompt and what was generated so far. */
  readonly tokens: number[];
  /** Tokens of the prompt. */
  readonly promptLength: number;
  /** Tokens that the reasoner has run. */
  ran: number;
  /** By how much appended latents moved the positions of what follows. */
  shift: number;
  /** Memory that went in, in order, that of its prompt included. */
  readonly blocks: MemoryBlock[];
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
  /** Forgets a row that has ended: its slot goes to another. */
  clear(row: GenerationRow): void;
  /** Frees its tensors. */
  dispose(): void;
}

/** Something that inserts latents while text is generated. */
export interface Memory {
  /** Latents that a row may get at most. */
  readonly maxLatents: number;
  /** Whether later turns see its blocks; see `GenerateOptions`. */
  readonly keepsBlocks?: boolean;
  /** Starts a call. */
  open(size: CacheSize): MemorySession;
}

/** The pending tokens of a row, a prompt's with the memory that is in it. */
export function plainItems(row: GenerationRow): Item[] {
  if (row.ran === 0) return contextItems(row.tokens, row.blocks);
  return row.tokens.slice(row.ran).map((value, i) => ({
    value,
    position: row.ran + i + row.shift,
    kind: KIND.text,
  }));
}

/**
 * A text with the memory in it.
 *
 * @param blocks In order.
 * @param placeOf The token before which a block is read. Default: that of its
 * point, or, beside the text, the one before it, which sees the block.
 */
export function contextItems(
  tokens: readonly number[],
  blocks: readonly MemoryBlock[],
  placeOf: (block: MemoryBlock) => number = (block) =>
    block.point - (isInText(block) ? 0 : 1),
): Item[] {
  const items: Item[] = [];
  let [start, shift] = [0, 0];
  const readUpTo = (end: number): void => {
    for (; start < end; start++) {
      const position = start + shift;
      items.push({ value: tokens[start], position, kind: KIND.text });
    }
  };
  for (const block of blocks) {
    readUpTo(placeOf(block));
    items.push(...block.items);
    if (isInText(block)) shift += block.items.length;
  }
  readUpTo(tokens.length);
  return items;
}

/** By how much blocks move the positions of what follows. */
export function shiftOf(blocks: readonly MemoryBlock[]): number {
  return countLatents(blocks.filter(isInText));
}

/** Latents of blocks. */
export function countLatents(blocks: readonly MemoryBlock[]): number {
  return blocks.reduce((sum, { items }) => sum + items.length, 0);
}

function isInText({ items }: MemoryBlock): boolean {
  return items.some(({ kind }) => kind === KIND.text);
}
