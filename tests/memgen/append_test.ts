import "@/tests/backend.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  appendLoss,
  type AppendShape,
  decodeAppended,
  decodeSequence,
  type MemgenModules,
  packAppend,
  PROMPT_SKIPPED,
  type SupervisedRow,
  toReasoner,
  toWeaver,
  weaverLora,
  weaverQueries,
} from "@/lib/memgen/mod.ts";
import {
  causalMask,
  decode,
  type DecoderView,
  embed,
  FAMILIES,
  type Model,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import { lossAndGradients } from "@/lib/training/mod.ts";
import { checkRun, checkSupervised } from "@/tasks/parity/memgen_training.ts";
import {
  assertGradients,
  assertParity,
  memgenConfig,
  randomModules,
  randomRow,
  tinyModel,
  withParityCase,
} from "@/tests/memgen/tiny_memgen.ts";
import {
  assertClose,
  PARITY_NAMES,
  tensorTest,
  tidyTest,
} from "@/tests/models/tiny.ts";

/** float32, summed in another order. */
const ROUNDING = 1e-5;
const CONFIG = memgenConfig();

const random = seededRandom("append");
/** All blocks; some; none after a delimiter; two next to each other. */
const ROWS: readonly SupervisedRow[] = [
  randomRow(random, 12, [3, 6, 9]),
  randomRow(random, 9, [5, 7]),
  randomRow(random, 6, [1]),
  randomRow(random, 8, [6, 7]),
];
const SHAPE: AppendShape = {
  rows: 4,
  length: 12,
  targets: 24,
  prompt: 6,
  segment: 3,
};

/** The prompt skipped: read in two passes, in one, and nothing after it. */
const SKIPPED: readonly SupervisedRow[] = [
  { ...ROWS[0], points: [PROMPT_SKIPPED, 8, 11] },
  { ...ROWS[1], points: [PROMPT_SKIPPED, 4, 7] },
  { ...ROWS[2], points: [PROMPT_SKIPPED] },
  ROWS[3],
];

/** Two turns, each with some of its blocks; one turn without any. */
const EPISODES: readonly SupervisedRow[] = [
  { ...randomRow(random, 16, [3]), points: [3, 5, 0, 9, 11, 14] },
  { ...randomRow(random, 14, [2]), points: [2, 0, 0, 0, 7, 0] },
  { ...randomRow(random, 13, [4]), points: [0, 4, 0, 0, 0, 0] },
  { ...randomRow(random, 12, [4]), points: [0, 0, 0, 6, 9, 10] },
];
const EPISODE_SHAPE: AppendShape = {
  ...SHAPE,
  length: 16,
  targets: 50,
  prompt: 4,
  segment: 5,
  turns: 2,
};

/** Inputs in their order after memory went in, as the released code does. */
function naiveEmbeddings(
  { config: model, weights }: Model,
  { config, weaver }: MemgenModules,
  { ids, points }: SupervisedRow,
): tf.Tensor3D {
  const view: DecoderView = { weights, lora: weaverLora(weaver, config) };
  const text = embed(weights, tf.tensor2d([...ids], [1, ids.length], "int32"));
  let current = tf.zeros([1, 0, model.hiddenSize]) as tf.Tensor3D;
  let start = 0;
  points.forEach((point, n) => {
    if (point === PROMPT_SKIPPED) return;
    const segment = text.slice([0, start, 0], [1, point - start, -1]);
    current = tf.concat([current, segment], 1);
    // The whole prefix is read again at every insertion.
    const kind = n % 3 === 0 ? "prompt" : "inference";
    const queries = weaverQueries(weaver, kind);
    const read = tf.concat([
      toWeaver(weaver, current),
      queries.expandDims<tf.Tensor3D>(0),
    ], 1);
    const hidden = naiveDecode(model, view, read);
    const last = hidden.slice([0, current.shape[1], 0], [1, -1, -1]);
    current = tf.concat([current, toReasoner(weaver, last)], 1);
    start = point;
  });
  return tf.concat([current, text.slice([0, start, 0], [1, -1, -1])], 1);
}

function naiveDecode(
  config: Model["config"],
  view: DecoderView,
  embeddings: tf.Tensor3D,
): tf.Tensor3D {
  const T = embeddings.shape[1];
  const positions = tf.range(0, T, 1, "int32").expandDims<tf.Tensor2D>(0);
  const mask = causalMask(T);
  return decode(config, view, { embeddings, positions, mask }).hidden;
}

for (const family of FAMILIES) {
  tidyTest(
    `decodeAppended() of ${family} equals reading the whole prefix again`,
    () => {
      const model = tinyModel(family, 1);
      const modules = randomModules(model, CONFIG, 2);
      for (const rows of [ROWS, SKIPPED, EPISODES]) {
        const shape = rows === EPISODES ? EPISODE_SHAPE : SHAPE;
        const batch = packAppend(rows, shape, CONFIG);
        const found = decodeAppended(model, CONFIG, modules.weaver, batch);
        rows.forEach((row, b) => {
          const embeddings = naiveEmbeddings(model, modules, row);
          const { weights, config } = model;
          const expected = naiveDecode(config, { weights }, embeddings);
          const [, length, D] = expected.shape;
          const start = found.slice([b, 0, 0], [1, length, D]);
          assertClose(start.dataSync(), expected.dataSync(), ROUNDING);
        });
      }
    },
  );

  tidyTest(`appendLoss() of ${family}: gradients are its slopes`, () => {
    const model = tinyModel(family, 1);
    const { weaver } = randomModules(model, CONFIG, 2);
    const batch = packAppend(ROWS, SHAPE, CONFIG);
    assertGradients(
      (parameters) => appendLoss(model, CONFIG, parameters, batch),
      weaver,
    );
  });
}

tidyTest("appendLoss() of two turns: gradients are its slopes", () => {
  const model = tinyModel("qwen2", 1);
  const { weaver } = randomModules(model, CONFIG, 2);
  const batch = packAppend(EPISODES, EPISODE_SHAPE, CONFIG);
  assertGradients(
    (parameters) => appendLoss(model, CONFIG, parameters, batch),
    weaver,
  );
});

tidyTest("packAppend() puts latents before the token of their point", () => {
  const row = { ids: [7, 8, 9], labels: [-100, 8, 9], points: [1, 2] };
  const shape = { rows: 2, length: 4, targets: 3, prompt: 2, segment: 2 };
  const batch = packAppend([row], shape, CONFIG);
  // 7 P P 8 I I I 9 padding, and room for the third block.
  assertEquals(batch.sequenceLatent.arraySync()[0], [
    ...[-1, 0, 1, -1, 2, 3, 4, -1, -1, -1, -1, -1],
  ]);
  assertEquals(batch.sequenceText.arraySync()[0], [
    ...[0, 0, 0, 1, 0, 0, 0, 2, 3, 0, 0, 0],
  ]);
  // The last latent before a token predicts it.
  assertEquals(batch.targets.places.arraySync(), [2, 6, 0]);
  assertEquals(batch.targets.ids.arraySync(), [8, 9, 0]);
  // The second pass: two latents, then text 8 and a gap, then three queries.
  const [, second] = batch.passes;
  assertEquals(second.text.arraySync()[0], [1, 0]);
  assertEquals(second.kinds.arraySync()[0], [1, 1, 1, 0, 1, 1, 1]);
  assertEquals(second.positions.arraySync()[0], [1, 2, 3, 0, 4, 5, 6]);
});

tidyTest(
  "packAppend() leaves out the block of a prompt that was skipped",
  () => {
    const row = { ids: [7, 8, 9], labels: [-100, 8, 9], points: [0, 2] };
    const shape = { rows: 1, length: 3, targets: 2, prompt: 1, segment: 2 };
    const batch = packAppend([row], shape, CONFIG);
    // 7 8 I I I 9, and room for two blocks.
    assertEquals(batch.sequenceLatent.arraySync()[0].slice(0, 6), [
      ...[-1, -1, 2, 3, 4, -1],
    ]);
    assertEquals(batch.sequenceText.arraySync()[0].slice(0, 6), [
      ...[0, 1, 0, 0, 0, 2],
    ]);
    assertEquals(batch.targets.places.arraySync(), [0, 4]);
    // The first pass reads 7, the second 8 and the queries.
    const [first, second] = batch.passes;
    assertEquals(first.kinds.arraySync()[0], [1, 0, 0]);
    assertEquals(second.kinds.arraySync()[0], [0, 0, 1, 0, 1, 1, 1]);
    assertEquals(second.text.arraySync()[0], [1, 0]);
    assertEquals(second.positions.arraySync()[0], [0, 0, 1, 0, 2, 3, 4]);
  },
);

tidyTest(
  "decodeSequence() decodes text and given latents in their order",
  () => {
    const model = tinyModel("qwen3", 3);
    const latents = tf.randomNormal(
      [1, 8, 16],
      0,
      1,
      "float32",
      4,
    ) as tf.Tensor3D;
    const row = ROWS[0];
    const batch = packAppend([row], { ...SHAPE, rows: 1, targets: 12 }, CONFIG);
    const text = embed(model.weights, batch.ids);
    const parts = [[0, 3, 0, 2], [3, 3, 2, 3], [6, 3, 5, 3]] as const;
    const embeddings = tf.concat([
      ...parts.flatMap(([t, tokens, m, K]) => [
        text.slice([0, t, 0], [1, tokens, -1]),
        latents.slice([0, m, 0], [1, K, -1]),
      ]),
      text.slice([0, 9, 0], [1, 3, -1]),
    ], 1);
    const { config, weights } = model;
    assertClose(
      decodeSequence(model, latents, batch).dataSync(),
      naiveDecode(config, { weights }, embeddings).dataSync(),
      ROUNDING,
    );
  },
);

/** Loss and gradients of rows, as numbers. */
function trained(
  rows: readonly SupervisedRow[],
  shape: AppendShape,
): { loss: number; gradients: Float32Array } {
  return tidy(() => {
    const model = tinyModel("qwen2", 5);
    const { weaver } = randomModules(model, CONFIG, 6);
    const batch = packAppend(rows, shape, CONFIG);
    const { loss, gradients } = lossAndGradients(
      (parameters) => appendLoss(model, CONFIG, parameters, batch),
      weaver,
      batch,
    );
    const flat = Object.values(gradients).map((tensor) => tensor.flatten());
    return {
      loss: loss.dataSync()[0],
      gradients: tf.concat(flat).dataSync<"float32">(),
    };
  });
}

tensorTest("appendLoss(): padding of any size changes nothing", () => {
  const plain = trained(ROWS, SHAPE);
  for (
    const name of ["rows", "length", "targets", "prompt", "segment"] as const
  ) {
    const padded = trained(ROWS, { ...SHAPE, [name]: SHAPE[name] + 3 });
    assertAlmostEquals(padded.loss, plain.loss, 1e-5, name);
    assertClose(padded.gradients, plain.gradients, ROUNDING);
  }
});

tensorTest(
  "appendLoss(): a batch is the mean of its rows over their tokens",
  () => {
    const count = ({ labels }: SupervisedRow): number =>
      labels.filter((label) => label !== -100).length;
    const total = ROWS.reduce((sum, row) => sum + count(row), 0);
    const together = trained(ROWS, SHAPE);
    const alone = ROWS.map((row) => ({
      share: count(row) / total,
      ...trained([row], { ...SHAPE, rows: 1, targets: 12 }),
    }));
    assertAlmostEquals(
      together.loss,
      alone.reduce((sum, { share, loss }) => sum + share * loss, 0),
      1e-5,
    );
    assertClose(
      together.gradients,
      together.gradients.map((_, i) =>
        alone.reduce(
          (sum, { share, gradients }) => sum + share * gradients[i],
          0,
        )
      ),
      ROUNDING,
    );
  },
);

tidyTest(
  "appendLoss() without insertions after delimiters leaves their queries alone",
  () => {
    const config = memgenConfig({ maxInferenceAugmentations: 0 });
    const model = tinyModel("qwen2", 5);
    const { weaver } = randomModules(model, config, 6);
    const batch = packAppend(
      [ROWS[2]],
      { ...SHAPE, rows: 1, targets: 12 },
      config,
    );
    const { gradients } = lossAndGradients(
      (parameters) => appendLoss(model, config, parameters, batch),
      weaver,
      batch,
    );
    for (const [name, gradient] of Object.entries(gradients)) {
      const isUsed = gradient.abs().max().dataSync()[0] > 0;
      assertEquals(isUsed, !name.startsWith("weaver.inference"), name);
    }
  },
);

tensorTest("packAppend() refuses rows that do not fit, and frees all", () => {
  const refuse = (shape: Partial<AppendShape>, rule: string) =>
    assertThrows(
      () => packAppend(ROWS, { ...SHAPE, ...shape }, CONFIG),
      RangeError,
      rule,
    );
  refuse(
    { prompt: 5 },
    "Cannot pack a batch as at most 5 tokens may stand in a prompt: current value is 6",
  );
  refuse(
    { segment: 2 },
    "Cannot pack a batch as at most 2 tokens may stand between two insertions: current value is 3",
  );
  refuse({ rows: 3 }, "it may hold at most 3 rows: current value is 4");
  refuse({ length: 11 }, "may hold at most 11 tokens: current value is 12");
  refuse({ targets: 7 }, "1 to 7 supervised tokens: current value is 20");
  assertThrows(
    () =>
      packAppend(
        ROWS,
        SHAPE,
        memgenConfig({ maxInferenceAugmentations: 1 }),
      ),
    RangeError,
    "Cannot pack a batch as row 0 may hold at most 2 insertion points: current value is 3",
  );
});

tensorTest("packAppend() and appendLoss() leave nothing behind", () => {
  const model = tinyModel("qwen2", 7);
  const modules = randomModules(model, CONFIG, 8);
  const batch = packAppend(ROWS, SHAPE, CONFIG);
  const loss = tidy(() => appendLoss(model, CONFIG, modules.weaver, batch));
  assert(loss.dataSync()[0] > 0);
  disposeTree([loss, batch, model.weights, modules.weaver, modules.trigger]);
});

for (const name of PARITY_NAMES) {
  tensorTest(
    `appendLoss() gives the released loss, logits and gradients for ${name}`,
    () =>
      withParityCase(name, "memgen-always", async (parity) => {
        assertParity(await checkSupervised(parity));
      }),
  );

  tensorTest(
    `appendLoss() gives the released training run for ${name}`,
    () =>
      withParityCase(name, "memgen-always", async (parity) => {
        assertParity(await checkRun(parity));
      }),
  );
}
