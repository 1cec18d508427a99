/**
 * The blocks of memory that a row has room for: those of every turn are the
 * prompt's and so many after delimiters as a turn may have.
 *
 * Shapes: N blocks.
 */
import type { MemgenConfig } from "./config.ts";
import { PROMPT_SKIPPED } from "./points.ts";
import type { BatchShape, SupervisedRow } from "./supervised.ts";
import type { QueryKind } from "./weaver.ts";

/** Blocks of one turn. */
export function blocksPerTurn(
  { maxInferenceAugmentations }: Pick<
    MemgenConfig,
    "maxInferenceAugmentations"
  >,
): number {
  return 1 + maxInferenceAugmentations;
}

/** What writes each of N blocks. Default: those of one turn. */
export function blockKinds(
  config: MemgenConfig,
  count: number = blocksPerTurn(config),
): QueryKind[] {
  return Array.from(
    { length: count },
    (_, n) => n % blocksPerTurn(config) === 0 ? "prompt" : "inference",
  );
}

/** K of each of N blocks. Default: those of one turn. */
export function blockSizes(config: MemgenConfig, count?: number): number[] {
  return blockKinds(config, count).map((kind) =>
    kind === "prompt" ? config.promptLatents : config.inferenceLatents
  );
}

/**
 * Refuses insertion points that no block stands for, before any work.
 *
 * @returns N.
 * @throws {RangeError} If a row has more points than there are blocks, or its
 * points do not increase within 1 to the length of the row, those of blocks
 * that are not there apart, or there are not snippets for each where the
 * weaver reads them.
 */
export function requirePoints(
  rows: readonly SupervisedRow[],
  { turns = 1 }: Pick<BatchShape, "turns">,
  config: MemgenConfig,
): number {
  const blocks = turns * blocksPerTurn(config);
  const { maxSnippetTokens } = config;
  rows.forEach(({ ids, points, snippets = [] }, b) => {
    if (points.length > blocks) {
      throw new RangeError(
        `Cannot pack a batch as row ${b} may hold at most ${blocks} insertion points: current value is ${points.length}`,
      );
    }
    const isInOrder = points.filter((point) => point !== PROMPT_SKIPPED)
      .every((point, n, own) =>
        Number.isInteger(point) && point <= ids.length &&
        point > (own[n - 1] ?? 0)
      );
    if (!isInOrder) {
      throw new RangeError(
        `Cannot pack a batch as the insertion points of row ${b} must increase within 1 to ${ids.length}: current value is ${points}`,
      );
    }
    const isRetrieved = snippets.length === points.length &&
      snippets.every(({ length }) => length <= maxSnippetTokens);
    if (maxSnippetTokens > 0 && !isRetrieved) {
      throw new RangeError(
        `Cannot pack a batch as row ${b} must have at most ${maxSnippetTokens} tokens of snippets for each of its ${points.length} insertion points: current value is ${
          JSON.stringify(snippets.map(({ length }) => length))
        }`,
      );
    }
  });
  return blocks;
}
