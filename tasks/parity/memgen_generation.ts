/** Greedy generation of a MemGen case: tokens and augmentation marks. */
import { type Generation, Generator } from "@/lib/models/mod.ts";
import { MemgenMemory } from "@/lib/memgen/mod.ts";
import { type CaseResult, compareItems } from "@/tasks/parity/comparison.ts";
import type {
  ExpectedGeneration,
  MemgenCase,
} from "@/tasks/parity/expected_files.ts";
import { untilEnd } from "@/tasks/parity/language_model.ts";

/** Tokens that were generated after each prompt, at most. */
const MAX_NEW_TOKENS = 40;

/**
 * `generate_single` and `generate_batch`.
 *
 * A row is compared up to its end token: in a batch, the released code goes
 * on with rows that have ended.
 */
export function checkGeneration(
  { model, modules, expected }: MemgenCase,
): CaseResult {
  const single = expected.generateSingle;
  const batch = expected.generateBatch;
  const singlePrompts = single.map(({ prompt }) =>
    model.tokenizer.encode(prompt)
  );
  const batchPrompts = batch.inputIds.map((ids, b) =>
    ids.filter((_, t) => batch.attentionMask[b][t] === 1)
  );
  const memory = new MemgenMemory(model, modules, { functions: "never" });
  const generator = new Generator(model, "never");
  const generate = (prompts: readonly number[][], batchSize: number) =>
    generator.generate(prompts, {
      maxNewTokens: MAX_NEW_TOKENS,
      memory,
      batchSize,
    });
  const alone = generate(singlePrompts, 1);
  const together = generate(batchPrompts, batchPrompts.length);
  generator.dispose();
  memory.dispose();

  const compare = (
    name: string,
    found: readonly Generation[],
    wanted: readonly Pick<ExpectedGeneration, "ids" | "augmentation">[],
  ) => {
    const cut = wanted.map((row) => {
      const ids = untilEnd(model, row.ids);
      return { ids, augmentation: row.augmentation.slice(0, ids.length) };
    });
    return (["ids", "augmentation"] as const).map((key) =>
      compareItems(
        `${name}: ${key}`,
        found.flatMap((row) => row[key]),
        cut.flatMap((row) => row[key]),
      )
    );
  };
  return {
    values: {
      generate_single: alone.map((row, i) => ({
        prompt: single[i].prompt,
        prompt_ids: singlePrompts[i],
        ...row,
      })),
      generate_batch: {
        input_ids: batch.inputIds,
        attention_mask: batch.attentionMask,
        ids: together.map(({ ids }) => ids),
        augmentation: together.map(({ augmentation }) => augmentation),
      },
    },
    comparisons: [
      compareItems(
        "generate_single: prompt_ids",
        singlePrompts.flat(),
        single.flatMap((row) => row.promptIds),
      ),
      ...compare("generate_single", alone, single),
      ...compare(
        "generate_batch",
        together,
        batch.ids.map((ids, b) => ({
          ids,
          augmentation: batch.augmentation[b],
        })),
      ),
    ],
  };
}
