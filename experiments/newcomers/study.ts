/**
 * The trigger's training shown on the newcomers' world: a reasoner, weavers,
 * triggers and their answers, each a cell of the ledger.
 */
import {
  compileMemgen,
  type Decide,
  disposeMemgen,
  loadMemgen,
  MemgenMemory,
} from "@/lib/memgen/mod.ts";
import { Generator, loadModel, type Model } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import type { Json, Ledger } from "@/experiments/ledger.ts";
import {
  askNewcomers,
  type NewcomersAnswers,
} from "@/experiments/newcomers/answers.ts";
import { pretrainNewcomers } from "@/experiments/newcomers/reasoner.ts";
import type { NewcomersSizes } from "@/experiments/newcomers/settings.ts";
import {
  type Answering,
  trainNewcomersTrigger,
} from "@/experiments/newcomers/trigger.ts";
import { trainNewcomersWeaver } from "@/experiments/newcomers/weaver.ts";
import type { NewcomersSplit } from "@/experiments/newcomers/world.ts";

/** Version of the code behind the cells; a change of results changes it. */
const VERSION = 2;

/** Which trained trigger. */
export interface TriggerKey {
  /** Of weaver and trigger. */
  readonly seed: number;
  /** Lambda of eq. 8. */
  readonly penalty: number;
}

/** Called while a cell is computed: what it is, and how far, from 0 to 1. */
export type OnFraction = (title: string, fraction: number) => void;

/** The cells of one reasoner; compiled functions serve all of them. */
export class NewcomersStudy implements Disposable {
  readonly #answering: Answering;
  readonly #ledger: Ledger;
  readonly #sizes: NewcomersSizes;
  readonly #onFraction: OnFraction;

  private constructor(
    model: Model,
    ledger: Ledger,
    sizes: NewcomersSizes,
    onFraction: OnFraction,
  ) {
    this.#answering = {
      model,
      generator: new Generator(model, sizes.xla),
      functions: compileMemgen(model.config, sizes.xla),
    };
    this.#ledger = ledger;
    this.#sizes = sizes;
    this.#onFraction = onFraction;
  }

  /** A study with its reasoner, which is pre-trained if there is none. */
  static async open(
    ledger: Ledger,
    sizes: NewcomersSizes,
    onFraction: OnFraction = () => {},
  ): Promise<NewcomersStudy> {
    const { reasonerSteps } = sizes;
    const { folder } = await ledger.run(
      {
        kind: "newcomers-reasoner",
        version: VERSION,
        settings: { reasonerSteps },
      },
      (folder) =>
        pretrainNewcomers(
          folder,
          sizes,
          (fraction) => onFraction("reasoner", fraction),
        ),
    );
    return new NewcomersStudy(
      await loadModel(folder),
      ledger,
      sizes,
      onFraction,
    );
  }

  /** Greedy answers to a split's questions with a trained trigger. */
  async askTrained(
    key: TriggerKey,
    split: NewcomersSplit,
  ): Promise<NewcomersAnswers> {
    return await this.#ask(
      await this.#trigger(key),
      this.#triggerSettings(key),
      { decide: "trigger", split },
    );
  }

  /** Answers with a weaver whose insertions something else decides on. */
  async askUntrained(
    seed: number,
    split: NewcomersSplit,
    decide: Exclude<Decide, "trigger">,
  ): Promise<NewcomersAnswers> {
    return await this.#ask(
      await this.#weaver(seed),
      this.#weaverSettings(seed),
      { decide, split },
    );
  }

  /** Folder of a trained weaver, with an untrained trigger. */
  async #weaver(seed: number): Promise<string> {
    const { folder } = await this.#ledger.run(
      {
        kind: "newcomers-weaver",
        version: VERSION,
        settings: this.#weaverSettings(seed),
      },
      (folder) =>
        trainNewcomersWeaver(folder, this.#answering.model, {
          sizes: this.#sizes,
          seed,
          onFraction: (fraction) =>
            this.#onFraction(`weaver ${seed}`, fraction),
        }),
    );
    return folder;
  }

  /** Folder of a trained trigger, with its weaver. */
  async #trigger({ seed, penalty }: TriggerKey): Promise<string> {
    const from = await this.#weaver(seed);
    const { folder } = await this.#ledger.run(
      {
        kind: "newcomers-trigger",
        version: VERSION,
        settings: this.#triggerSettings({ seed, penalty }),
      },
      (folder) =>
        trainNewcomersTrigger(folder, this.#answering, {
          from,
          sizes: this.#sizes,
          seed,
          penalty,
          onFraction: (fraction) =>
            this.#onFraction(`trigger ${seed}, ${penalty}`, fraction),
        }),
    );
    return folder;
  }

  async #ask(
    modules: string,
    settings: Record<string, Json>,
    { decide, split }: { decide: Decide; split: NewcomersSplit },
  ): Promise<NewcomersAnswers> {
    const { questions } = this.#sizes;
    const { model, generator, functions } = this.#answering;
    const decided = typeof decide === "string" ? decide : { ...decide };
    const { result } = await this.#ledger.run<NewcomersAnswers>({
      kind: "newcomers-answers",
      version: VERSION,
      settings: { ...settings, decide: decided, split, questions },
    }, async () => {
      const loaded = await loadMemgen(modules, model.config);
      const memory = new MemgenMemory(model, loaded, { functions, decide });
      const answers = askNewcomers(model, generator, {
        memory,
        split,
        questions,
      });
      disposeMemgen(loaded);
      return answers;
    });
    return result;
  }

  #weaverSettings(seed: number): Record<string, Json> {
    const { reasonerSteps, weaverSteps } = this.#sizes;
    return { reasonerSteps, weaverSteps, seed };
  }

  #triggerSettings({ seed, penalty }: TriggerKey): Record<string, Json> {
    const { triggerSteps, promptsPerStep } = this.#sizes;
    return {
      ...this.#weaverSettings(seed),
      triggerSteps,
      promptsPerStep,
      penalty,
    };
  }

  /** Frees the reasoner and the compiled functions. */
  [Symbol.dispose](): void {
    const { model, generator, functions } = this.#answering;
    const { weave, trigger } = functions;
    for (const fn of [weave.prompt, weave.inference, trigger]) fn.dispose();
    generator.dispose();
    disposeTree(model.weights);
  }
}
