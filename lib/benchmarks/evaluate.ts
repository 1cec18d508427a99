/** Runs a model over tasks and scores what it writes. */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type GenerateOptions,
  type Generation,
  type Generator,
  renderChatMl,
  type Tokenizer,
} from "../models/mod.ts";
import type { Benchmark, Message, Score, Task } from "./task.ts";

/** What became of one task. */
export interface EvaluationRecord extends Score {
  /** The task's id. */
  readonly id: string;
  /** What the model wrote, without the end token. */
  readonly completion: string;
  /** Tokens that it wrote, the end token included. */
  readonly tokens: number;
  /** Number of the token before which memory was inserted, for each. */
  readonly insertions: readonly number[];
}

/** Settings of an evaluation. */
export interface EvaluateOptions extends Omit<GenerateOptions, "temperature"> {
  /** The model's compiled functions. */
  readonly generator: Pick<Generator, "generateInTurns">;
  /** Its tokenizer. */
  readonly tokenizer: Tokenizer;
  /** What a method makes of a task's messages. Default: nothing. */
  readonly prompt?: (messages: readonly Message[]) => readonly Message[];
  /** Called whenever answers have ended; may throw to stop. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Greedy answers of a single-turn benchmark, scored; records in the order of
 * the tasks. Source: the released evaluation (temperature 0, ChatML, cut after
 * the first end token).
 */
export async function evaluate(
  benchmark: Benchmark,
  tasks: readonly Task[],
  options: EvaluateOptions,
): Promise<EvaluationRecord[]> {
  const { generator, tokenizer, maxNewTokens, seed, batchSize, view, memory } =
    options;
  const prompt = options.prompt ?? ((messages) => messages);
  const prompts = tasks.map(({ messages }) =>
    encodePrompt(tokenizer, prompt(messages))
  );
  const turns = generator.generateInTurns(prompts, {
    maxNewTokens,
    seed,
    batchSize,
    view,
    memory,
  });
  try {
    for (;;) {
      const { done, value } = turns.next();
      if (done) {
        return value.map((answer, i) =>
          score(benchmark, tasks[i], answer, tokenizer)
        );
      }
      options.onProgress?.(value, tasks.length);
      await nextTurn(); // so that Ctrl-C is heard
    }
  } finally {
    turns.return([]);
  }
}

function score(
  benchmark: Benchmark,
  { id, gold }: Task,
  { ids, augmentation }: Generation,
  tokenizer: Tokenizer,
): EvaluationRecord {
  const completion = completionText(tokenizer, ids);
  return {
    id,
    completion,
    tokens: ids.length,
    insertions: augmentation.flatMap((mark, t) => mark === 1 ? [t] : []),
    ...benchmark.score(completion, gold),
  };
}

/** What was written, without the end token. */
export function completionText(
  tokenizer: Tokenizer,
  ids: readonly number[],
): string {
  const isEnded = ids.at(-1) === tokenizer.eosTokenId;
  return tokenizer.decode(isEnded ? ids.slice(0, -1) : ids);
}

/** Token ids that an answer follows: plain ChatML, opened for the assistant. */
export function encodePrompt(
  tokenizer: Tokenizer,
  messages: readonly Message[],
): number[] {
  return tokenizer.encode(
    renderChatMl(messages, { addGenerationPrompt: true }),
  );
}

/** How many records are right under the released code's scorer. */
export function countOfficial(records: readonly EvaluationRecord[]): number {
  return records.filter(({ official }) => official === 1).length;
}
