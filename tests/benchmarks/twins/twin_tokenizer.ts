/** A tokenizer that knows every word of a twin. */
import type { Twin } from "@/lib/benchmarks/twins/mod.ts";
import type { Tokenizer } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { wordsOf } from "@/experiments/pretraining/tokenizer.ts";
import { writtenTokenizer } from "@/tests/experiments/pretraining/written_tokenizer.ts";

/** Samples of practice in which all words occur. */
const SAMPLES = 1000;

const known = new Map<Twin, readonly string[]>();

/** The words of what a twin gives to practise. */
export function twinWords(twin: Twin): readonly string[] {
  const words = known.get(twin) ?? wordsOf(
    Array.from(
      { length: SAMPLES },
      (_, i) =>
        twin.practise(seededRandom("words", i))
          .map(({ text }) => text).join(""),
    ),
  );
  known.set(twin, words);
  return words;
}

/** The tokenizer of these words. */
export function twinTokenizer(twin: Twin): Tokenizer {
  return writtenTokenizer(twinWords(twin));
}
