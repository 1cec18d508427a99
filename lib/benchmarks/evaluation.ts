/** What an evaluation takes and gives: settings, and a record of each task. */
import type { GenerateOptions, Generator, Model } from "../models/mod.ts";
import type { Environment } from "../training/mod.ts";
import type { Message, Score, Task } from "./task.ts";

/** What became of one task. */
export interface EvaluationRecord extends Score {
  /** The task's id. */
  readonly id: string;
  /** What the model wrote in each of its turns, without special tokens. */
  readonly turns: readonly string[];
  /** What it read between them, uncut. */
  readonly observations: readonly string[];
  /** Tokens that it wrote, the end token included. */
  readonly tokens: number;
  /** The same of each turn: as many as are allowed, if it was cut off. */
  readonly turnTokens: readonly number[];
  /** Number of the token before which memory was inserted, for each. */
  readonly insertions: readonly number[];
}

/** Settings of an evaluation. */
export interface EvaluateOptions
  extends Omit<GenerateOptions, "temperature" | "numbers"> {
  /** The model's compiled functions. */
  readonly generator: Pick<Generator, "generateInTurns" | "converse">;
  /** Its tokenizer, and its shape, which says how long an episode may be. */
  readonly model: Pick<Model, "config" | "tokenizer">;
  /**
   * What answers the model's turns; see `Benchmark.openEnvironments`. Default:
   * nothing, each task has one turn.
   */
  readonly environments?: (task: Task) => Environment;
  /**
   * Numbers of the tasks that are answered. What is answered does not depend on
   * the others. Default: all.
   */
  readonly chosen?: readonly number[];
  /** What a method makes of a task's messages. Default: nothing. */
  readonly prompt?: (messages: readonly Message[]) => readonly Message[];
  /** Called whenever answers have ended; may throw to stop. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Numbers of the tokens before which memory was inserted. */
export function insertionsOf(augmentation: readonly number[]): number[] {
  return augmentation.flatMap((mark, t) => mark === 1 ? [t] : []);
}

/** Runs one after the other. */
export async function inOrder<T, R>(
  items: readonly T[],
  run: (item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const [i, item] of items.entries()) results.push(await run(item, i));
  return results;
}
