/**
 * Retrieval (appendix F, eq. 21 to 23): texts of an external memory enter the
 * weaver after the context, M = W([H; E]), or alone ("w/o parametric memory").
 *
 * E is their tokens' input embeddings, projected as the context is; the paper
 * does not name its encoder, how many texts there are, or what finds them.
 *
 * Shapes: B rows, N blocks, S tokens of snippets a block at most.
 */
import * as tf from "@tensorflow/tfjs";
import { KIND, type Tokenizer } from "../models/mod.ts";
import { blocksPerTurn } from "./blocks.ts";
import type { MemgenConfig } from "./config.ts";
import type { BatchShape, SupervisedRow } from "./supervised.ts";

/** Finds texts that go with a text, best first. */
export type Search = (query: string) => readonly string[];

/** From the tokens so far to those of the snippets that go with them. */
export type Retrieve = (tokens: readonly number[]) => readonly number[];

/**
 * Retrieves by the text of the tokens (eq. 21): what was found stands one text
 * a line, cut after `maxSnippetTokens`.
 */
export function makeRetrieve(
  tokenizer: Tokenizer,
  search: Search,
  { maxSnippetTokens }: Pick<MemgenConfig, "maxSnippetTokens">,
): Retrieve {
  return (tokens) => {
    const found = search(tokenizer.decode(tokens));
    return found.length === 0
      ? []
      : tokenizer.encode(found.join("\n")).slice(0, maxSnippetTokens);
  };
}

/** The row with what is retrieved for each of its points. */
export function withSnippets(
  row: SupervisedRow,
  retrieve: Retrieve,
): SupervisedRow {
  const snippets = row.points.map((point) => retrieve(row.ids.slice(0, point)));
  return { ...row, snippets };
}

/** Snippets of a batch. */
export interface SnippetBatch {
  /** Tokens, `[B, N, S]`. */
  readonly ids: tf.Tensor3D;
  /** Their kinds: text or none, `[B, N, S]`. */
  readonly kinds: tf.Tensor3D;
}

/** Packs the snippets of rows, if the weaver reads any; the caller owns them. */
export function packSnippets(
  rows: readonly SupervisedRow[],
  { rows: B, turns = 1 }: Pick<BatchShape, "rows" | "turns">,
  config: MemgenConfig,
): SnippetBatch | undefined {
  const [N, S] = [turns * blocksPerTurn(config), config.maxSnippetTokens];
  if (S === 0) return undefined;
  const ids = new Int32Array(B * N * S);
  const kinds = new Int32Array(B * N * S).fill(KIND.none);
  rows.forEach(({ snippets = [] }, b) =>
    snippets.forEach((tokens, n) => {
      const start = (b * N + n) * S;
      ids.set(tokens, start);
      kinds.fill(KIND.text, start, start + tokens.length);
    })
  );
  return {
    ids: tf.tensor3d(ids, [B, N, S], "int32"),
    kinds: tf.tensor3d(kinds, [B, N, S], "int32"),
  };
}
