/**
 * BM25: finds texts of an external memory by the words that they share with a
 * query.
 *
 * Source: Robertson and Zaragoza (2009), with Lucene's inverse document
 * frequency, which is never negative, and its constants.
 */

/** How soon a word that comes again counts no more. */
const SATURATION = 1.2;
/** How much a long text's words count less, from 0 to 1. */
const LENGTH_SHARE = 0.75;

/** Texts that can be searched. */
export class Bm25 {
  readonly #texts: readonly string[];
  /** How often each word is in each text. */
  readonly #counts: readonly ReadonlyMap<string, number>[];
  /** Words of each text. */
  readonly #lengths: readonly number[];

  /** Counts the words once. */
  constructor(texts: readonly string[]) {
    const words = texts.map(wordsOf);
    this.#texts = texts;
    this.#counts = words.map(countsOf);
    this.#lengths = words.map(({ length }) => length);
  }

  /** Score of each text, in their order; 0 if it shares no word. */
  scores(query: string): number[] {
    const scores = new Array<number>(this.#texts.length).fill(0);
    const total = this.#lengths.reduce((sum, length) => sum + length, 0);
    const mean = total / this.#texts.length;
    for (const [word, times] of countsOf(wordsOf(query))) {
      const counts = this.#counts.map((each) => each.get(word) ?? 0);
      const holding = counts.filter((count) => count > 0).length;
      if (holding === 0) continue;
      const rarity = Math.log(
        1 + (this.#texts.length - holding + 0.5) / (holding + 0.5),
      );
      counts.forEach((count, i) => {
        const length = 1 - LENGTH_SHARE +
          LENGTH_SHARE * this.#lengths[i] / mean;
        scores[i] += times * rarity * count * (SATURATION + 1) /
          (count + SATURATION * length);
      });
    }
    return scores;
  }

  /**
   * The texts with the highest scores, best first; of equal ones the earlier.
   *
   * @param count How many, at most; texts that share no word are left out.
   */
  search(query: string, count: number): string[] {
    const scores = this.scores(query);
    return scores.map((score, i) => ({ score, text: this.#texts[i] }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, count)
      .map(({ text }) => text);
  }
}

/** Runs of letters and digits, in lower case. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
