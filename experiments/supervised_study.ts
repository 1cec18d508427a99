/**
 * A supervised study of one reasoner on one twin: trained adapters and weavers,
 * and evaluations, each a cell of the ledger. Tables choose among them.
 */
import { join } from "node:path";
import {
  countOfficial,
  type EvaluationRecord,
  type Message,
} from "@/lib/benchmarks/mod.ts";
import {
  splitProblems,
  type Twin,
  twinKey,
  type TwinProblem,
} from "@/lib/benchmarks/twins/mod.ts";
import type { Generator, Model } from "@/lib/models/mod.ts";
import { disposeTree, type Precision } from "@/lib/tensorflow/mod.ts";
import { conversationRow, type LabelledTokens } from "@/lib/training/mod.ts";
import { batchShape } from "@/experiments/batch_shape.ts";
import {
  type Done,
  folderChecksum,
  Interrupted,
  type Json,
  type Ledger,
} from "@/experiments/ledger.ts";
import type { Applied, Method } from "@/experiments/methods/method.ts";
import type { StudyPreset } from "@/experiments/presets.ts";
import { answerProblems, twinTurnTokens } from "@/experiments/twin_answers.ts";

/** Result of a training cell. */
export interface Trained {
  /** Examples of a step. */
  readonly batchSize: number;
  /** Loss of every step. */
  readonly losses: readonly number[];
  /** Validation tasks. */
  readonly validTasks: number;
  /** Right answers among them. */
  readonly validCorrect: number;
  /** What made it. */
  readonly made: string;
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
  /** What made it. */
  readonly made: string;
}

/** One training run. */
export interface TrainingRun {
  /** The method. */
  readonly method: Method;
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
  /** The reasoner's compiled functions; studies share them. */
  readonly generator: Generator;
  /** What the backend multiplies in: each has its own cells. @default {"fp32"} */
  readonly precision?: Precision;
  /** Sizes. */
  readonly preset: StudyPreset;
  /** Where results are kept. */
  readonly ledger: Ledger;
  /** Command, device, versions, commit: kept with each result. */
  readonly made: string;
  /** Stops the study between two steps. */
  readonly signal: AbortSignal;
  /** Called while a cell is computed: how far it is, from 0 to 1. */
  readonly onFraction?: (fraction: number, note: string) => void;
}

/** Versions of the code behind the cells; a change of results changes them. */
const VERSIONS = { train: 3, evaluate: 4 } as const;

/** Share of a training cell's time that is training, for progress. */
const TRAINING_SHARE = 0.9;

/** What was answered, in the folder of an evaluation cell. */
const RECORDS_FILE = "records.jsonl";

/** Examples of a training step on a twin. */
export function trainingBatchSize(
  { benchmark: { maxTurns } }: Twin,
  { batchSize, episodeBatchSize }: StudyPreset,
): number {
  return maxTurns === 1 ? batchSize : episodeBatchSize;
}

/** One reasoner, one twin. */
export class SupervisedStudy {
  readonly #options: StudyOptions;

  /** Nothing is computed yet. */
  constructor(options: StudyOptions) {
    this.#options = options;
  }

  /** A method trained on the training split, with its validation. */
  async train(run: TrainingRun): Promise<Done<Trained>> {
    const { twin, ledger, preset } = this.#options;
    const { method, seed, rate } = run;
    const { steps } = preset;
    const batchSize = trainingBatchSize(twin, preset);
    return await ledger.run<Trained>({
      kind: "train",
      version: VERSIONS.train,
      settings: {
        ...this.#settings(),
        method: method.id,
        methodSettings: method.settings,
        rate,
        seed,
        steps,
        batchSize,
        validTasks: preset.validTasks,
      },
    }, async (folder) => {
      const rows = splitProblems(twin, "train").map((each) => this.#row(each));
      const { parameters, metrics } = await method.train(rows, {
        shape: batchShape(rows, batchSize),
        peakRate: rate,
        steps,
        seed,
        onStep: (step, { loss }) =>
          this.#report(
            TRAINING_SHARE * (step + 1) / steps,
            `loss ${loss.toFixed(3)}`,
          ),
      });
      await method.save(folder, parameters);
      disposeTree(parameters);
      const applied = await method.load(folder);
      try {
        const valid = splitProblems(twin, "valid", preset.validTasks);
        const records = await this.#answer(valid, applied, TRAINING_SHARE);
        return {
          batchSize,
          losses: metrics.map(({ loss }) => loss),
          validTasks: valid.length,
          validCorrect: countOfficial(records),
          made: this.#options.made,
        };
      } finally {
        applied.dispose();
      }
    });
  }

  /** A method on the test split, with what it learned, in a folder. */
  async evaluateTrained(
    method: Method,
    folder: string,
  ): Promise<Done<Evaluated>> {
    const settings = {
      method: method.id,
      methodSettings: method.settings,
      parameters: folderChecksum(folder),
    };
    return await this.#evaluate(settings, () => method.load(folder));
  }

  /** The untrained model on the test split. */
  async evaluatePrompting({ id, prompt }: Prompting): Promise<Done<Evaluated>> {
    const { weights } = this.#options.model;
    const applied: Applied = { view: { weights }, dispose: () => {} };
    return await this.#evaluate(
      { method: id, prompt: promptText(prompt) },
      () => Promise.resolve(applied),
      prompt,
    );
  }

  async #evaluate(
    settings: Record<string, Json>,
    load: () => Promise<Applied>,
    prompt?: Prompting["prompt"],
  ): Promise<Done<Evaluated>> {
    const { twin, ledger, preset } = this.#options;
    const { testTasks, firstTestTask = 0 } = preset;
    return await ledger.run<Evaluated>({
      kind: "evaluate",
      version: VERSIONS.evaluate,
      settings: {
        ...this.#settings(),
        ...settings,
        testTasks,
        firstTestTask,
      },
    }, async (folder) => {
      const applied = await load();
      try {
        const problems = splitProblems(twin, "test", testTasks, firstTestTask);
        const records = await this.#answer(problems, applied, 0, prompt);
        const lines = records.map((record) => `${JSON.stringify(record)}\n`);
        await Deno.writeTextFile(join(folder, RECORDS_FILE), lines.join(""));
        return {
          n: records.length,
          correct: countOfficial(records),
          lenient: sum(records, ({ lenient }) => lenient),
          tokens: sum(records, ({ tokens }) => tokens),
          insertions: sum(records, ({ insertions }) => insertions.length),
          made: this.#options.made,
        };
      } finally {
        applied.dispose();
      }
    });
  }

  /** @param start Share of the cell that was done before. */
  async #answer(
    problems: readonly TwinProblem[],
    { view, memory }: Applied,
    start: number,
    prompt?: Prompting["prompt"],
  ): Promise<EvaluationRecord[]> {
    const { twin, model, generator, preset } = this.#options;
    return await answerProblems(twin, problems, {
      generator,
      model,
      view,
      memory,
      prompt,
      batchSize: preset.answerBatch,
      onProgress: (done, total) =>
        this.#report(start + (1 - start) * done / total, `${done} answers`),
    });
  }

  /** What every cell of the study depends on. */
  #settings(): Record<string, Json> {
    const { twin, modelKey, precision = "fp32" } = this.#options;
    return {
      twin: `${twin.benchmark.name}-${twinKey(twin)}`,
      maxNewTokens: twinTurnTokens(twin.benchmark),
      reasoner: modelKey,
      precision,
    };
  }

  #row({ task: { messages, demonstration } }: TwinProblem): LabelledTokens {
    const { tokenizer } = this.#options.model;
    return conversationRow(tokenizer, [...messages, ...demonstration]);
  }

  #report(fraction: number, note: string): void {
    if (this.#options.signal.aborted) {
      throw new Interrupted("Stopped; the same command goes on from here");
    }
    this.#options.onFraction?.(fraction, note);
  }
}

/** What was answered in an evaluation cell, task by task. */
export async function readRecords(
  folder: string,
): Promise<EvaluationRecord[]> {
  const text = await Deno.readTextFile(join(folder, RECORDS_FILE));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** What a prompting adds to messages. */
function promptText(prompt: Prompting["prompt"]): string {
  return prompt([{ role: "user", content: "" }])
    .map(({ role, content }) => `${role}: ${content}`).join("\n");
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
