/** `deno task evaluate`: accuracy of a model on a benchmark. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { RECIPES } from "@/experiments/pretraining/recipe.ts";
import { BENCHMARK_NAMES } from "@/lib/benchmarks/mod.ts";
import type { BackendInfo } from "@/lib/tensorflow/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import {
  type EvaluateModelOptions,
  openTasks,
  RELEASED_MAX_NEW_TOKENS,
} from "@/tasks/evaluation_answers.ts";
import {
  defaultOutput,
  readBaseline,
  summaryPath,
  writeEvaluation,
} from "@/tasks/evaluation_files.ts";
import {
  answerInShares,
  shareThreads,
  usefulWorkers,
  type Workers,
} from "@/tasks/evaluation_shares.ts";
import {
  type EvaluationSummary,
  summarize,
  summaryTable,
} from "@/tasks/evaluation_summary.ts";
import {
  MEMGEN_OPTIONS,
  requireMemgenArguments,
} from "@/tasks/memgen_options.ts";
import { MODEL_OPTIONS } from "@/tasks/model_options.ts";
import { requireOutputFile } from "@/tasks/output_file.ts";
import { printTable } from "@/tasks/print_table.ts";
import { provenance } from "@/tasks/provenance.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task evaluate` takes. */
export const DEFINITION = {
  name: "evaluate",
  description:
    "Answers the tasks of a benchmark greedily, scores the answers with both of its scorers, official and lenient (see deno task score), and prints the accuracies with their 95 % Wilson intervals. Writes a record for each task, in the order of the tasks, and beside it, as FILE.json, a summary with all settings.",
  options: {
    benchmark: {
      type: "string",
      placeholder: "NAME",
      choices: BENCHMARK_NAMES,
      help: "Whose tasks, prompt and scorers to use",
      required: true,
    },
    data: {
      type: "string",
      placeholder: "DIR",
      help:
        "Folder with its published files. Default: its twin, in .runs/twins, made if it is not there",
    },
    split: {
      type: "string",
      placeholder: "NAME",
      choices: ["train", "valid", "test"],
      default: "test",
      help: "Part of the benchmark",
    },
    limit: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      help: "Only the first N tasks of the split. Default: all",
    },
    reasoner: {
      type: "string",
      placeholder: "NAME",
      choices: RECIPES.map(({ name }) => name),
      help: "Mini reasoner of results/reasoners; this or --model",
    },
    model: { ...MODEL_OPTIONS.model, required: false },
    adapter: {
      type: "string",
      placeholder: "DIR",
      help:
        "PEFT folder of a LoRA adapter for it; not together with --memgen. Default: none",
    },
    ...MEMGEN_OPTIONS,
    method: {
      type: "string",
      placeholder: "NAME",
      choices: ["vanilla", "cot"],
      default: "vanilla",
      help:
        "Prompt: vanilla is the benchmark's own, cot also asks to think step by step",
    },
    maxNewTokens: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      help:
        `Most tokens of a turn. Default: ${RELEASED_MAX_NEW_TOKENS} as in the released evaluation, or as many as the model's positions leave; 128 for a twin without --data, 64 if it has several turns`,
    },
    retriever: {
      type: "string",
      placeholder: "URL",
      help:
        "Search engine of benchmarks that search, such as that of deno task retriever. Default: BM25 over corpus.jsonl of --data",
    },
    batchSize: {
      type: "integer",
      placeholder: "B",
      minimum: 1,
      default: 32,
      help: "Tasks at once; changes the speed, not the result",
    },
    workers: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      help:
        "Processes that share the tasks, each with its own copy of the model; changes the speed, not the result. Default: for a mini reasoner one for each core, if there are enough tasks, else 1",
    },
    seed: {
      type: "integer",
      placeholder: "S",
      minimum: 0,
      default: 0,
      help: "Seed of random decisions; the tokens are greedy",
    },
    output: {
      type: "string",
      placeholder: "FILE",
      help:
        "JSONL of the records; replaced only once all is answered. Default: a name made of the settings, in .runs/evaluate",
    },
    baseline: {
      type: "string",
      placeholder: "FILE",
      help:
        "Records of an earlier evaluation on the same tasks, such as of the model alone, to show the gain over it with its interval. Default: none",
    },
    ...BACKEND_OPTIONS,
  },
  examples: [
    "--benchmark gsm8k --reasoner mini-qwen2.5",
    "--benchmark gsm8k --data ../shared/data/gsm8k --model tests/parity/models/tiny-qwen2.5 --limit 50",
    "--benchmark gsm8k --data ../shared/data/gsm8k --model Qwen2.5-1.5B-Instruct --memgen checkpoint --trigger learned --output memgen.jsonl",
  ],
} as const satisfies TaskDefinition;

/**
 * Evaluates a model on a benchmark; see `DEFINITION`.
 *
 * @param start Starts the backend of so many processes; called once the tasks
 * are known to be good.
 * @param workers Processes that share the tasks. Default: this one alone.
 * @returns What was written beside the records.
 * @throws {UsageError} As `requireMemgenArguments` does, if an adapter comes
 * with MemGen, or the output is a folder or not JSONL.
 * @throws {RangeError} If a task does not fit the model; names the task. If the
 * baseline is of other tasks.
 * @throws As `openTasks`, `answerTasks` and `answerInShares` do.
 */
export async function evaluateModel(
  options: EvaluateModelOptions,
  start: (processes: number) => Promise<BackendInfo>,
  { count, backend: workerBackend }: Workers = { count: 1, backend: {} },
): Promise<EvaluationSummary> {
  requireOptions(options);
  const opened = await openTasks(options);
  const { data, tasks, splitTasks } = opened;
  const baseline = options.baseline === undefined
    ? undefined
    : readBaseline(options.baseline, tasks.map(({ id }) => id));
  const processes = count ?? usefulWorkers(tasks.length);
  const backend = await start(processes);
  const started = performance.now();
  const { records, settings } = await answerInShares(
    opened,
    options,
    { count: processes, backend: workerBackend },
  );
  const seconds = (performance.now() - started) / 1000;
  const summary = summarize(records, {
    settings: { ...options, data, ...settings },
    splitTasks,
    seconds,
    processes,
    made: await provenance("deno task evaluate", backend),
  }, baseline);
  writeEvaluation(options.output, records, summary);
  return summary;
}

function requireOptions(options: EvaluateModelOptions): void {
  const { adapter, memgen, data, model, output } = options;
  requireMemgenArguments(DEFINITION.name, options);
  if (adapter !== undefined && memgen !== undefined) {
    const rule = "--adapter and --memgen must not come together";
    throw new UsageError(DEFINITION.name, rule, `${adapter} and ${memgen}`);
  }
  if (!output.endsWith(".jsonl")) {
    throw new UsageError(
      DEFINITION.name,
      "--output must end in .jsonl",
      output,
    );
  }
  requireOutputFile(DEFINITION.name, { input: data ?? model, output });
}

/** The folder of the model or of the reasoner. */
function modelFolder(
  { model, reasoner }: { readonly model?: string; readonly reasoner?: string },
): string {
  if ((model === undefined) === (reasoner === undefined)) {
    throw new UsageError(
      DEFINITION.name,
      "one of --model and --reasoner must be given",
      model === undefined ? "none" : "both",
    );
  }
  return model ?? join("results", "reasoners", reasoner!);
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const { reasoner, workers, backend, threads, precision, cuda, ...given } =
      args;
    const options = { ...given, model: modelFolder(args) };
    const output = args.output ?? defaultOutput({ ...options, precision });
    const chosen = { backend, threads, precision, cuda };
    const summary = await evaluateModel(
      { ...options, output },
      (processes) => startBackend(shareThreads(chosen, processes)),
      {
        // A large model may not fit into memory, nor a GPU bear it, twice.
        count: workers ?? (reasoner === undefined || cuda ? 1 : undefined),
        backend: chosen,
      },
    );
    printTable(summaryTable(summary));
    console.log(`Records: ${output}\nSummary: ${summaryPath(output)}`);
  });
}
