/** A benchmark's score as the reward of a policy. */
import { completionText, type Tokenizer } from "../models/mod.ts";
import type { RewardFunction } from "../training/mod.ts";
import type { Benchmark, Task } from "./task.ts";

/**
 * Rewards completions of tasks with the released code's score, 0 or 1.
 *
 * @param tasks In the order of the prompts.
 */
export function taskReward(
  benchmark: Benchmark,
  tasks: readonly Task[],
  tokenizer: Tokenizer,
): RewardFunction {
  return async (prompt, ids) => {
    const turns = [completionText(tokenizer, ids)];
    return (await benchmark.score(turns, tasks[prompt].gold)).official;
  };
}
