/** The words of all twins: the vocabulary that their reasoners need. */
import { STEP_BY_STEP } from "@/lib/benchmarks/mod.ts";
import { TWINS } from "@/lib/benchmarks/twins/mod.ts";
import { renderChatMl } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { wordsOf } from "@/experiments/pretraining/tokenizer.ts";

/** Samples of a twin in which nearly all of its words occur. */
const SAMPLES = 400;

/** Kept, as drawing the samples takes seconds. */
let words: readonly string[] | undefined;

/** What all twins give to practise and ask, as words; always the same. */
export function twinVocabulary(): readonly string[] {
  return words ??= wordsOf(sampleTexts());
}

function* sampleTexts(): Generator<string> {
  yield renderChatMl([{ role: "system", content: STEP_BY_STEP }]);
  for (const twin of TWINS) {
    const random = seededRandom("vocabulary", twin.benchmark.name);
    for (let i = 0; i < SAMPLES; i++) {
      for (const { text } of twin.practise(random)) yield text;
      const { messages } = twin.noted("redrawn", i).task;
      for (const { content } of messages) yield content;
    }
  }
}
