/** What tests of generation share. */
import { assert, assertEquals } from "@std/assert";
import {
  type DecoderConfig,
  type GenerateOptions,
  type Generation,
  Generator,
  loadTokenizer,
  type Model,
} from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { parityPath, randomPrompts, randomWeights } from "./tiny.ts";

/** Runs `use` with a random model and its generator, traced but not compiled. */
export function withGenerator(
  config: DecoderConfig,
  use: (generator: Generator, model: Model) => void,
): void {
  const weights = randomWeights(config, 1);
  const tokenizer = loadTokenizer(parityPath("models", "tiny-qwen2.5"));
  const model = { config, weights, tokenizer };
  const generator = new Generator(model, "never");
  use(generator, model);
  generator.dispose();
  disposeTree(weights);
}

/** Many of 40 tokens, so that rows end at different times. */
export const END_TOKENS = [2, 7, 11, 23, 31, 38];

/** A few prompts that end at different times. */
export const SOME = { count: 6, maxLength: 9, seed: 1 };

/** Asserts that rows get alone what they get in batches of the given sizes. */
export function assertBatchesAgree(
  config: DecoderConfig,
  generator: Generator,
  { sizes, ...options }: Partial<GenerateOptions> & { sizes: number[] },
): void {
  const prompts = randomPrompts(config, { count: 25, maxLength: 12, seed: 2 });
  const run = (batchSize: number): Generation[] =>
    generator.generate(prompts, { maxNewTokens: 20, ...options, batchSize });
  const alone = run(1);
  const lengths = new Set(alone.map(({ ids }) => ids.length));
  assert(lengths.size > 2, "rows must end at different times");
  for (const batchSize of sizes) assertEquals(run(batchSize), alone);
}
