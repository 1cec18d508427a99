import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type CacheSize,
  type KeyValue,
  KIND,
  KvCache,
  makeMerge,
  RECENT_SLOTS,
} from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { tensorTest, tinyConfig } from "./tiny.ts";

const { none, text, memory } = KIND;
/** One number a slot: what is where can be read off. */
const CONFIG = tinyConfig("qwen2", { keyValueHeads: 1, headDim: 1 });

/** New slots of every layer: keys as given, values their negatives. */
function slots(keys: readonly (readonly number[])[]): KeyValue[] {
  const shape = [keys.length, 1, keys[0].length, 1] as const;
  return Array.from({ length: CONFIG.layers }, (_, layer) => {
    const values = keys.flat().map((key) => key + 100 * layer);
    return {
      keys: tf.tensor4d(values, [...shape]),
      values: tf.tensor4d(values.map((value) => -value), [...shape]),
    };
  });
}

/** Adds slots to the cache. */
function add(
  cache: KvCache,
  rows: readonly number[],
  keys: readonly (readonly number[])[],
  kinds: readonly (readonly number[])[] = keys.map((row) =>
    row.map(() => text)
  ),
): void {
  const layers = slots(keys);
  try {
    cache.merge({ rows, layers, kinds });
  } finally {
    disposeTree(layers);
  }
}

/** Keys of the filled slots of each row, in the first layer. */
function keysOf(cache: KvCache): number[][] {
  const { rows, capacity } = cache.size;
  const keys = cache.past[0].keys.dataSync();
  return Array.from(
    { length: rows },
    (_, row) =>
      Array.from(keys.slice(row * capacity, (row + 1) * capacity))
        .filter((_, s) => cache.kinds[row * capacity + s] !== none),
  );
}

function withCache(size: CacheSize, use: (cache: KvCache) => void): void {
  const merge = makeMerge("never");
  const cache = new KvCache(CONFIG, size, merge);
  use(cache);
  cache.dispose();
  merge.dispose();
}

tensorTest(
  "KvCache.merge() puts new slots behind those of their own row",
  () =>
    withCache({ rows: 3, capacity: 4 }, (cache) => {
      assertEquals(keysOf(cache), [[], [], []]);
      add(cache, [2, 0], [[1, 2], [3, 4]]);
      assertEquals(keysOf(cache), [[3, 4], [], [1, 2]]);
      add(cache, [1, 2], [[5], [6]]);
      assertEquals(keysOf(cache), [[3, 4], [5], [1, 2, 6]]);
      const [first, second] = cache.past;
      assertEquals(
        Array.from(second.keys.dataSync()).slice(8, 11),
        [101, 102, 106],
      );
      assertEquals(Array.from(first.values.dataSync()).slice(8, 11), [
        -1,
        -2,
        -6,
      ]);
    }),
);

tensorTest(
  "KvCache.merge() leaves out padding and keeps kinds",
  () =>
    withCache({ rows: 2, capacity: 4 }, (cache) => {
      add(cache, [0, 1], [[1, 2, 3], [4, 5, 6]], [
        [memory, text, none],
        [none, text, none],
      ]);
      assertEquals(keysOf(cache), [[1, 2], [5]]);
      assertEquals([...cache.kinds], [
        ...[memory, text, none, none],
        ...[text, none, none, none],
      ]);
    }),
);

tensorTest(
  "KvCache.merge() moves the recent slots before the new ones",
  () =>
    withCache({ rows: 2, capacity: 6 }, (cache) => {
      add(cache, [0, 1], [[1], [2]]);
      const steps = Array.from({ length: RECENT_SLOTS }, (_, r) => 10 + r);
      cache.replaceRecent(slots([steps, steps.map((key) => key + 100)]));
      // Row 0 was active at steps 0 and 3, row 1 at step 1.
      for (const slot of [0, 3, RECENT_SLOTS + 1]) {
        cache.recentKinds[slot] = text;
      }
      cache.cursor = 4;
      add(cache, [1], [[3, 4]]);
      assertEquals(keysOf(cache), [[1, 10, 13], [2, 111, 3, 4]]);
      assertEquals(cache.cursor, 0);
      assertEquals(cache.recentKinds.every((kind) => kind === none), true);
      cache.merge();
      assertEquals(keysOf(cache), [[1, 10, 13], [2, 111, 3, 4]]);
    }),
);

tensorTest(
  "KvCache.merge() refuses a row beyond its capacity and keeps what is there",
  () =>
    withCache({ rows: 2, capacity: 3 }, (cache) => {
      add(cache, [0, 1], [[1, 2], [3, 4]]);
      assertThrows(
        () => add(cache, [1], [[5, 6]]),
        RangeError,
        "Cannot continue row 1 as its cache holds at most 3 tokens and latents: current value is 4",
      );
      assertEquals(keysOf(cache), [[1, 2], [3, 4]]);
      add(cache, [1], [[7]]);
      assertEquals(keysOf(cache), [[1, 2], [3, 4, 7]]);
    }),
);
