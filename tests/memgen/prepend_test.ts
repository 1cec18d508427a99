import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  decodeWithBank,
  decodeWithMemory,
  packPrepend,
  type PrependBatch,
  prependLoss,
  PROMPT_SKIPPED,
  type SupervisedRow,
  weaveBlocks,
} from "@/lib/memgen/mod.ts";
import { FAMILIES } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import { lossAndGradients } from "@/lib/training/mod.ts";
import {
  plainPass,
  weaveAlone,
  writtenOut,
} from "@/tests/memgen/prepend_reference.ts";
import {
  assertGradients,
  memgenConfig,
  randomModules,
  randomRow,
  tinyModel,
} from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, tensorTest, tidyTest } from "@/tests/models/tiny.ts";

/** float32, summed in another order. */
const ROUNDING = 1e-5;
/** Blocks of 2, 3 and 3 latents: 0-1, 2-4, 5-7. */
const CONFIG = memgenConfig({ insertion: "prepend" });
const BLOCKS = [[0, 2], [2, 3], [5, 3]] as const;
const [B, T, M, D] = [2, 10, 8, 16];

const random = seededRandom("prepend");
/** All blocks; one after a delimiter, in a shorter row. */
const ROWS: readonly SupervisedRow[] = [
  randomRow(random, 10, [3, 6, 8]),
  randomRow(random, 8, [2, 5]),
];
const SHAPE = { rows: B, length: T, targets: 16 };

function randomLatents(seed: number): tf.Tensor3D {
  return tf.randomNormal([B, M, D], 0, 1, "float32", seed) as tf.Tensor3D;
}

/** Which of `[B, N]` rows of vectors differ, `[B, N, D]` each. */
function changedRows(before: tf.Tensor, after: tf.Tensor): number[][] {
  const distance = before.sub(after).abs().max(-1).arraySync() as number[][];
  return distance.map((row) =>
    row.flatMap((value, t) => {
      // Nothing between "the same" and "clearly another".
      assert(value === 0 || value > 1e-5, `${value}`);
      return value === 0 ? [] : [t];
    })
  );
}

/** The latents with those of one block of one row replaced. */
function replaceBlock(
  latents: tf.Tensor3D,
  row: number,
  [start, K]: readonly [number, number],
): tf.Tensor3D {
  const isReplaced = tf.buffer([B, M, 1]);
  for (let k = 0; k < K; k++) isReplaced.set(1, row, start + k, 0);
  return latents.add(isReplaced.toTensor());
}

const from = (start: number): number[] =>
  Array.from({ length: T - start }, (_, i) => start + i);

for (const family of FAMILIES) {
  tidyTest(
    `decodeWithMemory() of ${family}: a block is seen from the token before its point`,
    () => {
      const model = tinyModel(family, 1);
      const batch = packPrepend(ROWS, SHAPE, CONFIG);
      const latents = randomLatents(2);
      const hidden = decodeWithMemory(model, CONFIG, latents, batch);
      const seenBy = (row: number, n: number): number[][] =>
        changedRows(
          hidden,
          decodeWithMemory(
            model,
            CONFIG,
            replaceBlock(latents, row, BLOCKS[n]),
            batch,
          ),
        );
      // Points 3, 6 and 8: first seen by tokens 2, 5 and 7.
      assertEquals(seenBy(0, 0), [from(2), []]);
      assertEquals(seenBy(0, 1), [from(5), []]);
      assertEquals(seenBy(0, 2), [from(7), []]);
      // Points 2 and 5; the third block does not exist.
      assertEquals(seenBy(1, 0), [[], from(1)]);
      assertEquals(seenBy(1, 1), [[], from(4)]);
      assertEquals(seenBy(1, 2), [[], []]);
    },
  );

  tidyTest(
    `decodeWithMemory() of ${family}: a block sees earlier blocks only`,
    () => {
      const model = tinyModel(family, 1);
      const latents = randomLatents(2);
      const { ids } = packPrepend(ROWS, SHAPE, CONFIG);
      // Points out of order, so that some tokens see one block alone.
      const changedBy = (points: number[], n: number): number[] => {
        const batch = {
          ids,
          points: tf.tensor2d([points, points], [2, 3], "int32"),
        };
        const run = (values: tf.Tensor3D) =>
          decodeWithMemory(model, CONFIG, values, batch);
        const replaced = replaceBlock(latents, 0, BLOCKS[n]);
        return changedRows(run(latents), run(replaced))[0];
      };
      // Tokens 3 to 6 see block 1 but not block 0, which block 1 has read.
      assertEquals(changedBy([8, 4, 11], 0), from(3));
      // Tokens 3 to 6 see block 0 but not block 1, which came later.
      assertEquals(changedBy([4, 8, 11], 1), from(7));
      // Through block 1, block 2 too.
      assertEquals(changedBy([11, 11, 5], 0), from(4));
      assertEquals(changedBy([11, 11, 5], 1), from(4));
    },
  );

  tidyTest(
    `decodeWithMemory() of ${family}: without a block the text is where it was`,
    () => {
      const model = tinyModel(family, 1);
      const { ids } = packPrepend(ROWS, SHAPE, CONFIG);
      const points = tf.fill([B, 3], T + 1, "int32") as tf.Tensor2D;
      const latents = randomLatents(2);
      assertClose(
        decodeWithMemory(model, CONFIG, latents, { ids, points }).dataSync(),
        plainPass(model, ids).dataSync(),
        1e-6,
      );
    },
  );

  tidyTest(
    `decodeWithMemory() of ${family} is one pass with the rules written out`,
    () => {
      const model = tinyModel(family, 1);
      const batch = packPrepend(ROWS, SHAPE, CONFIG);
      const latents = randomLatents(2);
      assertClose(
        decodeWithMemory(model, CONFIG, latents, batch).dataSync(),
        writtenOut(model, {
          ids: batch.ids,
          latents,
          positions: [-2, -1, -3, -2, -1, -3, -2, -1],
          seenFrom: [
            [2, 2, 5, 5, 5, 7, 7, 7],
            [1, 1, 4, 4, 4, T, T, T],
          ],
        }).dataSync(),
        ROUNDING,
      );
    },
  );

  tidyTest(
    `decodeWithMemory() of ${family}: nothing sees the block of a skipped prompt`,
    () => {
      const model = tinyModel(family, 1);
      const rows = ROWS.map(({ points, ...row }) => ({
        ...row,
        points: [PROMPT_SKIPPED, ...points.slice(1)],
      }));
      const batch = packPrepend(rows, SHAPE, CONFIG);
      const latents = randomLatents(2);
      const [, K] = BLOCKS[0];
      assertClose(
        decodeWithMemory(model, CONFIG, latents, batch).dataSync(),
        writtenOut(model, {
          ids: batch.ids,
          latents: latents.slice([0, K, 0], [B, M - K, D]),
          positions: [-3, -2, -1, -3, -2, -1],
          seenFrom: [[5, 5, 5, 7, 7, 7], [4, 4, 4, T, T, T]],
        }).dataSync(),
        ROUNDING,
      );
    },
  );

  tidyTest(
    `weaveBlocks() and decodeWithMemory() of ${family}: a second turn sees the memory of the first`,
    () => {
      const model = tinyModel(family, 1);
      const modules = randomModules(model, CONFIG, 4);
      // Turns of two and three blocks; of none and one.
      const points = [[2, 4, 0, 6, 8, 9], [0, 0, 0, 5, 0, 0]];
      const rows = ROWS.map((row, b) => ({ ...row, points: points[b] }));
      const batch = packPrepend(rows, { ...SHAPE, turns: 2 }, CONFIG);
      const latents = weaveBlocks(model, CONFIG, modules.weaver, batch);
      assertEquals(latents.shape, [B, 2 * M, D]);
      const starts = [...BLOCKS, ...BLOCKS.map(([m, K]) => [M + m, K])];
      rows.forEach(({ ids, points }, b) => {
        const own = points.flatMap((point, n) => point === 0 ? [] : [n]);
        const woven = own.map((n) =>
          weaveAlone(model, modules, ids.slice(0, points[n]), n % 3)
        );
        own.forEach((n, i) => {
          const [start, K] = starts[n];
          assertClose(
            latents.slice([b, start, 0], [1, K, D]).dataSync(),
            woven[i].dataSync(),
            ROUNDING,
          );
        });
        const perLatent = (value: (n: number, k: number) => number) =>
          own.flatMap((n) =>
            Array.from({ length: starts[n][1] }, (_, k) => value(n, k))
          );
        const text = batch.ids.slice([b, 0], [1, T]);
        assertClose(
          decodeWithMemory(model, CONFIG, latents, batch)
            .slice([b, 0, 0], [1, T, D]).dataSync(),
          writtenOut(model, {
            ids: text,
            latents: tf.concat(woven, 1),
            positions: perLatent((n, k) => k - starts[n][1]),
            seenFrom: [perLatent((n) => points[n] - 1)],
          }).dataSync(),
          ROUNDING,
        );
      });
    },
  );

  tidyTest(`decodeWithBank() of ${family} puts slots where it is told`, () => {
    const model = tinyModel(family, 1);
    const { ids } = packPrepend(ROWS, SHAPE, CONFIG);
    const bank = {
      ids,
      latents: randomLatents(3),
      positions: [-9, -20, 4, 0, -1, -1, -5, 30],
    };
    const seenFrom = [[0, 0, 9, 3, 1, 7, 10, 2], [0, 1, 2, 3, 4, 5, 6, 7]];
    assertClose(
      decodeWithBank(model, {
        ...bank,
        seenFrom: tf.tensor2d(seenFrom, [B, M], "int32"),
      }).dataSync(),
      writtenOut(model, { ...bank, seenFrom }).dataSync(),
      ROUNDING,
    );
  });

  tidyTest(
    `weaveBlocks() of ${family} equals a pass over each block's text`,
    () => {
      const model = tinyModel(family, 1);
      const modules = randomModules(model, CONFIG, 4);
      const batch = packPrepend(ROWS, SHAPE, CONFIG);
      const found = weaveBlocks(model, CONFIG, modules.weaver, batch);
      assertEquals(found.shape, [B, M, D]);
      ROWS.forEach(({ ids, points }, b) =>
        points.forEach((point, n) => {
          const [start, K] = BLOCKS[n];
          assertClose(
            found.slice([b, start, 0], [1, K, D]).dataSync(),
            weaveAlone(model, modules, ids.slice(0, point), n).dataSync(),
            ROUNDING,
          );
        })
      );
    },
  );

  tidyTest(`prependLoss() of ${family}: gradients are its slopes`, () => {
    const model = tinyModel(family, 1);
    const { weaver } = randomModules(model, CONFIG, 4);
    const batch = packPrepend(ROWS, SHAPE, CONFIG);
    assertGradients(
      (parameters) => prependLoss(model, CONFIG, parameters, batch),
      weaver,
    );
  });
}

tidyTest("prependLoss() of two turns: gradients are its slopes", () => {
  const model = tinyModel("qwen2", 1);
  const { weaver } = randomModules(model, CONFIG, 4);
  const points = [[2, 4, 0, 6, 8, 9], [0, 0, 0, 5, 0, 0]];
  const rows = ROWS.map((row, b) => ({ ...row, points: points[b] }));
  const batch = packPrepend(rows, { ...SHAPE, turns: 2 }, CONFIG);
  assertGradients(
    (parameters) => prependLoss(model, CONFIG, parameters, batch),
    weaver,
  );
});

tidyTest("weaveBlocks(): queries read the text before their point", () => {
  const model = tinyModel("qwen2", 5);
  const { weaver } = randomModules(model, CONFIG, 6);
  const batch = packPrepend(ROWS, SHAPE, CONFIG);
  const latents = weaveBlocks(model, CONFIG, weaver, batch);
  const changedBy = (t: number): number[] => {
    const ids = batch.read.arraySync();
    ids[0][t] = (ids[0][t] + 1) % 39;
    const changed = { ...batch, read: tf.tensor2d(ids, [B, T], "int32") };
    const [first, second] = changedRows(
      latents,
      weaveBlocks(model, CONFIG, weaver, changed),
    );
    assertEquals(second, []);
    return first;
  };
  // Points 3, 6 and 8.
  for (const t of [0, 1, 2]) {
    assertEquals(changedBy(t), [0, 1, 2, 3, 4, 5, 6, 7]);
  }
  for (const t of [3, 4, 5]) assertEquals(changedBy(t), [2, 3, 4, 5, 6, 7]);
  for (const t of [6, 7]) assertEquals(changedBy(t), [5, 6, 7]);
  for (const t of [8, 9]) assertEquals(changedBy(t), []);
});

tidyTest("weaveBlocks(): queries read their own block, causally", () => {
  const model = tinyModel("qwen2", 5);
  const { weaver } = randomModules(model, CONFIG, 6);
  const batch = packPrepend(ROWS, SHAPE, CONFIG);
  const latents = weaveBlocks(model, CONFIG, weaver, batch);
  const changedBy = (kind: string, query: number): number[] => {
    const name = `weaver.${kind}_query_latents`;
    const values = weaver[name].arraySync() as number[][];
    // Not the same everywhere, as LayerNorm would not see that.
    values[query][0] += 1;
    const parameters = { ...weaver, [name]: tf.tensor2d(values) };
    return changedRows(
      latents,
      weaveBlocks(model, CONFIG, parameters, batch),
    )[0];
  };
  assertEquals(changedBy("prompt", 0), [0, 1]);
  assertEquals(changedBy("prompt", 1), [1]);
  assertEquals(changedBy("inference", 0), [2, 3, 4, 5, 6, 7]);
  assertEquals(changedBy("inference", 2), [4, 7]);
});

tensorTest("packPrepend() marks blocks that a row does not have", () => {
  const batch = packPrepend(ROWS, { ...SHAPE, rows: 3 }, CONFIG);
  assertEquals(batch.points.arraySync(), [[3, 6, 8], [2, 5, 11], [11, 11, 11]]);
  assertEquals(batch.ids.arraySync()[1], [...ROWS[1].ids, 0, 0]);
  // The hidden state of a token predicts the next one; text never moves.
  assertEquals(
    batch.targets.places.arraySync(),
    [2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 0, 1, 9],
  );
  disposeTree(batch);
});

/** Loss and gradients of a batch, as numbers. */
function trained(
  batch: PrependBatch,
): { loss: number; gradient: Float32Array } {
  return tidy(() => {
    const model = tinyModel("qwen2", 5);
    const { weaver } = randomModules(model, CONFIG, 6);
    const { loss, gradients } = lossAndGradients(
      (parameters) => prependLoss(model, CONFIG, parameters, batch),
      weaver,
      batch,
    );
    return {
      loss: loss.dataSync()[0],
      gradient: tf.concat(
        Object.values(gradients).map((each) => each.flatten()),
      ).dataSync<"float32">(),
    };
  });
}

tensorTest("prependLoss(): padding of any size changes nothing", () => {
  const plain = packPrepend(ROWS, SHAPE, CONFIG);
  const { loss, gradient } = trained(plain);
  for (const name of ["rows", "length", "targets"] as const) {
    const shape = { ...SHAPE, [name]: SHAPE[name] + 3 };
    const batch = packPrepend(ROWS, shape, CONFIG);
    const padded = trained(batch);
    assertClose([padded.loss], [loss], ROUNDING);
    assertClose(padded.gradient, gradient, ROUNDING);
    disposeTree(batch);
  }
  disposeTree(plain);
});

tensorTest(
  "prependLoss(): a batch is the mean of its rows over their tokens",
  () => {
    const run = (rows: readonly SupervisedRow[]) => {
      const shape = { ...SHAPE, rows: rows.length, targets: 13 };
      const batch = packPrepend(
        rows,
        rows.length > 1 ? shape : { ...shape, targets: T },
        CONFIG,
      );
      const result = trained(batch);
      disposeTree(batch);
      return result;
    };
    const together = run(ROWS);
    const alone = ROWS.map((row) => run([row]));
    // 7 and 6 tokens are learned.
    const mean = (values: readonly number[]): number =>
      (7 * values[0] + 6 * values[1]) / 13;
    assertClose(
      [together.loss],
      [mean(alone.map(({ loss }) => loss))],
      ROUNDING,
    );
    assertClose(
      together.gradient,
      together.gradient.map((_, i) =>
        mean(alone.map((row) => row.gradient[i]))
      ),
      ROUNDING,
    );
  },
);

tidyTest("packPrepend(): the weaver reads prompts only, where it may", () => {
  const config = memgenConfig({
    ...CONFIG,
    maxInferenceAugmentations: 0,
  });
  const rows = ROWS.map((row) => ({ ...row, points: row.points.slice(0, 1) }));
  const whole = packPrepend(rows, SHAPE, config);
  // Prompts of 3 and 2 tokens.
  const short = packPrepend(rows, { ...SHAPE, prompt: 3 }, config);
  assertEquals(whole.read.shape, [B, T]);
  assertEquals(short.read.shape, [B, 3]);
  const model = tinyModel("qwen2", 5);
  const { weaver } = randomModules(model, config, 6);
  const losses = [whole, short].map((batch) =>
    prependLoss(model, config, weaver, batch).dataSync()[0]
  );
  assertClose([losses[1]], [losses[0]], ROUNDING);
  assertThrows(
    () => packPrepend(rows, { ...SHAPE, prompt: 2 }, config),
    RangeError,
    "Cannot pack a batch as row 0 may have a prompt of at most 2 tokens: current value is 3",
  );
});

tensorTest("packPrepend() refuses rows that do not fit, and frees all", () => {
  const refuse = (changes: Partial<typeof SHAPE>, rule: string) =>
    assertThrows(
      () => packPrepend(ROWS, { ...SHAPE, ...changes }, CONFIG),
      RangeError,
      rule,
    );
  refuse({ rows: 1 }, "it may hold at most 1 rows: current value is 2");
  refuse({ length: 9 }, "may hold at most 9 tokens: current value is 10");
  refuse({ targets: 12 }, "1 to 12 supervised tokens: current value is 13");
  assertThrows(
    () =>
      packPrepend(ROWS, SHAPE, memgenConfig({ maxInferenceAugmentations: 1 })),
    RangeError,
    "Cannot pack a batch as row 0 may hold at most 2 insertion points: current value is 3",
  );
});

tensorTest("packPrepend() and prependLoss() leave nothing behind", () => {
  const model = tinyModel("smollm3", 7);
  const modules = randomModules(model, CONFIG, 8);
  const batch = packPrepend(ROWS, SHAPE, CONFIG);
  const loss = tidy(() => prependLoss(model, CONFIG, modules.weaver, batch));
  assert(loss.dataSync()[0] > 0);
  disposeTree([loss, batch, model.weights, modules.weaver, modules.trigger]);
});
