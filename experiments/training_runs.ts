/** Single training runs: a method by its name, at the sizes of a preset. */
import { createHash } from "node:crypto";
import {
  type Benchmark,
  encodePrompt,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import { loadMemgen, type MemgenModules } from "@/lib/memgen/mod.ts";
import type { Model } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  conversationRow,
  type Run,
  type StepMetrics,
  type TrainedParameters,
} from "@/lib/training/mod.ts";
import { batchShape, roundUp } from "@/experiments/batch_shape.ts";
import { memgenMethod } from "@/experiments/methods/memgen.ts";
import type { Method, RunSettings } from "@/experiments/methods/method.ts";
import {
  grpoMethod,
  memgenGrpoMethod,
  type PolicyMethod,
  reinforceMethod,
  reinforcePlusPlusMethod,
} from "@/experiments/methods/policies.ts";
import { triggerMethod } from "@/experiments/methods/trigger.ts";
import { sftMethod } from "@/experiments/methods/sft.ts";
import type { TrainingMethod, TrainingPreset } from "@/experiments/presets.ts";

/** What a run trains, on what. */
export interface TrainingOptions extends Pick<Run, "onStep"> {
  /** The model; its weights stay as they are. */
  readonly model: Model;
  /** Name of the model in the settings of the run: changes with its files. */
  readonly modelKey: string;
  /** Scores answers. */
  readonly benchmark: Benchmark;
  /** Training tasks. */
  readonly tasks: readonly Task[];
  /** Sizes. */
  readonly preset: TrainingPreset;
  /** Seed. */
  readonly seed: number;
  /**
   * MemGen checkpoint to begin with, and whose settings hold; a trigger must
   * have one. Default: none.
   */
  readonly from?: string;
  /** Folder of the run's checkpoint and logs. */
  readonly folder: string;
}

/**
 * Trains a method, or goes on where its folder says, and writes what was
 * learned in its published format.
 *
 * @param output Folder for it: a PEFT adapter or a MemGen checkpoint.
 * @returns Metrics of every step.
 * @throws {TypeError} If `from` is given for another method, or not for a trigger.
 * @throws What `train` and the loading of `from` do.
 */
export async function runTraining(
  name: TrainingMethod,
  output: string,
  options: TrainingOptions,
): Promise<readonly StepMetrics[]> {
  const { model, tasks, preset, seed, from, folder, onStep } = options;
  if (from !== undefined && !isOfMemgen(name)) {
    throw new TypeError(
      `Cannot begin with ${from} as the method must be one of MemGen's: current value is ${name}`,
    );
  }
  if (from === undefined && name === "trigger") {
    throw new TypeError(
      "Cannot train a trigger as there must be a checkpoint with its weaver: current value is none",
    );
  }
  const modules = from === undefined
    ? undefined
    : await loadMemgen(from, model.config);
  const { method, train } = makeMethod(name, modules, options);
  const [learning, frozen] = name === "trigger"
    ? [modules?.trigger, modules?.weaver]
    : [modules?.weaver, modules?.trigger];
  const length = preset.runs[name];
  const { parameters, metrics } = await train({
    ...length,
    seed,
    onStep,
    initial: learning,
    checkpoint: {
      folder,
      saveEvery: preset.saveEvery,
      settings: {
        method: method.id,
        ...method.settings,
        ...length,
        batchSize: preset.batchSize,
        seed,
        from,
        model: options.modelKey,
        tasks: digest(tasks),
      },
    },
  });
  await method.save(output, parameters);
  disposeTree([parameters, frozen]);
  return metrics;
}

/** Whether a method trains a module of MemGen. */
export function isOfMemgen(name: TrainingMethod): boolean {
  return name === "trigger" || name.startsWith("memgen");
}

/** A method with its training on the tasks of a run. */
interface Prepared {
  readonly method: Method | PolicyMethod;
  readonly train: (settings: RunSettings) => Promise<TrainedParameters>;
}

function makeMethod(
  name: TrainingMethod,
  modules: MemgenModules | undefined,
  options: TrainingOptions,
): Prepared {
  const { model, preset } = options;
  const memgen = modules?.config ?? preset.memgen;
  const sizes = {
    ...preset.policy,
    promptLength: promptLength(options),
  };
  switch (name) {
    case "sft":
      return onAnswers(sftMethod(model), options);
    case "memgen-sft":
      return onAnswers(memgenMethod(model, memgen), options);
    case "memgen-grpo":
      return onRewards(memgenGrpoMethod(model, memgen, sizes), options);
    case "trigger":
      return onRewards(triggerMethod(model, modules!, sizes), options);
    case "grpo":
      return onRewards(grpoMethod(model, sizes), options);
    case "reinforce":
      return onRewards(reinforceMethod(model, sizes), options);
    case "reinforce-plus-plus":
      return onRewards(reinforcePlusPlusMethod(model, sizes), options);
  }
}

function onAnswers(
  method: Method,
  { model: { tokenizer }, tasks, preset }: TrainingOptions,
): Prepared {
  const rows = tasks.map(({ messages, demonstration }) =>
    conversationRow(tokenizer, [...messages, ...demonstration])
  );
  const shape = batchShape(rows, preset.batchSize);
  const train = (settings: RunSettings) =>
    method.train(rows, { ...settings, shape });
  return { method, train };
}

function onRewards(
  method: PolicyMethod,
  { benchmark, tasks }: TrainingOptions,
): Prepared {
  const train = (settings: RunSettings) =>
    method.train(benchmark, tasks, settings);
  return { method, train };
}

/** Room for every prompt. */
function promptLength({ model, tasks }: TrainingOptions): number {
  const lengths = tasks.map(({ messages }) =>
    encodePrompt(model.tokenizer, messages).length
  );
  return roundUp(Math.max(...lengths));
}

function digest(tasks: readonly Task[]): string {
  return createHash("sha256").update(JSON.stringify(tasks)).digest("hex");
}
