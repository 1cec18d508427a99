/** The answers of `deno task evaluate`, with its progress bar. */
import { chainOfThoughtPrompt, vanillaPrompt } from "@/lib/baselines/mod.ts";
import {
  type Benchmark,
  encodePrompt,
  evaluate,
  type EvaluateOptions,
  type EvaluationRecord,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import type { MemgenMemory } from "@/lib/memgen/mod.ts";
import {
  Generator,
  type Lora,
  type Model,
  requirePrompt,
} from "@/lib/models/mod.ts";
import type { EvaluationSettings } from "@/tasks/evaluation_summary.ts";
import { Progress } from "@/tasks/progress.ts";

const PROMPTS = { vanilla: vanillaPrompt, cot: chainOfThoughtPrompt } as const;

/** Tokens of an answer in the released evaluation (max_response_length). */
export const RELEASED_MAX_NEW_TOKENS = 1024;

/** What says how tasks are answered. */
export type AnswerSettings =
  & Pick<EvaluationSettings, "method" | "batchSize" | "seed">
  & Partial<Pick<EvaluationSettings, "maxNewTokens">>;

/** Refuses what does not fit the model, then answers and scores. */
export async function answerTasks(
  tasks: readonly Task[],
  { benchmark, model, lora, memory, environments }: {
    readonly benchmark: Benchmark;
    readonly model: Model;
    readonly lora: Lora | undefined;
    readonly memory: MemgenMemory | undefined;
    readonly environments: EvaluateOptions["environments"];
  },
  options: AnswerSettings,
): Promise<{
  records: EvaluationRecord[];
  maxNewTokens: number;
  seconds: number;
}> {
  const { config, weights, tokenizer } = model;
  const prompt = PROMPTS[options.method];
  const maxLatents = memory?.maxLatents ?? 0;
  const prompts = tasks.map(({ messages }) =>
    encodePrompt(tokenizer, prompt(messages))
  );
  const longest = Math.max(...prompts.map(({ length }) => length));
  const room = config.maxPositions - longest - maxLatents;
  const maxNewTokens = options.maxNewTokens ??
    Math.max(1, Math.min(RELEASED_MAX_NEW_TOKENS, room));
  prompts.forEach((ids, i) =>
    requirePrompt(config, ids, { name: tasks[i].id, maxNewTokens, maxLatents })
  );
  const generator = new Generator(model);
  const progress = new Progress("Evaluate", tasks.length);
  const started = performance.now();
  const records = await evaluate(benchmark, tasks, {
    generator,
    model,
    environments,
    prompt,
    view: { weights, lora },
    memory,
    maxNewTokens,
    batchSize: options.batchSize,
    seed: options.seed,
    onProgress: (done) => progress.update(done),
  });
  const seconds = (performance.now() - started) / 1000;
  progress.end();
  generator.dispose();
  return { records, maxNewTokens, seconds };
}
