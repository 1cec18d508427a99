/**
 * Which samples of a corpus make a batch: those of about the same length, so
 * that little of it is padding.
 */
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
  /** Equal for all batches of a bucket. */
  readonly shape: BatchShape;
  /** Where it carries junk. */
  readonly placement: JunkPlacement;
}

/** In turn within a bucket. */
const PLACEMENTS: readonly JunkPlacement[] = [
  "none",
  "prepend",
  "none",
  "append",
];

/** How `planBatches` goes through a corpus. */
export interface BatchPlanOptions {
  /** Shortest first; a sample goes into the first that it fits. */
  readonly buckets: readonly Bucket[];
  /** Times that every sample is read, each time in another order. */
  readonly passes: number;
  /** Seed of the orders. */
  readonly seed: number;
}

/**
 * Batches in the order in which their buckets fill. Those of a bucket have one
 * shape, so that they run as one program. A bucket goes on filling in the next
 * pass; its last samples are left out if they are too few for a batch.
 *
 * @throws {RangeError} If a sample is longer than all buckets.
 */
export function planBatches(
  corpus: Corpus,
  { buckets, passes, seed }: BatchPlanOptions,
): PlannedBatch[] {
  const samples = Array.from({ length: corpus.size }, (_, i) => i);
  const bucketOf = samples.map((i) => findBucket(corpus, i, buckets));
  const waiting: number[][] = buckets.map(() => []);
  const filled: FilledBucket[] = [];
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
  return toBatches(corpus, buckets, filled);
}

/** Samples that fill a bucket. */
interface FilledBucket {
  /** Its index. */
  readonly bucket: number;
  readonly samples: readonly number[];
}

/** Index of the first bucket that a sample fits. */
function findBucket(
  corpus: Corpus,
  sample: number,
  buckets: readonly Bucket[],
): number {
  const length = corpus.lengthOf(sample);
  const index = buckets.findIndex((bucket) => length <= bucket.length);
  if (index < 0) {
    throw new RangeError(
      `Cannot batch sample ${sample} as it may have at most ${
        buckets.at(-1)?.length
      } tokens: current value is ${length}`,
    );
  }
  return index;
}

/** With shapes that hold every batch of a bucket, and junk in turn. */
function toBatches(
  corpus: Corpus,
  buckets: readonly Bucket[],
  filled: readonly FilledBucket[],
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
