/** Which samples of a corpus make a batch: those of about the same length. */
import type { BatchShape } from "@/lib/memgen/mod.ts";
import { seededRandom, shuffled } from "@/lib/random.ts";
import type { Corpus } from "@/experiments/pretraining/corpus.ts";
import type { JunkPlacement } from "@/experiments/pretraining/junk.ts";

/** The shape of batches of samples of at most some length. */
export interface Bucket {
  /** T: tokens of a row, at most. */
  readonly length: number;
  /** B: rows of a batch. */
  readonly rows: number;
}

/** A batch, not yet packed. */
export interface PlannedBatch {
  /** Samples of the corpus. */
  readonly samples: readonly number[];
  /** Equal for all batches of a bucket, so that they run as one program. */
  readonly shape: BatchShape;
  /** Half of a bucket's batches carry junk, in either placement. */
  readonly placement: JunkPlacement;
}

const PLACEMENTS: readonly JunkPlacement[] = [
  "none",
  "prepend",
  "none",
  "append",
];

/** How `planBatches` goes through a corpus. */
export interface BatchPlanOptions {
  /** By length, shortest first. */
  readonly buckets: readonly Bucket[];
  /** Times that every sample is read, each time in another order. */
  readonly passes: number;
  /** Of the orders. */
  readonly seed: number;
}

/**
 * Batches in the order in which their buckets fill. A bucket's last samples
 * are left out if they are too few for a batch.
 *
 * @throws {RangeError} If a sample is longer than all buckets.
 */
export function planBatches(
  corpus: Corpus,
  { buckets, passes, seed }: BatchPlanOptions,
): PlannedBatch[] {
  const samples = Array.from({ length: corpus.size }, (_, i) => i);
  const bucketOf = samples.map((i) => {
    const length = corpus.lengthOf(i);
    const bucket = buckets.findIndex((each) => length <= each.length);
    if (bucket < 0) {
      throw new RangeError(
        `Cannot batch sample ${i} as it may have at most ${
          buckets.at(-1)?.length
        } tokens: current value is ${length}`,
      );
    }
    return bucket;
  });
  const waiting: number[][] = buckets.map(() => []);
  const filled: { bucket: number; samples: number[] }[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const random = seededRandom("corpus order", seed, pass);
    for (const sample of shuffled(random, samples)) {
      const bucket = bucketOf[sample];
      waiting[bucket].push(sample);
      if (waiting[bucket].length < buckets[bucket].rows) continue;
      filled.push({ bucket, samples: waiting[bucket] });
      waiting[bucket] = [];
    }
  }
  return placed(corpus, buckets, filled);
}

/** With shapes that hold every batch of a bucket, and junk in turn. */
function placed(
  corpus: Corpus,
  buckets: readonly Bucket[],
  filled: readonly { bucket: number; samples: number[] }[],
): PlannedBatch[] {
  const targets = buckets.map(() => 0);
  for (const { bucket, samples } of filled) {
    const learned = samples.reduce((sum, i) => sum + corpus.learnedOf(i), 0);
    targets[bucket] = Math.max(targets[bucket], learned);
  }
  const shapes = buckets.map((bucket, i) => ({
    ...bucket,
    targets: targets[i],
  }));
  const rounds = buckets.map(() => 0);
  return filled.map(({ bucket, samples }) => ({
    samples,
    shape: shapes[bucket],
    placement: PLACEMENTS[rounds[bucket]++ % PLACEMENTS.length],
  }));
}
