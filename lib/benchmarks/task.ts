/** What every benchmark gives and takes: tasks, and scores of what was written. */
import type { ChatMessage } from "../models/mod.ts";
import type { Environment } from "../training/mod.ts";

/** Any value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** One turn of a chat. */
export type Message = ChatMessage;

/** The part of a benchmark that a task is used in. */
export type Split = "train" | "valid" | "test";

/**
 * What answers the model's turns: nothing (one turn), a search engine, a
 * simulated household, or a simulated laboratory.
 */
export type EnvironmentKind = "static" | "search" | "household" | "laboratory";

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
  /**
   * What supervised fine-tuning learns from: turns of the model, and between
   * them what it reads. Begins and ends with a turn of the model; empty where
   * the benchmark is for evaluation only.
   */
  readonly demonstration: readonly Message[];
  /** What `Benchmark.score` compares with. */
  readonly gold: string;
  /** What answers the model's turns. */
  readonly environment: EnvironmentKind;
  /** Further facts of this benchmark, for records and analysis. */
  readonly meta: { readonly [key: string]: JsonValue };
}

/** Marks of one answer: 1 is right, 0 is wrong. */
export interface Score {
  /** By the rules of the released code, its faults included. */
  readonly official: 0 | 1;
  /** By our own rules, which forgive the form of a right answer. */
  readonly lenient: 0 | 1;
  /**
   * How it is wrong, one of the benchmark's `failures`; absent where `official`
   * is 1.
   */
  readonly failure?: string;
  /** Share of the tests that passed, in [0, 1]; for programs only. */
  readonly passedShare?: number;
}

/** What episodes need besides the files of a benchmark. */
export interface EnvironmentOptions {
  /**
   * Address of a search engine, such as `http://127.0.0.1:8000/retrieve`.
   * Default: BM25 over the folder's corpus.jsonl.
   */
  readonly retriever?: string;
}

/** A set of tasks with its rules. */
export interface Benchmark {
  /** Name in the registry, in task ids and on the command line. */
  readonly name: string;
  /** Turns of the model, at most; 1 where nothing answers. */
  readonly maxTurns: number;
  /** Everything that `Score.failure` can say. */
  readonly failures: readonly string[];
  /**
   * Whether its authors ask that its texts are not published. Then no file of
   * results holds a text of a task, nor what a model wrote, which may quote it.
   */
  readonly isConfidential?: boolean;
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
   * Marks an answer. It depends on nothing but what was written: where an
   * environment decides, the turns are played to it again.
   *
   * @param turns What the model wrote, special tokens removed; one text for
   * each of its turns.
   * @param gold The `gold` of the task.
   * @throws {RangeError} If there is no turn.
   */
  score(turns: readonly string[], gold: string): Promise<Score>;
  /**
   * Opens what answers the model's turns; absent where `maxTurns` is 1.
   *
   * @param folder The folder that the tasks were loaded from.
   * @returns What makes a new environment of a task.
   */
  openEnvironments?(
    folder: string,
    options?: EnvironmentOptions,
  ): Promise<(task: Task) => Environment>;
}
