import "@/tests/backend.ts";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import { embed } from "@/lib/models/mod.ts";
import { disposeTree, flatten, tidy } from "@/lib/tensorflow/mod.ts";
import {
  causalLoss,
  type LabelledTokens,
  packCausal,
} from "@/lib/training/mod.ts";
import {
  type PretrainingBatch,
  pretrainingLoss,
} from "@/experiments/pretraining/junk.ts";
import {
  AFTER,
  B,
  BLOCK,
  type Block,
  blocksOf,
  M,
  MODEL,
  pack,
  PROMPT,
  ROWS,
  SHAPE,
  STARTS,
  T,
} from "@/tests/experiments/pretraining/tiny_junk.ts";
import { assertGradients, VOCABULARY } from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, tensorTest, tidyTest } from "@/tests/models/tiny.ts";

const PLACEMENTS = ["prepend", "append"] as const;
/** float32, summed in another order. */
const ROUNDING = 1e-5;

/** Every value of a batch. */
function values(batch: PretrainingBatch): number[][] {
  return flatten(batch).tensors.map((tensor) => Array.from(tensor.dataSync()));
}

tensorTest("packPretraining() without junk is a plain causal batch", () => {
  const [batch, plain] = [pack("none"), packCausal(ROWS, SHAPE)];
  assertEquals(Object.keys(batch), ["ids", "targets"]);
  assertEquals(values(batch), values(plain));
  const [found, expected] = tidy(() =>
    [
      pretrainingLoss(MODEL, batch),
      causalLoss(MODEL.config, MODEL, plain),
    ].map((loss) => loss.dataSync()[0])
  );
  assertEquals(found, expected);
  disposeTree([batch, plain]);
});

for (const placement of PLACEMENTS) {
  tidyTest(`packPretraining() to ${placement} puts blocks at points`, () => {
    const counts = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const batch = pack(placement, seed);
      for (const b of [0, 1]) {
        const [prompt, ...inference] = blocksOf(batch, b);
        assertEquals(prompt.point, STARTS[b]);
        assert(prompt.slots.at(-1)! < PROMPT, "the prompt has a block");
        assertEquals(prompt.slots, [...prompt.slots.keys()]);
        counts.add(`prompt ${prompt.slots.length}`);
        const points = inference.map(({ point }) => point);
        assertEquals(points.toSorted((m, n) => m - n), points);
        assertEquals(new Set(points).size, points.length);
        for (const { point, slots } of inference) {
          assert(AFTER[b].includes(point), `${point}`);
          // The first vectors of the block, however many.
          const first = (slots[0] - PROMPT) / BLOCK;
          assert(Number.isInteger(first), `${slots}`);
          assertEquals(slots, [...slots.keys()].map((k) => slots[0] + k));
          counts.add(`inference ${slots.length}`);
        }
      }
      // A row that only pads the batch has none.
      assertEquals(blocksOf(batch, 2), []);
    }
    assertEquals(counts.size, PROMPT + BLOCK);
  });
}

tidyTest("packPretraining() to prepend leaves text and targets alone", () => {
  const [batch, plain] = [pack("prepend"), packCausal(ROWS, SHAPE)];
  assertEquals(
    values({ ids: batch.ids, targets: batch.targets }),
    values(plain),
  );
});

tidyTest("packPretraining() to append keeps the text in order", () => {
  for (let seed = 0; seed < 20; seed++) {
    const batch = pack("append", seed);
    const text = batch.sequenceText!.arraySync() as number[][];
    const latents = batch.sequenceLatent!.arraySync() as number[][];
    for (const b of [0, 1]) {
      const read = text[b].filter((_, i) => latents[b][i] < 0);
      assertEquals(
        read.slice(0, T),
        Array.from({ length: T }, (_, t) => b * T + t),
      );
    }
  }
});

tidyTest("packPretraining() to append predicts from the element before", () => {
  const batch = pack("append");
  const { places, ids, weights } = batch.targets;
  const [text, latents, tokens] = [
    batch.sequenceText!,
    batch.sequenceLatent!,
    batch.ids,
  ].map((tensor) => tensor.dataSync());
  const learned = ROWS.flatMap(({ ids, labels }, b) =>
    ids.flatMap((_, t) => labels[t] === IGNORED_LABEL ? [] : [b * T + t])
  );
  learned.forEach((place, i) => {
    const next = places.dataSync()[i] + 1;
    assertEquals([latents[next], text[next]], [-1, place]);
    assertEquals(ids.dataSync()[i], tokens[place]);
  });
  const count = learned.length;
  assertEquals(
    Array.from(weights.dataSync()),
    Array.from({ length: SHAPE.targets }, (_, i) => Number(i < count)),
  );
});

tensorTest("packPretraining() depends on its random numbers alone", () => {
  for (const placement of PLACEMENTS) {
    const batches = [7, 7, 8].map((seed) => pack(placement, seed));
    const [first, again, other] = batches.map(values);
    assertEquals(again, first);
    assertNotEquals(other, first);
    disposeTree(batches);
  }
});

tidyTest(
  "packPretraining() draws words and noise of the recipe's sizes",
  () => {
    const D = 256;
    const { noise, words, isWord } = pack("prepend", 3, D).junk!;
    assertEquals(noise.shape, [B, M, D]);
    const tokens = words.dataSync();
    assert(tokens.every((id) => id >= 0 && id < VOCABULARY.length));
    assert(new Set(tokens).size > VOCABULARY.length / 2);
    const share = isWord.mean().dataSync()[0];
    assert(
      Math.abs(share - 0.3) < 4 * Math.sqrt(0.3 * 0.7 / (B * M)),
      `${share}`,
    );
    // Root mean squares over D numbers: within a fifth of what was drawn.
    const sizes = Array.from(noise.square().mean(-1).sqrt().dataSync());
    assert(sizes.every((size) => size > 0.8 * 0.4 && size < 1.2 * 3.3));
    const mean = sizes.reduce((sum, size) => sum + size) / sizes.length;
    const deviation = (3.3 - 0.4) / Math.sqrt(12 * B * M);
    assert(Math.abs(mean - (0.4 + 3.3) / 2) < 4 * deviation, `${mean}`);
  },
);

/** A batch that learns one token only, and has noise for all its junk. */
function learningOne(
  batch: PretrainingBatch,
  target: number,
): PretrainingBatch {
  const one = (tensor: tf.Tensor1D) => tensor.slice(target, 1);
  const { places, ids, weights } = batch.targets;
  return {
    ...batch,
    targets: { places: one(places), ids: one(ids), weights: one(weights) },
    junk: { ...batch.junk!, isWord: tf.zerosLike(batch.junk!.isWord) },
  };
}

/** A batch with the vectors of one block replaced. */
function replaceBlock(
  batch: PretrainingBatch,
  b: number,
  { slots }: Block,
): PretrainingBatch {
  const change = tf.buffer([B, M, 1]);
  for (const m of slots) change.set(1, b, m, 0);
  const noise = batch.junk!.noise.add<tf.Tensor3D>(change.toTensor());
  return { ...batch, junk: { ...batch.junk!, noise } };
}

for (const placement of PLACEMENTS) {
  tidyTest(
    `pretrainingLoss(), ${placement}: junk matters from its point on`,
    () => {
      const batch = pack(placement, 6);
      const blocks = blocksOf(batch, 0);
      assert(blocks.length > 2);
      const answer = ROWS[0].ids.map((_, t) => t).slice(STARTS[0]);
      answer.forEach((token, target) => {
        const before = learningOne(batch, target);
        const [loss] = pretrainingLoss(MODEL, before).dataSync();
        for (const block of blocks) {
          const after = replaceBlock(before, 0, block);
          const [changed] = pretrainingLoss(MODEL, after).dataSync();
          // Token c is the first that is predicted with the block in view.
          assertEquals(changed !== loss, token >= block.point);
        }
        // The neighbour's junk never does.
        for (const block of blocksOf(batch, 1)) {
          const after = replaceBlock(before, 1, block);
          assertEquals(pretrainingLoss(MODEL, after).dataSync()[0], loss);
        }
      });
    },
  );

  tidyTest(`pretrainingLoss(), ${placement}: gradients are its slopes`, () => {
    const { config, weights } = MODEL;
    const batch = pack(placement, 6);
    assertGradients(
      (changed) => pretrainingLoss({ config, weights: changed }, batch),
      weights,
    );
  });
}

tidyTest("pretrainingLoss() of junk that nobody sees is the causal one", () => {
  const batch = pack("prepend");
  const seenFrom = tf.fill([B, M], T, "int32") as tf.Tensor2D;
  const plain = causalLoss(MODEL.config, MODEL, packCausal(ROWS, SHAPE));
  const found = pretrainingLoss(MODEL, { ...batch, seenFrom });
  assertClose(found.dataSync(), plain.dataSync(), ROUNDING);
});

tidyTest("pretrainingLoss() of appended words is that of a longer text", () => {
  const batch = pack("append", 4);
  const junk = { ...batch.junk!, isWord: tf.onesLike(batch.junk!.isWord) };
  const words = junk.words.arraySync() as number[][];
  const written = ROWS.map((row, b): LabelledTokens => {
    const ids = [...row.ids];
    const labels = [...row.labels];
    for (const { slots, point } of blocksOf(batch, b).reverse()) {
      ids.splice(point, 0, ...slots.map((m) => words[b][m]));
      labels.splice(point, 0, ...slots.map(() => IGNORED_LABEL));
    }
    return { ids, labels };
  });
  const longer = packCausal(written, { ...SHAPE, length: T + M });
  const expected = causalLoss(MODEL.config, MODEL, longer).dataSync();
  const found = pretrainingLoss(MODEL, { ...batch, junk }).dataSync();
  assertClose(found, expected, ROUNDING);
});

tidyTest("pretrainingLoss() measures noise in sizes of an embedding", () => {
  const batch = pack("append", 4);
  const { words, isWord } = batch.junk!;
  const loss = (junk: PretrainingBatch["junk"]) =>
    pretrainingLoss(MODEL, { ...batch, junk }).dataSync();
  const table = MODEL.weights["model.embed_tokens.weight"];
  const size = table.square().mean().sqrt();
  // Noise that becomes the words themselves.
  const noise = embed(MODEL.weights, words).div<tf.Tensor3D>(size);
  assertClose(
    loss({ noise, words, isWord: tf.zerosLike(isWord) }),
    loss({ noise, words, isWord: tf.onesLike(isWord) }),
    ROUNDING,
  );
});

tensorTest(
  "packPretraining() and pretrainingLoss() leave nothing behind",
  () => {
    for (const placement of ["none", ...PLACEMENTS] as const) {
      const batch = pack(placement);
      tidy(() => pretrainingLoss(MODEL, batch)).dispose();
      disposeTree(batch);
    }
  },
);
