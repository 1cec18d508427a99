/**
 * What every twin gives: a small, seeded benchmark in the real one's files,
 * with its world, policies without a model, and the reasons of failures.
 */
import type { Random } from "../../random.ts";
import type { Environment } from "../../training/mod.ts";
import type { FailureEvent, FailureLabel } from "../failures.ts";
import type { Benchmark, Message, Score, Split, Task } from "../task.ts";

/** Writes the model's next turn after a chat. */
export type Policy = (chat: readonly Message[]) => string;

/** A task with what analysis needs to know of it. */
export interface TwinProblem {
  /** As the real loader gives it. */
  readonly task: Task;
  /** Its kind; no two splits share one. */
  readonly signature: string;
  /** Names of the world's facts that it needs, in the order of their use. */
  readonly facts: readonly string[];
}

/** A text of which only some parts are learned. */
export type Segments = readonly {
  readonly text: string;
  readonly learn: boolean;
}[];

/** A policy with what it stands for. */
export interface NamedPolicy<P extends TwinProblem = TwinProblem> {
  /** Name in the data card. */
  readonly name: string;
  /**
   * Upper bound, knowledge withheld, chance, a shortcut to rule out, or training
   * answers put together by rote, which is what experience alone gives.
   */
  readonly kind: "oracle" | "ignorant" | "random" | "shortcut" | "rote";
  /** Share that it gets right by chance, where that is known exactly. */
  readonly chance?: number;
  /** Begins a problem. Only the oracle looks at more than its task's messages. */
  start(problem: P, random: Random): Policy;
}

/**
 * Makes a policy that fails for a known reason. The type of a method, so that
 * a twin of any problems is a `Twin`.
 */
export type Inject<P extends TwinProblem = TwinProblem> = {
  inject(problem: P, random: Random): Policy;
}["inject"];

/** Whose facts notes state: a new world's, or the benchmark's own. */
export type NotedWorld = "redrawn" | "own";

/** A twin. */
export interface Twin<P extends TwinProblem = TwinProblem> {
  /** The benchmark, whose loader and scorer are the twin's. */
  readonly benchmark: Benchmark;
  /** Name of the world; siblings share one. */
  readonly world: string;
  /** Facts of the world that pre-training states truly, and of how many. */
  readonly known: { readonly facts: number; readonly of: number };
  /** Tasks of each split. */
  readonly sizes: Readonly<Record<Split, number>>;
  /**
   * Problems of the test's kinds behind those of the test split, which may be too
   * few for narrow intervals.
   *
   * @default {0}
   */
  readonly further?: number;
  /** Three training sizes, each a part of the one before. */
  readonly trainingSizes: readonly number[];
  /** Tokens of a prompt with its answer, at most. */
  readonly maxTokens: number;
  /** For the data card, in Markdown: what it asks, what is new in the test. */
  readonly about: string;
  /** Problem number `index` of a split, always the same. */
  problem(split: Split, index: number): P;
  /** Writes all splits in the real format. */
  write(folder: string): Promise<void>;
  /** Policies without a model, which bound what its numbers mean. */
  policies(): readonly NamedPolicy<P>[];
  /**
   * Problem number `index` of a kind of the test split, with the facts that it
   * needs as notes in its first message.
   *
   * @param distractors Notes that it does not need, besides. @default {0}
   */
  noted(world: NotedWorld, index: number, distractors?: number): P;
  /** A text for pre-training: skills, and the use of notes. */
  practise(random: Random): Segments;
  /**
   * A text for pre-training: what `practise` has too seldom, where it has. No
   * problem of the test split with its right answer.
   */
  revise?(random: Random): Segments;
  /**
   * What the rules of the failure labels find in a run, be it right or wrong;
   * `runFailures` asks the official scorer, too.
   *
   * @param score The run's marks. Without them, a program that only python3 can
   * read is not known to have a syntax error.
   */
  failureEvents(
    problem: P,
    chat: readonly Message[],
    score?: Score,
  ): readonly FailureEvent[];
  /** Policies that fail for a known reason; only the labels that apply. */
  readonly injectors: Readonly<
    Partial<Record<FailureLabel, Inject<P>>>
  >;
  /** Problems of negative controls, by the control's name. */
  readonly controls: Readonly<
    Record<string, (split: Split, index: number) => P>
  >;
  /**
   * A problem's answer by heart: how a turn begins, and how it goes on where
   * the fact that is asked for is known. Absent where it never can be.
   */
  byHeart?(problem: P): { readonly begun: string; readonly rest: string };
  /** What answers the turns of a problem; absent where there is one turn. */
  makeEnvironment?(problem: P): Environment;
}
