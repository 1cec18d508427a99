/**
 * BM25: finds texts by the words that they share with a query.
 *
 * Source: Robertson and Zaragoza (2009) as Lucene computes it, with the
 * constants of Anserini, which searches the index of Search-R1.
 *
 * Deviations: words are not stemmed, and a text's length is exact (Lucene
 * rounds it to a byte).
 */

/** How soon a word that comes again counts no more (k1). */
const SATURATION = 0.9;
/** How much a long text's words count less, from 0 to 1 (b). */
const LENGTH_SHARE = 0.4;
/** Lucene's English stop words, which neither texts nor queries are read with. */
const STOP_WORDS = new Set(
  ("a an and are as at be but by for if in into is it no not of on or such " +
    "that the their then there these they this to was will with").split(" "),
);

/** A text that was found. */
export interface Match {
  /** Its place among the texts, from 0. */
  readonly index: number;
  /** How well it fits; above 0, without a unit. */
  readonly score: number;
}

/** A text that holds a word. */
interface Posting {
  readonly index: number;
  /** How much the word says of it: from 0 to 1 as the word comes more often. */
  readonly weight: number;
}

/** Texts that can be searched. */
export class Bm25 {
  readonly #size: number;
  /** Where each word stands. */
  readonly #postings = new Map<string, Posting[]>();

  /** Weighs the words once. */
  constructor(texts: readonly string[]) {
    this.#size = texts.length;
    const words = texts.map(wordsOf);
    const total = words.reduce((sum, { length }) => sum + length, 0);
    words.forEach((each, index) => {
      const length = 1 - LENGTH_SHARE +
        LENGTH_SHARE * each.length * texts.length / total;
      for (const [word, count] of countsOf(each)) {
        const postings = this.#postings.get(word) ?? [];
        postings.push({ index, weight: count / (count + SATURATION * length) });
        this.#postings.set(word, postings);
      }
    });
  }

  /**
   * The texts with the highest scores, best first; of equal ones the earlier.
   * A word that comes twice in the query counts twice.
   *
   * @param count How many, at most; texts that share no word are left out.
   */
  search(query: string, count: number): Match[] {
    const scores = new Float64Array(this.#size);
    for (const [word, times] of countsOf(wordsOf(query))) {
      const postings = this.#postings.get(word) ?? [];
      const rarity = Math.log(
        1 + (this.#size - postings.length + 0.5) / (postings.length + 0.5),
      );
      for (const { index, weight } of postings) {
        scores[index] += times * rarity * weight;
      }
    }
    // A corpus is long and the list short: it is kept sorted on the way.
    const best: Match[] = [];
    let least = 0;
    for (let index = 0; index < scores.length; index++) {
      const score = scores[index];
      if (score <= least) continue;
      const place = best.findIndex((match) => match.score < score);
      best.splice(place < 0 ? best.length : place, 0, { index, score });
      best.length = Math.min(best.length, count);
      least = best[count - 1]?.score ?? 0;
    }
    return best;
  }
}

/** Runs of letters and digits in lower case, without the stop words. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word));
}

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
