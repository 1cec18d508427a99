/** Tasks of twins that are answered in one turn. */
import { join } from "node:path";
import type { Message, Split, Task } from "../task.ts";
import type { Policy, TwinProblem } from "./twin.ts";

/** Tokens around a turn: its opening, speaker and end, and two line ends. */
const TURN_TOKENS = 5;

/** A task before it is one. */
export interface SingleTurn {
  /** See `Task.id`. */
  readonly id: string;
  /** The benchmark's name. */
  readonly benchmark: string;
  /** The part that the task is used in. */
  readonly split: Split;
  /** The user's turn. */
  readonly prompt: string;
  /** The right answer, with its box. */
  readonly answer: string;
  /** What the scorer compares with; the answer by default. */
  readonly gold?: string;
  /** See `Task.meta`. */
  readonly meta?: Task["meta"];
}

/** The task as the benchmark's loader gives it. */
export function singleTurnTask(
  { id, benchmark, split, prompt, answer, gold = answer, meta = {} }:
    SingleTurn,
): Task {
  return {
    id,
    benchmark,
    split,
    messages: [{ role: "user", content: prompt }],
    demonstration: [{ role: "assistant", content: answer }],
    gold,
    environment: "static",
    meta,
  };
}

/** The user's turn of a chat. */
export function promptOf(chat: readonly Message[]): string {
  return chat.findLast(({ role }) => role === "user")!.content;
}

/** The model's turn of a chat. */
export function answerOf(chat: readonly Message[]): string {
  return chat.findLast(({ role }) => role === "assistant")?.content ?? "";
}

/** What a demonstration answers. */
export function demonstrated({ task }: TwinProblem): string {
  return task.demonstration.at(-1)!.content;
}

/** Writes a text whatever it reads. */
export function always(text: string): Policy {
  return () => text;
}

/** A problem whose id says what it is, where it is not a split's own. */
export function named<P extends TwinProblem>(problem: P, what: string): P {
  const id = problem.task.id.replace("/", `-${what}/`);
  return { ...problem, task: { ...problem.task, id } };
}

/**
 * The control that teaches the form alone: a problem with the answer of
 * another one.
 */
export function formatOnly<P extends TwinProblem>(problem: P, other: P): P {
  const { demonstration, gold } = other.task;
  const task = { ...problem.task, demonstration, gold };
  return named({ ...problem, task }, "format");
}

/**
 * Tokens of a task with its answer for the mini reasoners: words, digits and
 * marks, and what opens and closes the two turns.
 */
export function countTokens({ messages, demonstration }: Task): number {
  return [...messages, ...demonstration].reduce((sum, { content }) => {
    const pieces = content.match(
      /\\boxed\{| ?\p{L}{2,}|=<<|>>|\.\n|[\s\S]/gu,
    );
    return sum + TURN_TOKENS + (pieces?.length ?? 0);
  }, 0);
}

/** A value that is computed when it is first needed. */
export function once<T>(compute: () => T): () => T {
  let value: { readonly computed: T } | undefined;
  return () => (value ??= { computed: compute() }).computed;
}

/** What the files of a twin are called where its benchmark has no other names. */
const FILE_NAMES: Readonly<Record<Split, string>> = {
  train: "train.jsonl",
  valid: "valid.jsonl",
  test: "test.jsonl",
};

/** Writes a file for each split, a line of JSON for each problem. */
export async function writeJsonLines(
  folder: string,
  sizes: Readonly<Record<Split, number>>,
  row: (split: Split, index: number) => unknown,
  names: Readonly<Record<Split, string>> = FILE_NAMES,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const split of ["train", "valid", "test"] as const) {
    const lines = Array.from(
      { length: sizes[split] },
      (_, i) => `${JSON.stringify(row(split, i))}\n`,
    );
    await Deno.writeTextFile(join(folder, names[split]), lines.join(""));
  }
}
