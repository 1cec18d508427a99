/** The answers of `deno task evaluate`: what is opened for them, and how. */
import { chainOfThoughtPrompt, vanillaPrompt } from "@/lib/baselines/mod.ts";
import {
  type Benchmark,
  encodePrompt,
  evaluate,
  type EvaluateOptions,
  type EvaluationRecord,
  findBenchmark,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { twinTurnTokens } from "@/experiments/twin_answers.ts";
import {
  Generator,
  loadLora,
  loadModel,
  requirePrompt,
} from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import type { EvaluationSettings } from "@/tasks/evaluation_summary.ts";
import { type MemgenArguments, openMemory } from "@/tasks/memgen_options.ts";
import { twinFolder } from "@/tasks/twin_folder.ts";

const PROMPTS = { vanilla: vanillaPrompt, cot: chainOfThoughtPrompt } as const;

/** Tokens of an answer in the released evaluation (max_response_length). */
export const RELEASED_MAX_NEW_TOKENS = 1024;

/** What to evaluate; without `data` or `maxNewTokens`, see `deno task evaluate`. */
export type EvaluateModelOptions =
  & Omit<EvaluationSettings, "data" | "maxNewTokens">
  & Partial<Pick<EvaluationSettings, "data" | "maxNewTokens">>;

/** The tasks of an evaluation, and what answers the model's turns. */
export interface OpenTasks {
  readonly benchmark: Benchmark;
  /** Folder of its files. */
  readonly data: string;
  /** The first of the split, as many as are evaluated. */
  readonly tasks: readonly Task[];
  /** Tasks of the whole split. */
  readonly splitTasks: number;
  readonly environments: EvaluateOptions["environments"];
  /** Of a turn, if the benchmark says. */
  readonly maxNewTokens?: number;
}

/** Answers, and the settings that were chosen for lack of an option. */
export interface Answers {
  readonly records: readonly EvaluationRecord[];
  readonly settings: MemgenArguments & { readonly maxNewTokens: number };
}

/**
 * The tasks; without a folder those of the twin.
 *
 * @throws As the benchmark's `load` and `openEnvironments` do.
 */
export async function openTasks(
  { benchmark: name, data: folder, split, limit, maxNewTokens, retriever }:
    EvaluateModelOptions,
): Promise<OpenTasks> {
  // A twin's scorer gives the same marks without python3 where it can.
  const twin = folder === undefined ? findTwin(name) : undefined;
  const benchmark = twin?.benchmark ?? findBenchmark(name);
  const data = folder ?? await twinFolder(twin!);
  const all = await benchmark.load(data, split);
  return {
    benchmark,
    data,
    tasks: all.slice(0, limit),
    splitTasks: all.length,
    environments: await benchmark.openEnvironments?.(data, { retriever }),
    maxNewTokens: maxNewTokens ?? (twin && twinTurnTokens(benchmark)),
  };
}

/**
 * Opens the model, refuses tasks that do not fit it, then answers and scores.
 *
 * @param share Which of the tasks are answered, and who is told.
 * @throws {RangeError} If a task does not fit the model; names the task.
 * @throws As `loadModel`, `loadLora` and `openMemory` do for bad folders.
 */
export async function answerTasks(
  { benchmark, tasks, environments, maxNewTokens: given }: OpenTasks,
  options: EvaluateModelOptions,
  share: Required<Pick<EvaluateOptions, "chosen" | "onProgress">>,
): Promise<Answers> {
  const model = await loadModel(options.model);
  const { config, weights, tokenizer } = model;
  const lora = options.adapter === undefined
    ? undefined
    : loadLora(options.adapter, config);
  const opened = await openMemory("evaluate", options, model);
  const memory = opened?.memory;
  const prompt = PROMPTS[options.method];
  const maxLatents = memory?.maxLatents ?? 0;
  const prompts = tasks.map(({ messages }) =>
    encodePrompt(tokenizer, prompt(messages))
  );
  const longest = Math.max(...prompts.map(({ length }) => length));
  const room = config.maxPositions - longest - maxLatents;
  const maxNewTokens = given ??
    Math.max(1, Math.min(RELEASED_MAX_NEW_TOKENS, room));
  prompts.forEach((ids, i) =>
    requirePrompt(config, ids, { name: tasks[i].id, maxNewTokens, maxLatents })
  );
  const generator = new Generator(model);
  const records = await evaluate(benchmark, tasks, {
    ...share,
    generator,
    model,
    environments,
    prompt,
    view: { weights, lora },
    memory,
    maxNewTokens,
    batchSize: options.batchSize,
    seed: options.seed,
  });
  generator.dispose();
  disposeTree([weights, lora]);
  opened?.dispose();
  const { triggerActive, maxPromptAugmentations, maxInferenceAugmentations } =
    memory?.config ?? {};
  const memgen = memory === undefined ? {} : {
    trigger: options.trigger ?? (triggerActive ? "learned" : "always"),
    maxPromptAugmentations,
    maxInferenceAugmentations,
  };
  return { records, settings: { ...memgen, maxNewTokens } };
}
