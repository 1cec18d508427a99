/**
 * Turns of a row of generation: what is said of one that has ended, how the
 * next begins, and how tokens are added to it.
 */
import { type Random, seededRandom } from "../random.ts";
import type { GenerationRow } from "./memory.ts";

/** What was generated for one prompt. */
export interface Generation {
  /** New tokens, with the end token if there was one. */
  readonly ids: number[];
  /** See `GenerationRow.augmentation`; as long as `ids`. */
  readonly augmentation: number[];
}

/** A turn that has ended. */
export interface EndedTurn extends Generation {
  /** Number of its row's prompt. */
  readonly prompt: number;
}

/** How a row goes on. */
export interface NextTurn {
  /** What it reads after all that it read and wrote. */
  readonly ids: readonly number[];
  /** Seed of what is sampled in the turn; see `GenerateOptions`. */
  readonly seed: number;
}

/** For each turn that has ended: how its row goes on, unless it is over. */
export type Answers = readonly (NextTurn | undefined)[] | undefined;

/** A row between its turns. */
export type ReadRow = Pick<
  GenerationRow,
  "index" | "prompt" | "tokens" | "ran" | "shift"
>;

/** A row in a turn, with the random numbers of its tokens. */
export interface ActiveRow extends GenerationRow {
  readonly random: Random;
  /** Drawn already, for its next tokens. */
  readonly uniforms: number[];
}

/** A row at the beginning of a turn: all of its tokens are a prompt. */
export function beginTurn(
  { index, prompt, tokens, ran, shift }: ReadRow,
  ...names: readonly [seed: number, number: number]
): ActiveRow {
  return {
    index,
    prompt,
    tokens,
    ran,
    shift,
    promptLength: tokens.length,
    augmentation: [],
    memoryRandom: seededRandom("memory", ...names),
    random: seededRandom("generate", ...names),
    uniforms: [],
  };
}

/** What was written in a turn. */
export function endedTurn(
  { prompt, tokens, promptLength, augmentation }: GenerationRow,
): EndedTurn {
  return { prompt, ids: tokens.slice(promptLength), augmentation };
}

/** Adds a token that was chosen after all that the row had. */
export function accept(row: ActiveRow, token: number, decision: number): void {
  row.uniforms.shift();
  row.ran = row.tokens.length;
  row.tokens.push(token);
  row.augmentation.push(decision);
}
