/** Generation with memory, and the passes without a cache that it must equal. */
import * as tf from "@tensorflow/tfjs";
import {
  blocksPerTurn,
  CandidatePoints,
  decodeAppended,
  decodeWithMemory,
  generatedPoints,
  MemgenMemory,
  type MemgenModules,
  packAppend,
  packPrepend,
  type SupervisedRow,
  triggerLogits,
  triggerLora,
  weaveBlocks,
} from "@/lib/memgen/mod.ts";
import {
  causalMask,
  decode,
  embed,
  type Family,
  type GenerateOptions,
  type Generation,
  Generator,
  logits,
  type Memory,
  type Model,
} from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  memgenConfig,
  randomModules,
  tinyModel,
} from "@/tests/memgen/tiny_memgen.ts";
import { randomPrompts } from "@/tests/models/tiny.ts";

/** A model with MemGen, and how to generate with it. */
export interface Fixture {
  /** Of random weights. */
  readonly model: Model;
  /** Generates with the model. */
  readonly generator: Generator;
  /** What the modules insert. */
  readonly memory: MemgenMemory;
  /** Of random weights, too. */
  readonly modules: MemgenModules;
  /** Where they may insert. */
  readonly points: CandidatePoints;
  /** The first one is a single token. */
  readonly prompts: readonly (readonly number[])[];
  /** Continues texts: the first `count` prompts, all of them, or others. */
  generate(
    options: Partial<GenerateOptions>,
    texts?: number | readonly (readonly number[])[],
  ): Generation[];
}

/** Runs `use` with a random model and frees it. */
export function withMemgen(
  { family = "qwen2", seed = 1, prompts = 7, ...changes }:
    & Parameters<typeof memgenConfig>[0]
    & { readonly family?: Family; readonly seed?: number; prompts?: number },
  use: (fixture: Fixture) => void,
): void {
  const model = tinyModel(family, seed);
  const modules = randomModules(model, memgenConfig(changes), seed);
  const memory = new MemgenMemory(model, modules, { functions: "never" });
  const generator = new Generator(model, "never");
  const fixture: Fixture = {
    model,
    generator,
    memory,
    modules,
    points: new CandidatePoints(model.tokenizer, modules.config),
    prompts: [
      [3], // One token is a prompt.
      ...randomPrompts(model.config, {
        count: prompts - 1,
        maxLength: 9,
        seed,
      }),
    ],
    generate: (options, texts) =>
      generator.generate(
        typeof texts === "object" ? texts : fixture.prompts.slice(0, texts),
        { maxNewTokens: 24, memory, ...options },
      ),
  };
  try {
    use(fixture);
  } finally {
    generator.dispose();
    memory.dispose();
    disposeTree([model.weights, modules.weaver, modules.trigger]);
  }
}

/** Prompt and continuation as a row, with the points where memory went in. */
export function rowOf(
  prompt: readonly number[],
  { ids, augmentation }: Generation,
): SupervisedRow {
  const points = generatedPoints(prompt.length, augmentation);
  const row = [...prompt, ...ids];
  return { ids: row, labels: row, points };
}

/** The memory, with the latents that it inserts, in order, for each row. */
export function recording(
  memory: Memory,
  latents: Float32Array[][],
): Memory {
  return {
    maxLatents: memory.maxLatents,
    staysInView: memory.staysInView,
    open(size) {
      const session = memory.open(size);
      const first = latents.length;
      return {
        isCandidate(row) {
          latents[first + row.prompt] ??= [];
          return session.isCandidate(row);
        },
        startTurn: (row, kept) => session.startTurn(row, kept),
        clear: (row) => session.clear(row),
        dispose: () => session.dispose(),
        write(rows) {
          const written = session.write(rows);
          written.forEach(({ items }, i) =>
            latents[first + rows[i].prompt].push(
              ...items.flatMap(({ value }) =>
                typeof value === "number" ? [] : [value]
              ),
            )
          );
          return written;
        },
      };
    },
  };
}

/** The best next token after each token but the last, in one pass. */
export function replay(
  model: Model,
  { config, weaver }: MemgenModules,
  row: SupervisedRow,
): { best: Int32Array; latents: Float32Array | undefined } {
  const shape = {
    rows: 1,
    length: row.ids.length,
    targets: row.ids.length,
    turns: Math.ceil(row.points.length / blocksPerTurn(config)),
  };
  let hidden: tf.Tensor3D;
  let latents: tf.Tensor3D | undefined;
  let places: tf.Tensor1D;
  if (config.insertion === "prepend") {
    const batch = packPrepend([row], shape, config);
    latents = weaveBlocks(model, config, weaver, batch);
    hidden = decodeWithMemory(model, config, latents, batch);
    places = batch.targets.places;
  } else {
    const size = { prompt: row.ids.length, segment: row.ids.length };
    const batch = packAppend([row], { ...shape, ...size }, config);
    hidden = decodeAppended(model, config, weaver, batch);
    places = batch.targets.places;
  }
  const states = tf.gather(hidden.squeeze<tf.Tensor2D>([0]), places);
  const scores = logits(model.config, model.weights, states);
  return {
    best: tf.argMax(scores, -1).dataSync<"int32">(),
    latents: latents?.dataSync<"float32">(),
  };
}

/** SKIP or INVOKE after a text, by one pass of the trigger. */
export function judge(
  { config, weights }: Model,
  { config: settings, trigger }: MemgenModules,
  tokens: readonly number[],
): number {
  return tf.tidy(() => {
    const T = tokens.length;
    const ids = tf.tensor2d([...tokens], [1, T], "int32");
    const view = { weights, lora: triggerLora(trigger, settings) };
    const { hidden } = decode(config, view, {
      embeddings: embed(weights, ids),
      positions: tf.range(0, T, 1, "int32").expandDims<tf.Tensor2D>(0),
      mask: causalMask(T),
    });
    const last = hidden.slice([0, T - 1, 0]).reshape([1, -1]) as tf.Tensor2D;
    return tf.argMax(triggerLogits(trigger, last), -1).dataSync()[0];
  });
}
