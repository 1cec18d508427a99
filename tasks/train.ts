/** `deno task train`: trains one method on a benchmark. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { Interrupted } from "@/experiments/ledger.ts";
import {
  PRESET_NAMES,
  QUICK_TRAINING,
  TRAINING_METHODS,
  type TrainingMethod,
  type TrainingPreset,
} from "@/experiments/presets.ts";
import { isOfMemgen, runTraining } from "@/experiments/training_runs.ts";
import { isFile } from "@/lib/benchmarks/files.ts";
import { chooseTasks, findBenchmark } from "@/lib/benchmarks/mod.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import { INSERTIONS } from "@/lib/memgen/mod.ts";
import { loadModel } from "@/lib/models/mod.ts";
import { type BackendInfo, disposeTree } from "@/lib/tensorflow/mod.ts";
import type { StepMetrics } from "@/lib/training/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask } from "@/tasks/cli.ts";
import { INTERRUPTED_EXIT, interruption } from "@/tasks/interruption.ts";
import { modelKey } from "@/tasks/model_key.ts";
import { Progress } from "@/tasks/progress.ts";
import { provenance } from "@/tasks/provenance.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";
import { twinFolder } from "@/tasks/twin_folder.ts";
import { trainingFigures, writeCurve } from "@/tasks/training_curves.ts";

/** What `deno task train` takes. */
export const DEFINITION = {
  name: "train",
  description:
    "Trains one method on a benchmark at the sizes of a preset and writes what was learned: a PEFT adapter or a MemGen checkpoint, with curves of the run. Its folder run holds the checkpoint, a line of JSON for every step (metrics.jsonl) and TensorBoard's event files. After Ctrl-C, or anything worse, the same command goes on where it stopped, to the same weights. The quick preset trains a mini reasoner on the benchmark's twin in minutes on two cores.",
  options: {
    method: {
      type: "string",
      placeholder: "NAME",
      choices: TRAINING_METHODS,
      required: true,
      help:
        "What learns from what: sft an adapter from worked answers, memgen-sft a weaver; memgen-grpo a weaver from rewards, trigger when to remember, the others an adapter",
    },
    benchmark: {
      type: "string",
      placeholder: "NAME",
      choices: ["gsm8k"],
      required: true,
      help: "Whose tasks to train on",
    },
    preset: {
      type: "string",
      placeholder: "NAME",
      choices: PRESET_NAMES,
      default: "quick",
      help: "Scale of the run",
    },
    data: {
      type: "string",
      placeholder: "DIR",
      help:
        "Folder with its published files. Default: its twin, in .runs/twins, made if it is not there",
    },
    model: {
      type: "string",
      placeholder: "DIR",
      help:
        "Hugging Face folder of the reasoner. Default: the preset's mini reasoner",
    },
    from: {
      type: "string",
      placeholder: "DIR",
      help:
        "MemGen checkpoint to begin with, for MemGen's methods; its settings then hold. Default: a new weaver; for trigger what memgen-sft writes, trained first if it is not there",
    },
    tasks: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      help:
        "Learn from N of the training tasks only, chosen by hash: fewer are part of more. Default: all",
    },
    insertion: {
      type: "string",
      placeholder: "WHERE",
      choices: INSERTIONS,
      default: QUICK_TRAINING.memgen.insertion,
      help: "Where a new weaver's memory goes",
    },
    steps: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      help: "Steps of the run. Default: the preset's for the method",
    },
    rate: {
      type: "number",
      placeholder: "R",
      minimum: 0,
      help: "Highest learning rate. Default: the preset's for the method",
    },
    seed: {
      type: "integer",
      placeholder: "N",
      minimum: 0,
      default: 0,
      help: "Of first weights, order and sampling",
    },
    output: {
      type: "string",
      placeholder: "DIR",
      help:
        "Folder to write. Default: .runs/train/BENCHMARK-METHOD-PRESET-SEED",
    },
    ...BACKEND_OPTIONS,
  },
  examples: [
    "--method memgen-sft --benchmark gsm8k --preset quick",
    "--method sft --benchmark gsm8k --tasks 250 --output .runs/train/scarce",
    "--method memgen-grpo --benchmark gsm8k --from .runs/train/gsm8k-memgen-sft-quick-0",
  ],
} as const satisfies TaskDefinition;

/** What to train; see `DEFINITION`. */
export interface TrainOptions {
  /** What learns from what. */
  readonly method: TrainingMethod;
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** Folder of its files. */
  readonly data: string;
  /** Folder of the reasoner. */
  readonly model: string;
  /** How many of the training tasks. Default: all. */
  readonly tasks?: number;
  /** MemGen checkpoint to begin with. Default: none. */
  readonly from?: string;
  /** Sizes. */
  readonly preset: TrainingPreset;
  /** Seed. */
  readonly seed: number;
  /** Folder to write. */
  readonly output: string;
  /** Stops the run between two steps. */
  readonly signal: AbortSignal;
}

/**
 * Trains a method; see `DEFINITION`.
 *
 * @param start Starts the backend; called once the tasks are known to be good.
 * @returns Metrics of every step.
 * @throws {Interrupted} If the signal stopped it.
 * @throws {RangeError} If there are fewer tasks than asked for.
 * @throws As the benchmark's `load`, `loadModel` and `runTraining` do.
 */
export async function trainOnBenchmark(
  options: TrainOptions,
  start: () => Promise<BackendInfo>,
): Promise<readonly StepMetrics[]> {
  const { method, preset, seed, from, output, signal } = options;
  const benchmark = findBenchmark(options.benchmark);
  const all = await benchmark.load(options.data, "train");
  const tasks = chooseTasks(all, options.tasks ?? all.length);
  const backend = await start();
  const model = await loadModel(options.model);
  let progress: Progress | undefined;
  let metrics: readonly StepMetrics[];
  try {
    metrics = await runTraining(method, output, {
      model,
      modelKey: await modelKey(options.model),
      benchmark,
      tasks,
      preset,
      seed,
      from,
      folder: join(output, "run"),
      onStep(index, step) {
        const { steps } = preset.runs[method];
        progress ??= new Progress(`Train ${method}`, steps, { done: index });
        progress.update(index + 1, progressNote(step));
        if (signal.aborted) {
          throw new Interrupted("Stopped; the same command goes on from here");
        }
      },
    });
  } finally {
    progress?.end();
    disposeTree(model.weights);
  }
  const made = await provenance("deno task train", backend);
  const { signal: _, ...settings } = options;
  await Deno.writeTextFile(
    join(output, "training.json"),
    `${JSON.stringify({ settings, made }, null, 2)}\n`,
  );
  return metrics;
}

/** What the progress bar says of a step: the reward where there is one. */
function progressNote({ loss, reward }: StepMetrics): string {
  return reward === undefined
    ? `loss ${loss.toFixed(3)}`
    : `reward ${reward.toFixed(3)}`;
}

/** The preset with what the command line changes. */
function changedPreset(
  preset: TrainingPreset,
  { method, insertion, steps, rate }: {
    readonly method: TrainingMethod;
    readonly insertion: TrainingPreset["memgen"]["insertion"];
    readonly steps?: number;
    readonly rate?: number;
  },
): TrainingPreset {
  const length = preset.runs[method];
  return {
    ...preset,
    memgen: { ...preset.memgen, insertion },
    runs: {
      ...preset.runs,
      [method]: {
        steps: steps ?? length.steps,
        peakRate: rate ?? length.peakRate,
      },
    },
  };
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const { method, benchmark, seed } = args;
    const preset = changedPreset(QUICK_TRAINING, args);
    const folderOf = (method: TrainingMethod): string =>
      join(".runs", "train", `${benchmark}-${method}-${args.preset}-${seed}`);
    const output = args.output ?? folderOf(method);
    const model = args.model ?? join("results", "reasoners", preset.reasoner);
    const data = args.data ?? await twinFolder(findTwin(benchmark));
    using interrupt = interruption();
    let started: Promise<BackendInfo> | undefined;
    const run = async (
      changes: Pick<TrainOptions, "method" | "from" | "output">,
    ): Promise<void> => {
      const metrics = await trainOnBenchmark({
        ...args,
        preset,
        model,
        data,
        signal: interrupt.signal,
        ...changes,
      }, () => started ??= startBackend(args));
      for (const [name, figure] of trainingFigures(changes.method, metrics)) {
        await writeCurve(join(changes.output, name), figure);
      }
    };
    try {
      let { from } = args;
      if (method === "trigger" && from === undefined) {
        from = folderOf("memgen-sft");
        if (!await isFile(join(from, "config.json"))) {
          await run({ method: "memgen-sft", output: from });
        }
      }
      await run({ method, from, output });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      console.error(error.message);
      Deno.exit(INTERRUPTED_EXIT);
    }
    const kind = isOfMemgen(method) ? "memgen" : "adapter";
    const evaluate =
      `deno task evaluate --benchmark ${benchmark} --data ${data} --model ${model}`;
    console.log(`${output}: what was learned, and curves of the run
Its curves live: tensorboard --logdir ${join(output, "run")}
Its gain over the model alone, with the interval:
  ${evaluate} --output ${join(output, "vanilla.jsonl")}
  ${evaluate} --${kind} ${output} --output ${
      join(output, "trained.jsonl")
    } --baseline ${join(output, "vanilla.jsonl")}`);
  });
}
