import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TWIN_NAMES } from "@/lib/benchmarks/twins/mod.ts";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import {
  Corpus,
  drawCorpus,
  drawSample,
  type Mixture,
} from "@/experiments/pretraining/corpus.ts";
import { writtenTokenizer } from "@/tests/experiments/pretraining/written_tokenizer.ts";

const TOKENIZER = writtenTokenizer([]);
const MIXTURE: Mixture = {
  lookUps: 2,
  sums: 1,
  twins: { kodcode: 3, gsm8k: 2 },
};

/** The text of sample `index`. */
function textOf(mixture: Mixture, index: number): string {
  return drawSample(mixture, index).map(({ text }) => text).join("");
}

Deno.test("Corpus gives its samples by number, by hand", () => {
  // Two that are read, of which one is token 0; three that are learned.
  const tokens = [~0, ~5, 0, 7, ~9, 3];
  const corpus = new Corpus(Int32Array.from(tokens), Int32Array.of(4, 6));
  assertEquals(corpus.size, 2);
  assertEquals([0, 1].map((i) => corpus.lengthOf(i)), [4, 2]);
  assertEquals([0, 1].map((i) => corpus.learnedOf(i)), [2, 1]);
  assertEquals(corpus.row(0), {
    ids: [0, 5, 0, 7],
    labels: [IGNORED_LABEL, IGNORED_LABEL, 0, 7],
  });
  assertEquals(corpus.row(1), { ids: [9, 3], labels: [IGNORED_LABEL, 3] });
});

Deno.test("Corpus.digest() tells every token and every end apart", () => {
  const digest = (tokens: number[], ends: number[]): string =>
    new Corpus(Int32Array.from(tokens), Int32Array.from(ends)).digest();
  const digests = [
    digest([1, 2, 3], [2, 3]),
    digest([1, 2, ~3], [2, 3]),
    digest([1, 2, 3 + 2 ** 24], [2, 3]),
    digest([1, 2, 3], [1, 3]),
  ];
  assertEquals(new Set(digests).size, 4);
  assertEquals(digest([1, 2, 3], [2, 3]), digests[0]);
});

Deno.test("drawCorpus() encodes the first samples, and learns what is to learn", async () => {
  const size = 130;
  const corpus = await drawCorpus(TOKENIZER, MIXTURE, size);
  assertEquals(corpus.size, size);
  for (let i = 0; i < size; i++) {
    const parts = drawSample(MIXTURE, i).map(({ text, learn }) => ({
      ids: TOKENIZER.encode(text),
      learn,
    }));
    const row = {
      ids: parts.flatMap(({ ids }) => ids),
      labels: parts.flatMap(({ ids, learn }) =>
        ids.map((id) => learn ? id : IGNORED_LABEL)
      ),
    };
    assertEquals(corpus.row(i), row);
    assertEquals(TOKENIZER.decode(row.ids), textOf(MIXTURE, i));
    assertEquals(corpus.lengthOf(i), row.ids.length);
    const learned = row.labels.filter((label) => label !== IGNORED_LABEL);
    assertEquals(corpus.learnedOf(i), learned.length);
    assert(learned.length > 0 && learned.length < row.ids.length);
  }
});

Deno.test("drawCorpus() draws the same again, whatever else is drawn", async () => {
  const once = await drawCorpus(TOKENIZER, MIXTURE, 40);
  assertEquals(await drawCorpus(TOKENIZER, MIXTURE, 40), once);
  const fewer = await drawCorpus(TOKENIZER, MIXTURE, 15);
  for (let i = 0; i < 15; i++) assertEquals(fewer.row(i), once.row(i));
  const texts = Array.from({ length: 40 }, (_, i) => textOf(MIXTURE, i));
  assertEquals(new Set(texts).size, 40);
});

Deno.test("drawCorpus() says how far it is, the end included", async () => {
  const done: number[] = [];
  await drawCorpus(TOKENIZER, { sums: 1 }, 230, (count) => done.push(count));
  assertEquals(done, [100, 200, 230]);
});

Deno.test("drawCorpus() of no samples is empty", async () => {
  assertEquals((await drawCorpus(TOKENIZER, MIXTURE, 0)).size, 0);
});

Deno.test("drawSample() keeps the shares of its mixture", () => {
  const n = 1000;
  // What a sample is drawn from does not change what is drawn from it.
  const kinds: readonly [kind: Mixture, share: number][] = [
    [{ lookUps: 1 }, 0.2],
    [{ sums: 1 }, 0.1],
    [{ twins: { kodcode: 1 } }, 0.3],
    [{ twins: { gsm8k: 1 } }, 0.2],
    [{ revise: { math: 1 } }, 0.2],
  ];
  const counts = kinds.map(() => 0);
  for (let i = 0; i < n; i++) {
    const text = textOf({ ...MIXTURE, revise: { math: 2 } }, i);
    counts[kinds.findIndex(([kind]) => textOf(kind, i) === text)]++;
  }
  kinds.forEach(([kind, share], k) => {
    const deviation = Math.sqrt(n * share * (1 - share));
    assert(
      Math.abs(counts[k] - n * share) < 4 * deviation,
      `${JSON.stringify(kind)}: ${counts[k]}`,
    );
  });
});

Deno.test("drawSample() takes what all twins give", () => {
  for (const name of TWIN_NAMES) {
    const text = textOf({ twins: { [name]: 1 } }, 3);
    assert(text.startsWith("<|im_start|>"), name);
    assertEquals(
      text,
      textOf({ lookUps: 0, sums: 0, twins: { gsm8k: 0, [name]: 7 } }, 3),
    );
  }
});

Deno.test("drawCorpus() refuses a twin that there is not", async () => {
  await assertRejects(
    () => drawCorpus(TOKENIZER, { twins: { gsm9k: 1 } }, 1),
    RangeError,
    "Cannot find a twin as its name must be one of alfworld, ",
  );
});

Deno.test("drawSample() refuses to revise where nothing is to be revised", () => {
  assertThrows(
    () => drawSample({ revise: { gsm8k: 1 } }, 0),
    RangeError,
    "Cannot draw what is revised as the twin must have it: current value is gsm8k",
  );
});
