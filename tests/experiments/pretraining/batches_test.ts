import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type BatchPlanOptions,
  type Bucket,
  planBatches,
} from "@/experiments/pretraining/batches.ts";
import { Corpus } from "@/experiments/pretraining/corpus.ts";

/** Samples of so many tokens that are read, and so many that are learned. */
function corpusOf(...samples: [read: number, learned: number][]): Corpus {
  const tokens = samples.flatMap(([read, learned]) => [
    ...Array<number>(read).fill(~1),
    ...Array<number>(learned).fill(1),
  ]);
  let end = 0;
  const ends = samples.map(([read, learned]) => end += read + learned);
  return new Corpus(Int32Array.from(tokens), Int32Array.from(ends));
}

/** 60 samples of 2 to 7 tokens: 18 of at most 3, 36 of at most 6, 6 of 7. */
const CORPUS = corpusOf(...Array.from(
  { length: 60 },
  (_, i): [number, number] => [1 + i % 5, 1 + (i * i) % 4],
));
const BUCKETS: readonly Bucket[] = [
  { length: 3, rows: 4 },
  { length: 6, rows: 7 },
  { length: 9, rows: 4 },
];
const OPTIONS: BatchPlanOptions = { buckets: BUCKETS, passes: 5, seed: 1 };

Deno.test("planBatches() fills buckets in the order of the samples, by hand", () => {
  const corpus = corpusOf([1, 1], [2, 3], [1, 2], [2, 1], [4, 1]);
  const buckets = [{ length: 3, rows: 2 }, { length: 5, rows: 1 }];
  // Both as the largest batch needs them: samples 2 and 0, sample 1.
  const short = { length: 3, rows: 2, targets: 3 };
  const long = { length: 5, rows: 1, targets: 3 };
  // The orders of this seed are 2 1 4 0 3, then 3 2 4 0 1.
  assertEquals(planBatches(corpus, { buckets, passes: 2, seed: 0 }), [
    { samples: [1], shape: long, placement: "none" },
    { samples: [4], shape: long, placement: "prepend" },
    { samples: [2, 0], shape: short, placement: "none" },
    // Sample 3 has waited for the second pass.
    { samples: [3, 3], shape: short, placement: "prepend" },
    { samples: [4], shape: long, placement: "none" },
    { samples: [2, 0], shape: short, placement: "none" },
    { samples: [1], shape: long, placement: "append" },
  ]);
});

Deno.test("planBatches() reads every sample in each pass but for the last ones", () => {
  const counts = Array<number>(CORPUS.size).fill(0);
  for (const { samples } of planBatches(CORPUS, OPTIONS)) {
    for (const sample of samples) counts[sample]++;
  }
  const missing = BUCKETS.map(() => 0);
  const sizes = BUCKETS.map(() => 0);
  counts.forEach((count, i) => {
    const bucket = BUCKETS.findIndex(({ length }) =>
      CORPUS.lengthOf(i) <= length
    );
    assert(count <= OPTIONS.passes);
    missing[bucket] += OPTIONS.passes - count;
    sizes[bucket]++;
  });
  assertEquals(sizes, [18, 36, 6]);
  // 90 in fours, 180 in sevens, 30 in fours.
  assertEquals(missing, [2, 5, 2]);
});

Deno.test("planBatches() gives each bucket one shape that holds its batches", () => {
  const batches = planBatches(CORPUS, OPTIONS);
  for (const bucket of BUCKETS) {
    const own = batches.filter(({ shape }) => shape.length === bucket.length);
    const learned = own.map(({ samples }) =>
      samples.reduce((sum, i) => sum + CORPUS.learnedOf(i), 0)
    );
    // As small as can be.
    const shape = { ...bucket, targets: Math.max(...learned) };
    for (const batch of own) {
      assertEquals(batch.shape, shape);
      assertEquals(batch.samples.length, bucket.rows);
      for (const i of batch.samples) {
        assert(CORPUS.lengthOf(i) <= bucket.length);
      }
    }
  }
});

Deno.test("planBatches() takes placements in turn within each bucket", () => {
  const batches = planBatches(CORPUS, OPTIONS);
  const turns = ["none", "prepend", "none", "append"];
  for (const { length } of BUCKETS) {
    const own = batches.filter(({ shape }) => shape.length === length);
    assert(own.length > turns.length);
    assertEquals(
      own.map(({ placement }) => placement as string),
      own.map((_, i) => turns[i % turns.length]),
    );
  }
});

Deno.test("planBatches() depends on its seed, and on nothing else", () => {
  assertEquals(planBatches(CORPUS, OPTIONS), planBatches(CORPUS, OPTIONS));
  const samples = (options: BatchPlanOptions): (readonly number[])[] =>
    planBatches(CORPUS, options).map(({ samples }) => samples);
  assert(
    String(samples(OPTIONS)) !== String(samples({ ...OPTIONS, seed: 2 })),
  );
  // Passes have orders of their own.
  const one = { ...OPTIONS, buckets: [{ length: 9, rows: 60 }] };
  const [first, second] = samples(one);
  assertEquals([...first].sort(), [...second].sort());
  assert(String(first) !== String(second));
});

Deno.test("planBatches() has nothing to do without samples or passes", () => {
  assertEquals(planBatches(corpusOf(), OPTIONS), []);
  assertEquals(planBatches(CORPUS, { ...OPTIONS, passes: 0 }), []);
});

Deno.test("planBatches() refuses a sample that is too long for all buckets", () => {
  assertThrows(
    () => planBatches(corpusOf([1, 1], [6, 4]), OPTIONS),
    RangeError,
    "Cannot batch sample 1 as it may have at most 9 tokens: current value is 10",
  );
});
