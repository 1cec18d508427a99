import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  BLOCK_ROWS,
  bucketLength,
  CachedDecoder,
  type DecoderConfig,
  type DecoderView,
  embedInputs,
  FAMILIES,
  type Item,
  KIND,
  logits,
  loraShapes,
  loraView,
  makeExtend,
  makeSteps,
  placesOf,
  type Tail,
} from "@/lib/models/mod.ts";
import { normals, seededRandom } from "@/lib/random.ts";
import { disposeTree, withPrecision } from "@/lib/tensorflow/mod.ts";
import { tensorflowTest } from "@/tests/backend.ts";
import {
  assertClose,
  randomFactors,
  randomWeights,
  tensorTest,
  tidyTest,
  tinyConfig,
  wholePass,
} from "./tiny.ts";

/** The same pass in other shapes. */
const ROUNDING = 1e-5;

/** A cached decoder whose results are hidden states, and what it was given. */
class Harness {
  readonly decoder: CachedDecoder;
  /** Everything that each row remembers, in order. */
  readonly items: Item[][];
  /** The hidden states of these, row after row. */
  readonly hidden: number[][];
  readonly #config: DecoderConfig;
  readonly #view: DecoderView;
  readonly #extend;

  constructor(
    config: DecoderConfig,
    view: DecoderView,
    size: { readonly rows: number; readonly capacity: number },
  ) {
    this.#config = config;
    this.#view = view;
    this.#extend = makeExtend<null, tf.Tensor3D>(config, {
      name: "extend",
      xla: "never",
      finish: (_, hidden) => hidden,
    });
    this.decoder = new CachedDecoder(config, view, size);
    this.items = Array.from({ length: size.rows }, () => []);
    this.hidden = Array.from({ length: size.rows }, () => []);
  }

  extend(rows: readonly number[], blocks: readonly Item[][]): void {
    const { result, places } = this.decoder.extend(
      this.#extend,
      () => null,
      { rows, blocks },
    );
    const D = this.#config.hiddenSize;
    const values = result.dataSync();
    const T = result.shape[1];
    result.dispose();
    rows.forEach((row, i) => {
      const { length } = blocks[i];
      const start = places[i] * T;
      this.items[row].push(...blocks[i]);
      this.hidden[row].push(
        ...values.slice(start * D, (start + length) * D),
      );
    });
  }

  /** A token for some rows; -1 for the others. */
  step(ids: readonly number[]): void {
    const rows = ids.flatMap((id, row) => id >= 0 ? [row] : []);
    const blocks = rows.map((row) =>
      tokens([ids[row]], textLength(this.items[row]))
    );
    this.extend(rows, blocks);
  }

  clear(row: number): void {
    this.decoder.clear(row);
    this.items[row] = [];
    this.hidden[row] = [];
  }

  /** Compares with one pass over all that each row remembers. */
  assertWholePass(): void {
    this.items.forEach((items, row) => {
      if (items.length === 0) return;
      const expected = wholePass(this.#config, this.#view, items);
      assertClose(this.hidden[row], expected, ROUNDING);
    });
  }

  dispose(): void {
    this.decoder.dispose();
    this.#extend.dispose();
  }
}

function textLength(items: readonly Item[]): number {
  return items.filter(({ kind }) => kind === KIND.text).length;
}

function tokens(ids: readonly number[], start = 0): Item[] {
  return ids.map((value, i) => ({
    value,
    position: start + i,
    kind: KIND.text,
  }));
}

/** K vectors before the text, as prepended memory is. */
function memoryBlock(config: DecoderConfig, name: string, K: number): Item[] {
  const random = seededRandom("memory", name);
  return Array.from({ length: K }, (_, k) => ({
    value: normals(random, config.hiddenSize),
    position: k - K,
    kind: KIND.memory,
  }));
}

function withHarness(
  config: DecoderConfig,
  size: { readonly rows: number; readonly capacity: number },
  use: (harness: Harness) => void,
): void {
  const weights = randomWeights(config, 1);
  const settings = {
    rank: 2,
    alpha: 4,
    dropout: 0,
    targetModules: ["q_proj", "v_proj"],
    bias: "none",
  } as const;
  const factors = randomFactors(loraShapes(config, settings, ""));
  const view = { weights, lora: loraView(factors, "", settings) };
  const harness = new Harness(config, view, size);
  use(harness);
  harness.dispose();
  disposeTree([weights, factors]);
}

for (const family of FAMILIES) {
  const config = tinyConfig(family);

  tensorTest(
    `CachedDecoder of ${family} equals one pass without a cache`,
    () =>
      withHarness(config, { rows: 3, capacity: 64 }, (harness) => {
        const random = seededRandom("tokens", family);
        const draw = () => Math.floor(random() * config.vocabSize);
        harness.extend([2, 0], [
          tokens([5, 6, 7, 8, 9]),
          tokens([1]),
        ]);
        harness.extend([1], [tokens([11, 12, 13])]);
        // The cache grows twice; row 1 rests in every third step.
        for (let i = 0; i < 21; i++) {
          harness.step([draw(), i % 3 === 0 ? -1 : draw(), draw()]);
        }
        const [first, , third] = harness.items.map(textLength);
        harness.extend([2, 0], [
          tokens([draw()], third),
          tokens([draw(), draw(), draw()], first),
        ]);
        harness.step([draw(), draw(), -1]);
        harness.assertWholePass();
      }),
  );

  tensorTest(
    `CachedDecoder of ${family} forgets a row that is cleared, and no other`,
    () =>
      withHarness(config, { rows: 2, capacity: 8 }, (harness) => {
        harness.extend([0, 1], [tokens([5, 6, 7, 8]), tokens([9])]);
        harness.step([10, 11]);
        harness.clear(0);
        harness.step([-1, 12]);
        // Both rows together would not fit into 8 slots.
        harness.extend([0], [tokens([13, 14, 15, 16, 17])]);
        harness.step([18, 19]);
        harness.assertWholePass();
      }),
  );

  tensorTest(
    `CachedDecoder of ${family} shows memory to text, not text to memory`,
    () =>
      withHarness(config, { rows: 2, capacity: 32 }, (harness) => {
        const [first, second] = ["first", "second"].map((name) =>
          memoryBlock(config, name, 3)
        );
        harness.extend([0, 1], [
          [...tokens([1, 2]), ...first, ...tokens([3], 2)],
          tokens([4, 5]),
        ]);
        harness.step([6, 7]);
        harness.extend([0, 1], [
          [...second, ...tokens([8], 4)],
          [...second, ...tokens([9], 3)],
        ]);
        harness.step([10, 11]);
        harness.assertWholePass();
      }),
  );

  tensorTest(
    `CachedDecoder of ${family} takes vectors in the place of tokens`,
    () =>
      withHarness(config, { rows: 2, capacity: 8 }, (harness) => {
        const vectors = memoryBlock(config, "appended", 2)
          .map((item, k) => ({ ...item, position: 1 + k, kind: KIND.text }));
        harness.extend([1, 0], [
          [...tokens([1]), ...vectors, ...tokens([2], 3)],
          tokens([3]),
        ]);
        harness.step([4, 5]);
        harness.assertWholePass();
      }),
  );
}

tensorTest(
  "CachedDecoder.extend() lets tails see what is before them and forgets them",
  () => {
    const config = tinyConfig("qwen2");
    const [K, D] = [2, config.hiddenSize];
    const weights = randomWeights(config, 1);
    const queries = tf.tensor2d(normals(seededRandom("queries"), K * D), [
      K,
      D,
    ]);
    const extend = makeExtend<tf.Tensor2D, tf.Tensor3D>(config, {
      name: "tails",
      xla: "never",
      prepare: (queries, embeddings) => {
        const b = embeddings.shape[0];
        return tf.concat([
          embeddings,
          tf.tile(queries.expandDims(0), [b, 1, 1]) as tf.Tensor3D,
        ], 1);
      },
      finish: (_, hidden) => hidden,
    });
    const size = { rows: 2, capacity: 16 };
    const decoder = new CachedDecoder(config, { weights }, size);
    const tailOf = (start: number): Tail =>
      Array.from({ length: K }, (_, k) => ({
        position: start + k,
        kind: KIND.text,
      }));
    const withQueries = (items: Item[]): Item[] => [
      ...items,
      ...tailOf(items.length).map((item, k) => ({
        ...item,
        value: queries.dataSync<"float32">().slice(k * D, (k + 1) * D),
      })),
    ];
    const run = (start: number, rows: number[][]): Float32Array[] => {
      const blocks = rows.map((ids) => tokens(ids, start));
      const tails = rows.map((ids) => tailOf(start + ids.length));
      const { result, places } = decoder.extend(
        extend,
        () => queries,
        { rows: [1, 0], blocks, tails },
      );
      const values = result.dataSync<"float32">();
      const total = result.shape[1];
      result.dispose();
      return places.map((place) =>
        values.slice((place * total + total - K) * D, (place + 1) * total * D)
      );
    };
    const expected = (ids: number[]): Float32Array =>
      wholePass(config, { weights }, withQueries(tokens(ids)))
        .slice(ids.length * D);

    const first = run(0, [[1, 2, 3], [4, 5, 6]]);
    assertClose(first[0], expected([1, 2, 3]), ROUNDING);
    assertClose(first[1], expected([4, 5, 6]), ROUNDING);
    const second = run(3, [[7], [8, 9, 10]]);
    assertClose(second[0], expected([1, 2, 3, 7]), ROUNDING);
    assertClose(second[1], expected([4, 5, 6, 8, 9, 10]), ROUNDING);

    decoder.dispose();
    extend.dispose();
    disposeTree([weights, queries]);
  },
);

for (const rows of [3, BLOCK_ROWS + 1]) {
  tensorTest(
    `CachedDecoder.extendInPieces() ends as one pass does, with a cache of ${rows} rows`,
    () => {
      const config = tinyConfig("qwen3", { maxPositions: 256 });
      const weights = randomWeights(config, 1);
      const random = seededRandom("pieces");
      const draw = (length: number): Item[] =>
        tokens(Array.from(
          { length },
          () => Math.floor(random() * config.vocabSize),
        ));
      // Memory on both sides of the first piece's end.
      const long = draw(150);
      const blocks = [
        [
          ...long.slice(0, 61),
          ...memoryBlock(config, "m", 7),
          ...long.slice(61),
        ],
        draw(3),
        draw(64),
      ];
      const lengths: number[][] = [];
      const extend = makeExtend<tf.Tensor1D, tf.Tensor3D>(config, {
        name: "pieces",
        xla: "never",
        places: (last, [, T]) => placesOf(last, T),
        finish: (_, hidden) => hidden,
      });
      const decoder = new CachedDecoder(config, { weights }, {
        rows,
        capacity: 160,
      });
      const run = (
        blocks: readonly Item[][],
      ): { values: Float32Array; places: readonly number[] } => {
        const { result, places } = decoder.extendInPieces(
          extend,
          ({ T, M, last, rows, places }) => {
            // All pieces have one compiled size.
            if (lengths.length < 3) assertEquals([T, M], [64, 64]);
            lengths.push(places.map((place) => last[place] + 1));
            assertEquals(rows, [2, 0, 1].slice(0, rows.length));
            return tf.tensor1d(last, "int32");
          },
          { rows: [2, 0, 1], blocks },
        );
        const values = result.dataSync<"float32">();
        result.dispose();
        return { values, places };
      };
      const D = config.hiddenSize;
      const assertEnds = (
        { values, places }: ReturnType<typeof run>,
        read: readonly Item[][],
      ): void =>
        read.forEach((items, i) =>
          assertClose(
            values.slice(places[i] * D, (places[i] + 1) * D),
            wholePass(config, { weights }, items).slice(-D),
            ROUNDING,
          )
        );
      assertEnds(run(blocks), blocks);
      assertEquals(lengths, [[64], [64], [29, 3, 64]]);
      // What was read in pieces is remembered.
      const next = blocks.map((items) => tokens([5], textLength(items)));
      assertEnds(run(next), blocks.map((items, i) => [...items, ...next[i]]));

      decoder.dispose();
      extend.dispose();
      disposeTree(weights);
    },
  );
}

tensorTest(
  "CachedDecoder refuses more than its capacity and keeps what is there",
  () =>
    withHarness(tinyConfig("qwen2"), { rows: 2, capacity: 4 }, (harness) => {
      harness.extend([0, 1], [tokens([1]), tokens([1, 2, 3])]);
      assertThrows(
        () => harness.extend([1], [tokens([4, 5], 3)]),
        RangeError,
        "Cannot continue row 1 as its cache holds at most 4 tokens and latents: current value is 5",
      );
      harness.step([-1, 4]);
      assertThrows(
        () => harness.step([5, 6]),
        RangeError,
        "Cannot continue row 1 as its cache holds at most 4 tokens and latents: current value is 5",
      );
      harness.step([5, -1]);
      harness.assertWholePass();
    }),
);

tensorTest(
  "CachedDecoder runs blocks of some of many rows as it runs all of few",
  () =>
    withHarness(
      tinyConfig("qwen2"),
      { rows: BLOCK_ROWS + 2, capacity: 12 },
      (harness) => {
        harness.extend([BLOCK_ROWS + 1, 3], [
          tokens([1, 2, 3]),
          tokens([4, 5]),
        ]);
        const step = harness.items.map(({ length }) => length > 0 ? 6 : -1);
        harness.step(step);
        harness.extend([3, 0, BLOCK_ROWS + 1], [
          tokens([7, 8], 3),
          tokens([9]),
          tokens([10], 4),
        ]);
        harness.assertWholePass();
      },
    ),
);

tensorTest(
  "CachedDecoder.steps() runs what it chose, and forgets what does not count",
  () => {
    const config = tinyConfig("qwen2");
    const weights = randomWeights(config, 1);
    const view = { weights };
    const choose = (hidden: tf.Tensor2D): tf.Tensor1D =>
      tf.argMax(logits(config, weights, hidden), -1) as tf.Tensor1D;
    const extend = makeExtend<null, tf.Tensor1D>(config, {
      name: "extend",
      xla: "never",
      finish: (_, hidden) => choose(hidden.squeeze([1])),
    });
    const steps = makeSteps<null>(config, {
      name: "steps",
      xla: "never",
      choose: (_, hidden) => choose(hidden),
    });
    const size = { rows: 3, capacity: 6 };
    const fast = new CachedDecoder(config, view, size);
    const slow = new CachedDecoder(config, view, size);
    /** The next tokens of rows 0 and 2, one at a time. */
    const one = (ids: readonly number[], position: number): number[] => {
      const blocks = ids.map((id) => tokens([id], position));
      const { result, places } = slow.extend(
        extend,
        () => null,
        { rows: [0, 2], blocks },
      );
      const values = result.dataSync();
      result.dispose();
      return places.map((place) => values[place]);
    };
    const many = (
      ids: readonly number[],
      position: number,
      counts: readonly number[],
    ): number[][] => {
      const first = ids.map((id) => tokens([id], position)[0]);
      const result = fast.steps(steps, () => null, [0, 2], {
        first,
        counts,
        steps: 3,
      });
      const rows = result.arraySync();
      result.dispose();
      return [rows[0], rows[2]];
    };
    const expected = [[5, 7]];
    for (let i = 0; i < 6; i++) expected.push(one(expected[i], i));
    const column = (row: number, start: number): number[] =>
      expected.slice(start + 1, start + 4).map((pair) => pair[row]);

    assertEquals(many([5, 7], 0, [3, 3]), [column(0, 0), column(1, 0)]);
    // Only two count: the third token is chosen again, then two more.
    for (const row of [0, 2]) fast.remember(row, 2);
    assertEquals(many(expected[2], 2, [3, 3]), [column(0, 2), column(1, 2)]);
    for (const row of [0, 2]) fast.remember(row, 3);
    // One slot is left: what does not count needs no room.
    const [[a], [b]] = many(expected[5], 5, [1, 1]);
    assertEquals([a, b], expected[6]);
    assertThrows(
      () => many(expected[5], 5, [1, 2]),
      RangeError,
      "Cannot continue row 2 as its cache holds at most 6 tokens and latents: current value is 7",
    );
    for (const each of [fast, slow, extend, steps]) each.dispose();
    disposeTree(weights);
  },
);

tidyTest("embedInputs() puts vectors into their places", () => {
  const weights = {
    "model.embed_tokens.weight": tf.tensor2d([[1, 2], [3, 4]]),
  };
  const inputs = {
    ids: tf.tensor2d([[1, 0, 0], [0, 1, 1]], undefined, "int32"),
    vectors: tf.tensor3d([[[5, 6], [7, 8]], [[9, 9], [0, 0]]]),
    vectorIndex: tf.tensor2d([[-1, 1, 0], [-1, 0, -1]], undefined, "int32"),
  };
  assertEquals(embedInputs({ weights }, inputs).arraySync(), [
    [[3, 4], [7, 8], [5, 6]],
    [[1, 2], [9, 9], [3, 4]],
  ]);
  const none = { ...inputs, vectors: tf.zeros<tf.Rank.R3>([2, 0, 2]) };
  assertEquals(embedInputs({ weights }, none).arraySync(), [
    [[3, 4], [1, 2], [1, 2]],
    [[1, 2], [3, 4], [3, 4]],
  ]);
});

tensorflowTest("embedInputs() rounds no vectors, even in bf16", () => {
  const inputs = {
    ids: tf.tensor2d([[0]], undefined, "int32"),
    vectors: tf.tensor3d([[[257 / 256]]]),
    vectorIndex: tf.tensor2d([[0]], undefined, "int32"),
  };
  const weights = { "model.embed_tokens.weight": tf.tensor2d([[5]]) };
  const embedded = withPrecision(
    "bf16",
    () => embedInputs({ weights }, inputs),
  );
  assertEquals(embedded.arraySync(), [[[257 / 256]]]);
});

Deno.test("bucketLength() is the next power of two or three quarters of it", () => {
  const lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 25, 97, 1000];
  assertEquals(
    lengths.map(bucketLength),
    [1, 2, 3, 4, 6, 6, 8, 8, 12, 12, 16, 16, 24, 32, 128, 1024],
  );
  for (let length = 1; length <= 300; length++) {
    const bucket = bucketLength(length);
    assert(bucket >= length && bucket <= 1.5 * length, `${length}`);
  }
});
