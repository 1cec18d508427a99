/** MemGen SFT as the experiments run it. */
import {
  type AppendBatch,
  appendLoss,
  CandidatePoints,
  compileMemgen,
  disposeMemgen,
  initializeTrigger,
  initializeWeaver,
  loadMemgen,
  type MemgenBase,
  type MemgenConfig,
  MemgenMemory,
  packAppend,
  packPrepend,
  type PrependBatch,
  prependLoss,
  type Retrieve,
  saveMemgen,
  type SupervisedRow,
  weaverModel,
  withSnippets,
} from "@/lib/memgen/mod.ts";
import type { Model } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import { makeTrainStep, trainSupervised } from "@/lib/training/mod.ts";
import {
  adapterJson,
  type Method,
  type TrainSettings,
  WARMUP_SHARE,
} from "@/experiments/methods/method.ts";

/** Settings of the weaver's supervised training. */
export interface MemgenMethodOptions {
  /** Finds snippets, where the weaver reads any. */
  readonly retrieve?: Retrieve;
  /**
   * Inserts at each delimiter with this probability (see `RandomBoundaries`).
   * Default: at the first ones.
   */
  readonly boundaryProbability?: number;
}

/** MemGen SFT of a model: the weaver learns, the prompt's end always has memory. */
export function memgenMethod(
  model: Model & MemgenBase,
  memgen: MemgenConfig,
  { retrieve, boundaryProbability: probability }: MemgenMethodOptions = {},
): Method {
  const { config } = model;
  const { config: weaverConfig } = weaverModel(model);
  const points = new CandidatePoints(model.tokenizer, memgen);
  const run = memgen.insertion === "prepend"
    ? prependRun(model, memgen)
    : appendRun(model, memgen);
  const functions = compileMemgen(config, "always", weaverConfig);
  const retrieved = (row: SupervisedRow): SupervisedRow =>
    retrieve === undefined ? row : withSnippets(row, retrieve);
  return {
    id: `memgen-${memgen.insertion}`,
    settings: {
      ...memgen,
      weaverLora: adapterJson(memgen.weaverLora),
      triggerLora: adapterJson(memgen.triggerLora),
      warmup: WARMUP_SHARE,
      ...probability !== undefined && { boundaryProbability: probability },
    },
    train: (rows, settings) => {
      const random = seededRandom("boundaries", settings.seed);
      return run(
        rows.map(({ ids, labels }) =>
          retrieved({
            ids,
            labels,
            points: points.supervisedPoints(
              ids,
              labels,
              memgen,
              probability === undefined ? undefined : { probability, random },
            ),
          })
        ),
        settings,
      );
    },
    async save(folder, weaver) {
      const random = seededRandom("trigger", 0);
      const trigger = initializeTrigger(config, memgen, random);
      await saveMemgen(folder, config, { config: memgen, weaver, trigger });
      disposeTree(trigger);
    },
    async load(folder) {
      const modules = await loadMemgen(folder, config, weaverConfig);
      return {
        view: { weights: model.weights },
        memory: new MemgenMemory(model, modules, { functions, retrieve }),
        dispose: () => disposeMemgen(modules),
      };
    },
  };
}

type Run = (
  rows: readonly SupervisedRow[],
  settings: TrainSettings,
) => ReturnType<Method["train"]>;

function prependRun(model: MemgenBase, memgen: MemgenConfig): Run {
  const step = makeTrainStep<PrependBatch>(
    (parameters, batch) => prependLoss(model, memgen, parameters, batch),
    { name: "memgen_prepend_step", xla: "always" },
  );
  return (rows, settings) =>
    trainSupervised(
      settings.initial ?? initialWeaver(model, memgen, settings.seed),
      {
        ...common(rows, settings),
        step,
        pack: (batch) => packPrepend(batch, settings.shape, memgen),
      },
    );
}

function appendRun(model: MemgenBase, memgen: MemgenConfig): Run {
  const step = makeTrainStep<AppendBatch>(
    (parameters, batch) => appendLoss(model, memgen, parameters, batch),
    { name: "memgen_append_step", xla: "always" },
  );
  return (rows, settings) =>
    trainSupervised(
      settings.initial ?? initialWeaver(model, memgen, settings.seed),
      {
        ...common(rows, settings),
        step,
        pack: (batch) => packAppend(batch, settings.shape, memgen),
      },
    );
}

/** The weaver that a seed begins with. */
export function initialWeaver(
  model: MemgenBase,
  memgen: MemgenConfig,
  seed: number,
): NamedTensors {
  return initializeWeaver(model, memgen, seededRandom("weaver", seed));
}

function common(rows: readonly SupervisedRow[], settings: TrainSettings) {
  return {
    rows,
    batchSize: settings.shape.rows,
    schedule: {
      peakRate: settings.peakRate,
      warmupSteps: Math.round(WARMUP_SHARE * settings.steps),
      totalSteps: settings.steps,
    },
    seed: settings.seed,
    checkpoint: settings.checkpoint,
    onStep: settings.onStep,
  };
}
