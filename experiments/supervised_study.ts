/**
 * A supervised study on one benchmark: its data, trained adapters and weavers,
 * evaluations, each a cell of the ledger. Tables choose among them.
 */
import { join } from "node:path";
import {
  chooseIds,
  countOfficial,
  evaluate,
  type EvaluationRecord,
  type Message,
  type Split,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import { type Twin, WORLD_SEED } from "@/lib/benchmarks/twins/mod.ts";
import type { AppendShape } from "@/lib/memgen/mod.ts";
import { Generator, type Model } from "@/lib/models/mod.ts";
import { disposeTree, type Precision } from "@/lib/tensorflow/mod.ts";
import { conversationRow, type LabelledTokens } from "@/lib/training/mod.ts";
import {
  type Done,
  Interrupted,
  type Json,
  type Ledger,
} from "@/experiments/ledger.ts";
import { batchShape } from "@/experiments/batch_shape.ts";
import type { Applied, Method } from "@/experiments/methods/method.ts";
import type { SupervisedPreset } from "@/experiments/presets.ts";

/** Result of a training cell. */
export interface Trained {
  /** Loss of every step. */
  readonly losses: readonly number[];
  /** Right answers among the validation tasks. */
  readonly validCorrect: number;
}

/** Result of an evaluation cell. */
export interface Evaluated {
  /** Tasks. */
  readonly n: number;
  /** Right under the released code's scorer. */
  readonly correct: number;
  /** Right under our lenient one. */
  readonly lenient: number;
  /** Tokens written. */
  readonly tokens: number;
  /** Insertions made. */
  readonly insertions: number;
}

/**
 * What an evaluation asks: the test split, or problems of a new world whose
 * facts are given as notes.
 */
export type Probe = "test" | "notes";

/** One training run. */
export interface TrainingRun {
  /** The method. */
  readonly method: Method;
  /** Training examples. */
  readonly size: number;
  /** Highest learning rate. */
  readonly rate: number;
  /** Seed. */
  readonly seed: number;
}

/** How tasks are put to a model that was not trained. */
export interface Prompting {
  /** Name in cells. */
  readonly id: string;
  /** From a task's messages to those that the model reads. */
  readonly prompt: (messages: readonly Message[]) => readonly Message[];
}

/** What a study works with. */
export interface StudyOptions {
  /** Where tasks come from. */
  readonly twin: Twin;
  /** The reasoner. */
  readonly model: Model;
  /** Checksum of its files. */
  readonly modelKey: string;
  /** What the backend multiplies in: each has its own cells. @default {"fp32"} */
  readonly precision?: Precision;
  /** Sizes. */
  readonly preset: SupervisedPreset;
  /** Where results are kept. */
  readonly ledger: Ledger;
  /** Stops the study between two steps. */
  readonly signal: AbortSignal;
  /** Called while a cell is computed: how far it is, from 0 to 1. */
  readonly onFraction?: (fraction: number, note: string) => void;
}

/** Versions of the code behind the cells; a change of results changes them. */
const VERSIONS = { twin: 1, train: 1, evaluate: 2 } as const;

/** Share of a training cell's time that is training, for progress. */
const TRAINING_SHARE = 0.9;

/** One model, one preset, one ledger. */
export class SupervisedStudy {
  readonly #options: StudyOptions;
  readonly #generator: Generator;
  readonly #tasks = new Map<Split, Task[]>();
  #shape: AppendShape | undefined;

  /** Compiled functions and tasks are made at their first use. */
  constructor(options: StudyOptions) {
    this.#options = options;
    this.#generator = new Generator(options.model, "always");
  }

  /** A trained method, with its answers on the validation tasks. */
  async train(run: TrainingRun): Promise<Done<Trained>> {
    const { ledger, modelKey, preset } = this.#options;
    return await ledger.run<Trained>({
      kind: "train",
      version: VERSIONS.train,
      settings: {
        ...this.#runSettings(run),
        ...this.#cellSettings(),
        reasoner: modelKey,
        world: WORLD_SEED,
        validTasks: preset.validTasks,
        maxNewTokens: preset.maxNewTokens,
      },
    }, async (folder) => {
      const { method, seed, rate } = run;
      const tasks = await this.#trainingTasks(run.size);
      const { parameters, metrics } = await method.train(
        tasks.map((task) => this.#row(task)),
        {
          shape: await this.#batchShape(),
          peakRate: rate,
          steps: preset.steps,
          seed,
          onStep: (step, { loss }) =>
            this.#report(
              TRAINING_SHARE * (step + 1) / preset.steps,
              `loss ${loss.toFixed(3)}`,
            ),
        },
      );
      await method.save(folder, parameters);
      disposeTree(parameters);
      const applied = await method.load(folder);
      try {
        const valid = (await this.#load("valid")).slice(0, preset.validTasks);
        const records = await this.#answer(valid, applied, TRAINING_SHARE);
        return {
          losses: metrics.map(({ loss }) => loss),
          validCorrect: countOfficial(records),
        };
      } finally {
        applied.dispose();
      }
    });
  }

  /** A trained method on a probe; `run` is trained if it is not. */
  async evaluateTrained(
    run: TrainingRun,
    probe: Probe,
  ): Promise<Done<Evaluated>> {
    const { folder } = await this.train(run);
    return await this.#evaluate(this.#runSettings(run), probe, async () => ({
      applied: await run.method.load(folder),
    }));
  }

  /** The untrained model on a probe. */
  async evaluatePrompting(
    { id, prompt }: Prompting,
    probe: Probe,
  ): Promise<Done<Evaluated>> {
    const { weights } = this.#options.model;
    const applied: Applied = { view: { weights }, dispose: () => {} };
    return await this.#evaluate(
      { method: id },
      probe,
      () => Promise.resolve({ applied, prompt }),
    );
  }

  async #evaluate(
    settings: Record<string, Json>,
    probe: Probe,
    prepare: () => Promise<
      { applied: Applied; prompt?: Prompting["prompt"] }
    >,
  ): Promise<Done<Evaluated>> {
    const { twin, ledger, modelKey, preset } = this.#options;
    return await ledger.run<Evaluated>({
      kind: "evaluate",
      version: VERSIONS.evaluate,
      settings: {
        ...settings,
        ...this.#cellSettings(),
        probe,
        reasoner: modelKey,
        world: WORLD_SEED,
        tasks: probe === "test" ? preset.testTasks : preset.notedTasks,
        maxNewTokens: preset.maxNewTokens,
      },
    }, async (folder) => {
      const { applied, prompt } = await prepare();
      try {
        const tasks = probe === "test"
          ? (await this.#load("test")).slice(0, preset.testTasks)
          : Array.from(
            { length: preset.notedTasks },
            (_, i) => twin.noted("redrawn", i).task,
          );
        const records = await this.#answer(tasks, applied, 0, prompt);
        const lines = records.map((record) => JSON.stringify(record));
        const path = join(folder, "records.jsonl");
        await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
        return {
          n: records.length,
          correct: countOfficial(records),
          lenient: sum(records, ({ lenient }) => lenient),
          tokens: sum(records, ({ tokens }) => tokens),
          insertions: sum(records, ({ insertions }) => insertions.length),
        };
      } finally {
        applied.dispose();
      }
    });
  }

  /** @param start Share of the cell that was done before. */
  async #answer(
    tasks: readonly Task[],
    { view, memory }: Applied,
    start: number,
    prompt?: Prompting["prompt"],
  ): Promise<EvaluationRecord[]> {
    const { twin, model, preset } = this.#options;
    return await evaluate(twin.benchmark, tasks, {
      generator: this.#generator,
      model,
      view,
      memory,
      prompt,
      maxNewTokens: preset.maxNewTokens,
      batchSize: preset.answerBatch,
      onProgress: (done, total) =>
        this.#report(start + (1 - start) * done / total, `${done} answers`),
    });
  }

  #runSettings(run: TrainingRun): Record<string, Json> {
    const { steps, batchSize } = this.#options.preset;
    const { method, size, rate, seed } = run;
    return {
      method: method.id,
      methodSettings: method.settings,
      size,
      rate,
      seed,
      steps,
      batchSize,
    };
  }

  /** Nothing for GSM8K in fp32: cells were computed before there was another. */
  #cellSettings(): Record<string, Json> {
    const { twin, precision = "fp32" } = this.#options;
    const { name } = twin.benchmark;
    return {
      ...(name === "gsm8k" ? {} : { benchmark: name }),
      ...(precision === "fp32" ? {} : { precision }),
    };
  }

  /** The nested choice of training examples. */
  async #trainingTasks(size: number): Promise<Task[]> {
    const tasks = await this.#load("train");
    const ids = chooseIds(tasks.map(({ id }) => id), { count: size, seed: 0 });
    return tasks.filter(({ id }) => ids.has(id));
  }

  #row({ messages, demonstration }: Task): LabelledTokens {
    const { tokenizer } = this.#options.model;
    return conversationRow(tokenizer, [...messages, ...demonstration]);
  }

  /** Sizes that every batch of the training split fits into. */
  async #batchShape(): Promise<AppendShape> {
    this.#shape ??= batchShape(
      (await this.#load("train")).map((task) => this.#row(task)),
      this.#options.preset.batchSize,
    );
    return this.#shape;
  }

  async #load(split: Split): Promise<Task[]> {
    let tasks = this.#tasks.get(split);
    if (tasks === undefined) {
      const { twin, ledger } = this.#options;
      const { benchmark, sizes } = twin;
      const { folder } = await ledger.run({
        kind: "twin",
        version: VERSIONS.twin,
        settings: { benchmark: benchmark.name, world: WORLD_SEED, ...sizes },
      }, (at) => twin.write(at).then(() => null));
      tasks = await benchmark.load(folder, split);
      this.#tasks.set(split, tasks);
    }
    return tasks;
  }

  #report(fraction: number, note: string): void {
    if (this.#options.signal.aborted) {
      throw new Interrupted("Stopped; the same command goes on from here");
    }
    this.#options.onFraction?.(fraction, note);
  }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
