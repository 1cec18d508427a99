import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type CacheSize, KIND, KvCache } from "@/lib/models/mod.ts";
import { tensorTest, tinyConfig } from "./tiny.ts";

const { none, text, memory } = KIND;
/** One number a slot: what is where can be read off. */
const CONFIG = tinyConfig("qwen2", { keyValueHeads: 1, headDim: 1 });

/** Writes keys as given, values their negatives, and fills the slots. */
function add(
  cache: KvCache,
  row: number,
  keys: readonly number[],
  kinds: readonly number[] = keys.map(() => text),
): void {
  cache.reserve([row], [keys.length]);
  const start = row * cache.slots + cache.lengthOf(row);
  for (const { keys: variable, values } of cache.layers) {
    for (const [target, sign] of [[variable, 1], [values, -1]] as const) {
      const old = target.read();
      const flat = old.dataSync().slice();
      keys.forEach((key, i) => flat[start + i] = sign * key);
      old.dispose();
      const changed = tf.tensor(flat, [...target.shape]);
      target.assign(changed);
      changed.dispose();
    }
  }
  cache.fill(row, kinds);
}

/** What the filled slots of each row hold in a layer. */
function contents(
  cache: KvCache,
  name: "keys" | "values",
  layer = 0,
): number[][] {
  const tensor = cache.layers[layer][name].read();
  const numbers = tensor.dataSync();
  tensor.dispose();
  return Array.from({ length: cache.size.rows }, (_, row) => {
    const start = row * cache.slots;
    return [...numbers.slice(start, start + cache.lengthOf(row))];
  });
}

function withCache(size: CacheSize, use: (cache: KvCache) => void): void {
  const cache = new KvCache(CONFIG, size);
  use(cache);
  cache.dispose();
}

tensorTest(
  "KvCache keeps rows apart and what they hold while it grows",
  () =>
    withCache({ rows: 3, capacity: 20 }, (cache) => {
      add(cache, 2, [1, 2]);
      // A quarter of the capacity at least; one more takes padding.
      assertEquals(cache.slots, 6);
      add(cache, 0, [3]);
      add(cache, 2, [4]);
      assertEquals(cache.slots, 6);
      assertEquals(contents(cache, "keys"), [[3], [], [1, 2, 4]]);
      add(cache, 1, [5, 6, 7, 8, 9, 10, 11]);
      assertEquals(cache.slots, 8);
      const last = CONFIG.layers - 1;
      assertEquals(
        contents(cache, "values", last),
        [
          [-3],
          [],
          [-1, -2, -4],
        ].with(1, [-5, -6, -7, -8, -9, -10, -11]),
      );
      assertEquals(cache.layers[0].keys.shape, [3, 8, 1]);
    }),
);

tensorTest(
  "KvCache.fill() keeps kinds, and clear() forgets a row",
  () =>
    withCache({ rows: 2, capacity: 5 }, (cache) => {
      add(cache, 0, [1, 2, 3], [memory, memory, text]);
      add(cache, 1, [4]);
      assertEquals([...cache.kinds], [
        ...[memory, memory, text, none],
        ...[text, none, none, none],
      ]);
      cache.clear(0);
      assertEquals([...cache.kinds], [
        ...[none, none, none, none],
        ...[text, none, none, none],
      ]);
      add(cache, 0, [5]);
      assertEquals(contents(cache, "keys"), [[5], [4]]);
    }),
);

tensorTest(
  "KvCache.reserve() refuses a row beyond its capacity and keeps what is there",
  () =>
    withCache({ rows: 2, capacity: 3 }, (cache) => {
      add(cache, 0, [1, 2]);
      assertThrows(
        () => cache.reserve([1, 0], [1, 2]),
        RangeError,
        "Cannot continue row 0 as its cache holds at most 3 tokens and latents: current value is 4",
      );
      assertEquals(contents(cache, "keys"), [[1, 2], []]);
      add(cache, 0, [7]);
      assertEquals(contents(cache, "keys"), [[1, 2, 7], []]);
      assertEquals(cache.slots, 4);
    }),
);
