/** What every benchmark gives and takes: tasks, and scores of completions. */

/** Any value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** One turn of a chat, as chat templates read it. */
export interface Message {
  /** Who speaks. */
  readonly role: "system" | "user" | "assistant";
  /** What is said. */
  readonly content: string;
}

/** The part of a benchmark that a task is used in. */
export type Split = "train" | "valid" | "test";

/**
 * What answers the model's turns: nothing (one turn), a search engine, or a
 * simulated household.
 */
export type Environment = "static" | "search" | "alfworld";

/** One problem of a benchmark; plain data that survives JSON unchanged. */
export interface Task {
  /**
   * Stable name `benchmark/file/index`: `file` is the split of the source file
   * and `index` the row in it, counted from 0. A validation task keeps the name
   * of the row it was taken from, so a name never depends on how we split.
   */
  readonly id: string;
  /** Name of the benchmark, as in the registry. */
  readonly benchmark: string;
  /** The part that the task is used in. */
  readonly split: Split;
  /** The chat before the model's first turn, without any chat template. */
  readonly messages: readonly Message[];
  /** The text that supervised fine-tuning teaches as the model's turn. */
  readonly target: string;
  /** What `Benchmark.score` compares a completion with. */
  readonly gold: string;
  /** What answers the model's turns. */
  readonly environment: Environment;
  /** Further facts of this benchmark, for records and analysis. */
  readonly meta: { readonly [key: string]: JsonValue };
}

/** Marks of one completion: 1 is right, 0 is wrong. */
export interface Score {
  /** By the rules of the released code, its faults included. */
  readonly official: 0 | 1;
  /** By our own rules, which forgive the form of a right answer. */
  readonly lenient: 0 | 1;
}

/** A set of tasks with its rules. */
export interface Benchmark {
  /** Name in the registry, in task ids and on the command line. */
  readonly name: string;
  /**
   * Reads one split from a folder with the real files or those of a twin.
   *
   * @param folder The folder with the files, under their published names.
   * @returns At least one task, in the order of the source file.
   * @throws {Deno.errors.NotFound} If no expected file is in the folder.
   * @throws {SyntaxError | TypeError | RangeError} If a row is not what the
   * benchmark publishes; the message names the file and the row.
   */
  load(folder: string, split: Split): Promise<Task[]>;
  /**
   * Marks a completion.
   *
   * @param completion What the model wrote, special tokens removed.
   * @param gold The `gold` of the task.
   */
  score(completion: string, gold: string): Score;
}
