/**
 * The trigger's training shown on the newcomers' world: a reasoner, weavers,
 * triggers and their answers, each a cell of the ledger.
 */
import {
  CandidatePoints,
  compileMemgen,
  type Decide,
  disposeMemgen,
  initializeTrigger,
  initializeWeaver,
  loadMemgen,
  MemgenMemory,
  type MemgenModules,
  packPrepend,
  type PrependBatch,
  prependLoss,
  saveMemgen,
  type TriggerBatch,
} from "@/lib/memgen/mod.ts";
import { Generator, loadModel, type Model } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  makeTrainStep,
  PolicyLearner,
  type StepMetrics,
  trainPolicy,
  trainSupervised,
  triggerObjective,
  triggerPolicy,
} from "@/lib/training/mod.ts";
import type { Json, Ledger } from "@/experiments/ledger.ts";
import {
  askNewcomers,
  type NewcomersAnswers,
} from "@/experiments/newcomers/answers.ts";
import { pretrainNewcomers } from "@/experiments/newcomers/reasoner.ts";
import { weaverRow } from "@/experiments/newcomers/rows.ts";
import {
  ANSWER_BATCH,
  ANSWER_TOKENS,
  GROUP_SIZE,
  NEWCOMERS_MEMGEN as MEMGEN,
  type NewcomersSizes,
  RATES,
  scheduleOf,
  SUPERVISED_SHAPE,
  supervisedRows,
  triggerShape,
} from "@/experiments/newcomers/settings.ts";
import {
  drawPeople,
  questionText,
  rightShare,
  worldOwnership,
} from "@/experiments/newcomers/world.ts";

/** Version of the code behind the cells; a change of results changes it. */
const VERSION = 1;

/** What a trigger was trained with. */
export interface TriggerTraining {
  /** Of weaver and trigger. */
  readonly seed: number;
  /** Lambda of eq. 8. */
  readonly penalty: number;
}

/** Called while a cell is computed: what it is, and how far, from 0 to 1. */
export type OnFraction = (title: string, fraction: number) => void;

/** The cells of one reasoner; compiled functions serve all of them. */
export class NewcomersStudy implements Disposable {
  readonly #model: Model;
  readonly #ledger: Ledger;
  readonly #sizes: NewcomersSizes;
  readonly #onFraction: OnFraction;
  readonly #generator: Generator;
  readonly #functions: ReturnType<typeof compileMemgen>;

  private constructor(
    model: Model,
    ledger: Ledger,
    sizes: NewcomersSizes,
    onFraction: OnFraction,
  ) {
    this.#model = model;
    this.#ledger = ledger;
    this.#sizes = sizes;
    this.#onFraction = onFraction;
    this.#generator = new Generator(model, sizes.xla);
    this.#functions = compileMemgen(model.config, sizes.xla);
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

  /** Folder of a trained weaver, with an untrained trigger. */
  async #weaver(seed: number): Promise<string> {
    const { weaverSteps: steps } = this.#sizes;
    const { folder } = await this.#ledger.run({
      kind: "newcomers-weaver",
      version: VERSION,
      settings: this.#weaverSettings(seed),
    }, async (folder) => {
      const { config, tokenizer } = this.#model;
      const points = new CandidatePoints(tokenizer, MEMGEN);
      const world = worldOwnership();
      const step = makeTrainStep<PrependBatch>(
        (weaver, batch) => prependLoss(this.#model, MEMGEN, weaver, batch),
        { name: "newcomers_weaver", xla: this.#sizes.xla },
      );
      const initial = initializeWeaver(
        this.#model,
        MEMGEN,
        seededRandom("weaver", seed),
      );
      const { parameters: weaver, metrics } = await trainSupervised(initial, {
        rows: Array.from(
          { length: supervisedRows(steps) },
          (_, i) => weaverRow(tokenizer, points, world, [seed, i]),
        ),
        batchSize: SUPERVISED_SHAPE.rows,
        pack: (rows) => packPrepend(rows, SUPERVISED_SHAPE, MEMGEN),
        step,
        schedule: scheduleOf(RATES.weaver, steps),
        seed,
        onStep: (index) => this.#onFraction(`weaver ${seed}`, index / steps),
      });
      step.dispose();
      const random = seededRandom("trigger", seed);
      const trigger = initializeTrigger(config, MEMGEN, random);
      await saveMemgen(folder, config, { config: MEMGEN, weaver, trigger });
      disposeTree([weaver, trigger]);
      return metrics.map(({ loss }) => loss);
    });
    return folder;
  }

  /** Metrics of every step of a trigger's training; its folder. */
  async train(
    { seed, penalty }: TriggerTraining,
  ): Promise<{ metrics: readonly StepMetrics[]; folder: string }> {
    const { triggerSteps: steps, promptsPerStep } = this.#sizes;
    const before = await this.#weaver(seed);
    const { result: metrics, folder } = await this.#ledger.run({
      kind: "newcomers-trigger",
      version: VERSION,
      settings: this.#triggerSettings({ seed, penalty }),
    }, async (folder) => {
      const model = this.#model;
      const modules = await loadMemgen(before, model.config);
      const { weaver } = modules;
      const learner = this.#learner(modules, penalty);
      const random = seededRandom("newcomers", "questions", seed);
      const asked = Array.from(
        { length: steps * promptsPerStep },
        () => drawPeople(random, "train"),
      );
      const { parameters: trigger, metrics } = await trainPolicy(
        modules.trigger,
        {
          learner,
          generator: this.#generator,
          eosTokenIds: model.config.eosTokenIds,
          prompts: asked.map((people) =>
            model.tokenizer.encode(questionText(people))
          ),
          reward: (prompt, ids) =>
            rightShare(model.tokenizer.decode([...ids]), asked[prompt]),
          promptsPerStep,
          groupSize: GROUP_SIZE,
          maxNewTokens: ANSWER_TOKENS,
          batchSize: ANSWER_BATCH,
          schedule: scheduleOf(RATES.trigger, steps),
          seed,
          onStep: (index) =>
            this.#onFraction(`trigger ${seed}, ${penalty}`, index / steps),
        },
      );
      learner.dispose();
      await saveMemgen(folder, model.config, {
        config: MEMGEN,
        weaver,
        trigger,
      });
      disposeTree([weaver, trigger]);
      return metrics;
    });
    return { metrics, folder };
  }

  /** Answers to the test questions with the trigger of a training. */
  async askTrained(training: TriggerTraining): Promise<NewcomersAnswers> {
    const { folder } = await this.train(training);
    return await this.#ask(folder, this.#triggerSettings(training), "trigger");
  }

  /** Answers with a weaver whose insertions something else decides on. */
  async askUntrained(
    seed: number,
    decide: Exclude<Decide, "trigger">,
  ): Promise<NewcomersAnswers> {
    const folder = await this.#weaver(seed);
    return await this.#ask(folder, this.#weaverSettings(seed), decide);
  }

  async #ask(
    modules: string,
    settings: Record<string, Json>,
    decide: Decide,
  ): Promise<NewcomersAnswers> {
    const { testQuestions: questions } = this.#sizes;
    const decided = typeof decide === "string" ? decide : { ...decide };
    const { result } = await this.#ledger.run<NewcomersAnswers>({
      kind: "newcomers-answers",
      version: VERSION,
      settings: { ...settings, decide: decided, questions },
    }, async () => {
      const loaded = await loadMemgen(modules, this.#model.config);
      const memory = new MemgenMemory(this.#model, loaded, {
        functions: this.#functions,
        decide,
      });
      const answers = askNewcomers(this.#model, this.#generator, {
        memory,
        questions,
      });
      disposeMemgen(loaded);
      return answers;
    });
    return result;
  }

  #learner(
    { config, weaver }: MemgenModules,
    penalty: number,
  ): PolicyLearner<TriggerBatch> {
    const policy = triggerPolicy(this.#model, { config, weaver }, {
      temperature: 1,
      shape: triggerShape(this.#sizes),
      memory: (trigger) =>
        new MemgenMemory(this.#model, { config, weaver, trigger }, {
          functions: this.#functions,
          decide: "trigger",
          sampleDecisions: { temperature: 1 },
        }),
    });
    const objective = triggerObjective({
      lossType: "grpo",
      // Deviation from C.3: divided by its deviation, a group of equal rewards,
      // as most are in the end, would weigh the penalty alone, whatever lambda.
      scaleRewards: false,
      penalty,
    });
    return new PolicyLearner(policy, objective, {
      name: "newcomers_trigger",
      xla: this.#sizes.xla,
    });
  }

  #weaverSettings(seed: number): Record<string, Json> {
    const { reasonerSteps, weaverSteps } = this.#sizes;
    return { reasonerSteps, weaverSteps, seed };
  }

  #triggerSettings(
    { seed, penalty }: TriggerTraining,
  ): Record<string, Json> {
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
    const { weave, trigger } = this.#functions;
    for (const fn of [weave.prompt, weave.inference, trigger]) fn.dispose();
    this.#generator.dispose();
    disposeTree(this.#model.weights);
  }
}
