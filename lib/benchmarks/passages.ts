/** Passages of a corpus, and what finds them. */
import { Bm25 } from "./bm25.ts";
import { text } from "./columns.ts";
import { readRows } from "./rows.ts";

/** A passage, as in the corpus files of Search-R1. */
export interface Passage {
  /** Its name in the corpus. */
  readonly id: string;
  /** Its title in quotes on the first line, then its text. */
  readonly contents: string;
}

/** A passage that was found. */
export interface FoundPassage {
  /** The passage. */
  readonly document: Passage;
  /** How well it fits; higher is better, without a unit. */
  readonly score: number;
}

/**
 * Finds passages, best first.
 *
 * @param query What the model wrote.
 * @param count How many, at most.
 */
export type PassageSearch = (
  query: string,
  count: number,
) => readonly FoundPassage[] | Promise<readonly FoundPassage[]>;

/**
 * Reads a corpus: JSONL with `id` and `contents`, as Search-R1 publishes it.
 *
 * @throws As `readRows` does for a bad file or row, or an id that repeats.
 */
export function readCorpus(path: string): Promise<Passage[]> {
  return readRows(path, { id: text, contents: text }, { id: "id" });
}

/**
 * Searches passages in memory by BM25. Of equal ones that with the lower id, as
 * text, comes first, as in Anserini.
 */
export function searchInMemory(
  passages: readonly Passage[],
): (query: string, count: number) => FoundPassage[] {
  const sorted = passages.toSorted((a, b) => a.id < b.id ? -1 : 1);
  const bm25 = new Bm25(sorted.map(({ contents }) => contents));
  return (query, count) =>
    bm25.search(query, count).map(({ index, score }) => ({
      document: sorted[index],
      score,
    }));
}

/**
 * What the model reads of the passages, byte for byte as in the released code
 * (data/utils/retrieval_utils.py:41): nothing if there are none.
 */
export function formatPassages(found: readonly FoundPassage[]): string {
  return found.map(({ document }, i) => {
    const [title, ...lines] = document.contents.split("\n");
    return `Doc ${i + 1}(Title: ${title}) ${lines.join("\n")}\n`;
  }).join("");
}
