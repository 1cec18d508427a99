/** Runs a model over tasks and scores what it writes. */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  completionText,
  type Generation,
  renderChatMl,
  type Tokenizer,
} from "../models/mod.ts";
import { evaluateEpisodes } from "./evaluate_episodes.ts";
import {
  type EvaluateOptions,
  type EvaluationRecord,
  inOrder,
  insertionsOf,
} from "./evaluation.ts";
import type { Benchmark, Message, Score, Task } from "./task.ts";

/**
 * Greedy answers, scored; records in the order of the chosen tasks. Source: the
 * released evaluation (temperature 0, ChatML, cut after the first end token).
 *
 * @throws {TypeError} If the benchmark has several turns and there are no
 * environments.
 * @throws What `playEpisodes` and the benchmark's `score` do.
 */
export async function evaluate(
  benchmark: Benchmark,
  tasks: readonly Task[],
  options: EvaluateOptions,
): Promise<EvaluationRecord[]> {
  const { environments, maxNewTokens, seed, batchSize, view, memory } = options;
  if (environments !== undefined) {
    return await evaluateEpisodes(benchmark, tasks, {
      ...options,
      environments,
    });
  }
  if (benchmark.maxTurns > 1) {
    throw new TypeError(
      `Cannot evaluate ${benchmark.name} as something must answer the model's turns: current value is no environments`,
    );
  }
  const { generator, model: { tokenizer } } = options;
  const prompt = options.prompt ?? ((messages) => messages);
  const chosen = options.chosen ?? tasks.map((_, i) => i);
  const prompts = chosen.map((task) =>
    encodePrompt(tokenizer, prompt(tasks[task].messages))
  );
  const turns = generator.generateInTurns(prompts, {
    maxNewTokens,
    seed,
    numbers: chosen,
    batchSize,
    view,
    memory,
  });
  try {
    for (;;) {
      const { done, value } = turns.next();
      if (done) {
        return await inOrder(
          value,
          (answer, i) => score(benchmark, tasks[chosen[i]], answer, tokenizer),
        );
      }
      options.onProgress?.(value, chosen.length);
      await nextTurn(); // so that Ctrl-C is heard
    }
  } finally {
    turns.return([]);
  }
}

async function score(
  benchmark: Benchmark,
  { id, gold }: Task,
  { ids, augmentation }: Generation,
  tokenizer: Tokenizer,
): Promise<EvaluationRecord> {
  const turns = [completionText(tokenizer, ids)];
  return {
    id,
    turns,
    observations: [],
    tokens: ids.length,
    turnTokens: [ids.length],
    insertions: insertionsOf(augmentation),
    ...await benchmark.score(turns, gold),
  };
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

/** How many answers are wrong in each way that the benchmark tells apart. */
export function countFailures(
  { failures }: Pick<Benchmark, "failures">,
  scores: readonly Pick<Score, "failure">[],
): Record<string, number> {
  return Object.fromEntries(failures.map((failure) => [
    failure,
    scores.filter((score) => score.failure === failure).length,
  ]));
}
