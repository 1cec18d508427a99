/** MemGen SFT as the experiments run it. */
import {
  type AppendBatch,
  appendLoss,
  type AppendShape,
  CandidatePoints,
  chooseTurns,
  compileMemgen,
  disposeMemgen,
  initializeTrigger,
  initializeWeaver,
  joinTurns,
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
  splitTurns,
  type SupervisedRow,
  weaverModel,
  withSnippets,
} from "@/lib/memgen/mod.ts";
import type { Model } from "@/lib/models/mod.ts";
import { type Random, seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  type LabelledTokens,
  makeTrainStep,
  trainSupervised,
} from "@/lib/training/mod.ts";
import { longestSegment } from "@/experiments/batch_shape.ts";
import {
  adapterJson,
  type Method,
  scheduleOf,
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

/**
 * MemGen SFT of a model: the weaver learns, every prompt's end has memory.
 *
 * Deviation: where turns are rows of their own (`memoryScope` is `turn`), those
 * that are learned are chosen once, not anew in every step.
 */
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
  const rowsOf = (row: LabelledTokens, random: Random): SupervisedRow[] => {
    const boundaries = probability === undefined
      ? undefined
      : { probability, random };
    const turns = splitTurns(points, row, memgen, boundaries).map(retrieved);
    return joinTurns(chooseTurns(turns, memgen, random), memgen);
  };
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
      const placed = rows.flatMap((row) => rowsOf(row, random));
      const shape = rowShape(placed, settings.shape, memgen);
      return run(placed, { ...settings, shape });
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

/** Where memory is the turn's, each row is one turn after all before it. */
function rowShape(
  rows: readonly SupervisedRow[],
  { turns = 1, ...shape }: AppendShape,
  { memoryScope }: MemgenConfig,
): AppendShape {
  if (turns === 1) return { ...shape, segment: longestSegment(rows) };
  return memoryScope === "episode"
    ? { ...shape, turns }
    : { ...shape, prompt: shape.length };
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
    schedule: scheduleOf(settings),
    seed: settings.seed,
    checkpoint: settings.checkpoint,
    onStep: settings.onStep,
  };
}
