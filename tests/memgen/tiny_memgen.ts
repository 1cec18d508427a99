/** Small MemGen modules for tests: random ones, and those of the parity folder. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  initializeTrigger,
  initializeWeaver,
  type MemgenBase,
  type MemgenConfig,
  type MemgenModules,
  type SupervisedRow,
  WEAVER_BASE_PREFIX,
} from "@/lib/memgen/mod.ts";
import {
  type Family,
  loadModel,
  type Model,
  type Tokenizer,
} from "@/lib/models/mod.ts";
import { normals, type Random, randomInt, seededRandom } from "@/lib/random.ts";
import {
  disposeTree,
  type GradientOptions,
  jit,
  type NamedTensors,
} from "@/lib/tensorflow/mod.ts";
import { lossAndGradients } from "@/lib/training/mod.ts";
import { type CaseResult, isWithinBound } from "@/tasks/parity/comparison.ts";
import {
  type MemgenCase,
  openMemgenCase,
} from "@/tasks/parity/expected_files.ts";
import { parityPath, randomWeights, tinyConfig } from "@/tests/models/tiny.ts";

/** Small numbers of latents, all different. */
export function memgenConfig(
  changes: Partial<MemgenConfig> = {},
): MemgenConfig {
  const lora = {
    rank: 2,
    alpha: 4,
    dropout: 0,
    targetModules: ["q_proj", "v_proj"],
    bias: "none",
  } as const;
  return {
    insertion: "append",
    promptLatents: 2,
    inferenceLatents: 3,
    memoryScope: "turn",
    maxPromptAugmentations: 1,
    maxInferenceAugmentations: 2,
    triggerActive: false,
    triggerReads: "text",
    triggerHead: "softmax",
    delimitersAfterDigits: true,
    weaver: "lora",
    weaverReads: "embeddings",
    maxSnippetTokens: 0,
    weaverLora: lora,
    triggerLora: lora,
    ...changes,
  };
}

/** A vocabulary of texts, about a quarter of them delimiters. */
export const VOCABULARY: readonly string[] = [
  ...["a", "b", "cd", " e", "f", " gh", "i", "j", "k", " l", "mn", "o"],
  ...["0", "1", "23", " 4", "x5", "6", "7 ", "!", "?", " (", ")", "é"],
  ...[",", ".", "\n", ".\n", "5.", "e,", "1,000", "...", "q", "r", "s"],
  ...["t", "u", "v", "w", "z"],
];

/** A tokenizer of a list of texts; it encodes one token of one of them. */
export function listTokenizer(texts: readonly string[]): Tokenizer {
  const decode = (ids: ArrayLike<number>): string =>
    Array.from(ids, (id) => texts[id]).join("");
  return {
    vocabSize: texts.length,
    eosTokenId: 0,
    padTokenId: 0,
    encode: (text) => [texts.indexOf(text)],
    decode,
    tokenText: (id) => texts[id],
    applyChatTemplate: () => "",
    endsWithAny: (delimiters) =>
      Uint8Array.from(
        texts,
        (text) => Number(delimiters.some((each) => text.endsWith(each))),
      ),
  };
}

/** A random model over `VOCABULARY`; the caller owns the weights. */
export function tinyModel(family: Family, seed: number): Model {
  const config = tinyConfig(family, { vocabSize: VOCABULARY.length });
  return {
    config,
    weights: randomWeights(config, seed),
    tokenizer: listTokenizer(VOCABULARY),
  };
}

/** Modules at which every part matters; the caller owns the tensors. */
export function randomModules(
  base: MemgenBase,
  config: MemgenConfig,
  seed: number,
): MemgenModules {
  const random = seededRandom("modules", seed);
  // What begins at zero or one would hide mistakes.
  const stir = (tensors: NamedTensors): NamedTensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        const noise = tf.tensor(normals(random, tensor.size), tensor.shape);
        // A weaver's own layers are random already.
        const spread = name.startsWith(WEAVER_BASE_PREFIX) ? 0.03 : 0.3;
        const stirred = tf.tidy(() => tensor.add(noise.mul(spread)));
        disposeTree([tensor, noise]);
        return [name, stirred];
      }),
    );
  return {
    config,
    weaver: stir(initializeWeaver(base, config, random)),
    trigger: stir(initializeTrigger(base.config, config, random)),
  };
}

/** A row of random tokens, all of them learned from the first point on. */
export function randomRow(
  random: Random,
  length: number,
  points: readonly number[],
): SupervisedRow {
  const ids = Array.from(
    { length },
    () => randomInt(random, VOCABULARY.length),
  );
  const labels = ids.map((id, t) => t < points[0] ? -100 : id);
  return { ids, labels, points };
}

/**
 * Asserts that the gradient of each tensor is the slope of the loss.
 *
 * Central differences along the gradient itself, where the slope is its
 * norm, at `width` and twice that, extrapolated (Richardson); float32 leaves an
 * error of about 1e-7 |loss| / width.
 */
export function assertGradients(
  loss: (parameters: NamedTensors) => tf.Scalar,
  parameters: NamedTensors,
  options: GradientOptions = {},
  width = 0.01,
): void {
  const { gradients } = lossAndGradients(loss, parameters, undefined, options);
  const traced = jit(loss, { name: "loss", xla: "never" });
  for (const [name, gradient] of Object.entries(gradients)) {
    const [norm] = gradient.norm().dataSync();
    const at = (distance: number): number => {
      const step = gradient.mul(distance / Math.max(norm, 1e-12));
      return traced({ ...parameters, [name]: parameters[name].add(step) })
        .dataSync()[0];
    };
    const slope = (distance: number): number =>
      (at(distance) - at(-distance)) / (2 * distance);
    const measured = (4 * slope(width) - slope(2 * width)) / 3;
    assert(
      Math.abs(measured - norm) < 5e-3 * norm + 1e-4,
      `${name}: gradient ${norm}, slope ${measured}`,
    );
  }
  traced.dispose();
}

/** The largest absolute value of a tensor, or of the difference of two. */
export function largest(tensor: tf.Tensor, other?: tf.Tensor): number {
  return tf.tidy(() => {
    const difference = other === undefined ? tensor : tensor.sub(other);
    return difference.abs().max().dataSync()[0];
  });
}

/** Asserts that every comparison of a parity case holds. */
export function assertParity({ comparisons }: CaseResult): void {
  assertEquals(comparisons.filter((each) => !isWithinBound(each)), []);
}

/** Runs `use` with a case of a parity model. */
export async function withParityCase(
  model: string,
  name: "memgen-always" | "memgen-trigger",
  use: (parity: MemgenCase) => void | Promise<void>,
): Promise<void> {
  const loaded = await loadModel(parityPath("models", model));
  const folder = join(parityPath("expected", model), name);
  try {
    using parity = await openMemgenCase(loaded, folder);
    await use(parity);
  } finally {
    disposeTree(loaded.weights);
  }
}
