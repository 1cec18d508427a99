import "@/tests/backend.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { SFT_LORA_PREFIX, sftLoss } from "@/lib/baselines/mod.ts";
import { type FrozenModel, IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import {
  FAMILIES,
  type Family,
  type LoraConfig,
  loraShapes,
} from "@/lib/models/mod.ts";
import { randomInt, seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors, tidy } from "@/lib/tensorflow/mod.ts";
import {
  causalLoss,
  type LabelledTokens,
  lossAndGradients,
  packCausal,
} from "@/lib/training/mod.ts";
import { assertGradients } from "@/tests/memgen/tiny_memgen.ts";
import {
  fullPass,
  randomFactors,
  randomWeights,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "@/tests/models/tiny.ts";

const NONE = IGNORED_LABEL;
/** float32, summed in another order. */
const ROUNDING = 1e-5;

/** A row of random tokens, learned from `start` on. */
function randomTokens(length: number, start: number): LabelledTokens {
  const random = seededRandom("causal", length);
  const ids = Array.from({ length }, () => randomInt(random, 40));
  return { ids, labels: ids.map((id, t) => t < start ? NONE : id) };
}

const ROWS = [randomTokens(7, 3), randomTokens(5, 2)];
const SHAPE = { rows: 2, length: 7, targets: 7 };

/** A random model; the caller owns the weights. */
function tinyModel(family: Family, seed: number): FrozenModel {
  const config = tinyConfig(family);
  return { config, weights: randomWeights(config, seed) };
}

/** The loss of rows, as a number. */
function lossOf(
  { config, weights }: FrozenModel,
  rows: readonly LabelledTokens[],
  shape = SHAPE,
): number {
  return tidy(() =>
    causalLoss(config, { weights }, packCausal(rows, shape)).dataSync()[0]
  );
}

tensorTest("packCausal() points at the token before each target", () => {
  const rows = [
    { ids: [5, 6, 7, 8], labels: [NONE, NONE, 7, 8] },
    { ids: [9, 1], labels: [NONE, 1] },
  ];
  const batch = packCausal(rows, { rows: 3, length: 4, targets: 4 });
  assertEquals(
    batch.ids.arraySync(),
    [[5, 6, 7, 8], [9, 1, 0, 0], [0, 0, 0, 0]],
  );
  assertEquals(batch.targets.places.arraySync(), [1, 2, 4, 0]);
  assertEquals(batch.targets.ids.arraySync(), [7, 8, 1, 0]);
  assertEquals(batch.targets.weights.arraySync(), [1, 1, 1, 0]);
  disposeTree(batch);
});

tidyTest("causalLoss() of a model without layers, worked out by hand", () => {
  const config = tinyConfig("qwen3", {
    vocabSize: 3,
    hiddenSize: 2,
    layers: 0,
    rmsNormEps: 0,
  });
  const weights: NamedTensors = {
    // Their root mean square is 1: the norm leaves them as they are.
    "model.embed_tokens.weight": tf.tensor2d([[1, 1], [1, -1], [1, 1]]),
    "model.norm.weight": tf.ones([2]),
    // Held as [in, out]. After token 0 chances are 2 : 1 : 5, after token 1 they are 10 : 5 : 1.
    "lm_head.weight": tf.log(tf.tensor2d([[2, 1, 1], [1, 1, 5]])),
  };
  const loss = (labels: number[]): number => {
    const batch = packCausal([{ ids: [0, 1, 2], labels }], {
      rows: 1,
      length: 3,
      targets: 2,
    });
    return causalLoss(config, { weights }, batch).dataSync()[0];
  };
  assertAlmostEquals(loss([NONE, 1, NONE]), Math.log(8), 1e-6);
  assertAlmostEquals(loss([NONE, NONE, 2]), Math.log(16), 1e-6);
  assertAlmostEquals(loss([NONE, 1, 2]), Math.log(8 * 16) / 2, 1e-6);
});

for (const family of FAMILIES) {
  tidyTest(
    `causalLoss() of ${family} is the mean of what each token costs`,
    () => {
      const model = tinyModel(family, 1);
      const costs = ROWS.flatMap(({ ids, labels }) => {
        const scores = fullPass(model.config, model, [ids]).squeeze([0]);
        const logs = tf.logSoftmax(scores).arraySync() as number[][];
        return labels.flatMap((label, t) =>
          label === NONE ? [] : [-logs[t - 1][label]]
        );
      });
      assertEquals(costs.length, 7);
      const mean = costs.reduce((sum, cost) => sum + cost) / costs.length;
      const found = lossOf(model, ROWS);
      assertAlmostEquals(found, mean, ROUNDING * mean);
    },
  );

  tidyTest(`causalLoss() of ${family}: gradients are its slopes`, () => {
    const { config, weights } = tinyModel(family, 2);
    const batch = packCausal(ROWS, SHAPE);
    assertGradients(
      (changed) => causalLoss(config, { weights: changed }, batch),
      weights,
    );
  });
}

tidyTest("causalLoss() through an adapter: gradients are its slopes", () => {
  const model = tinyModel("qwen2", 1);
  const settings: LoraConfig = {
    rank: 2,
    alpha: 4,
    dropout: 0,
    targetModules: ["q_proj", "v_proj"],
    bias: "none",
  };
  const parameters = randomFactors(
    loraShapes(model.config, settings, SFT_LORA_PREFIX),
  );
  const batch = packCausal(ROWS, SHAPE);
  const loss = (factors: NamedTensors): tf.Scalar =>
    sftLoss(model, settings, factors, batch);
  assertGradients(loss, parameters);
  const { gradients } = lossAndGradients(loss, parameters, undefined);
  for (const [name, gradient] of Object.entries(gradients)) {
    assert(gradient.norm().dataSync()[0] > 0, name);
  }
});

tensorTest("causalLoss(): padding of any size changes nothing", () => {
  const model = tinyModel("smollm3", 3);
  const exact = lossOf(model, ROWS);
  for (
    const shape of [
      { rows: 5, length: 7, targets: 7 },
      { rows: 2, length: 16, targets: 7 },
      { rows: 2, length: 7, targets: 14 },
      { rows: 3, length: 9, targets: 8 },
    ]
  ) {
    assertAlmostEquals(lossOf(model, ROWS, shape), exact, ROUNDING);
  }
  // The second row is shorter: what pads it is no neighbour of the first.
  const [first, second] = ROWS.map((row) => lossOf(model, [row]));
  assertAlmostEquals((4 * first + 3 * second) / 7, exact, ROUNDING);
  disposeTree(model.weights);
});

tensorTest("causalLoss() does not look ahead", () => {
  const model = tinyModel("qwen2", 3);
  const [{ ids, labels }] = ROWS;
  const learned = labels.map((label, t) => t > 4 ? NONE : label);
  const changed = ids.map((id, t) =>
    t > 4 ? (id + 1) % model.config.vocabSize : id
  );
  const shape = { rows: 1, length: 7, targets: 7 };
  assertEquals(
    lossOf(model, [{ ids: changed, labels: learned }], shape),
    lossOf(model, [{ ids, labels: learned }], shape),
  );
  disposeTree(model.weights);
});

tensorTest("packCausal() refuses rows that do not fit, and frees all", () => {
  assertThrows(
    () => packCausal(ROWS, { ...SHAPE, targets: 6 }),
    RangeError,
    "Cannot pack a batch as it must hold 1 to 6 supervised tokens: current value is 7",
  );
  assertThrows(
    () => packCausal(ROWS, { ...SHAPE, length: 6 }),
    RangeError,
    "Cannot pack a batch as its rows may hold at most 6 tokens: current value is 7",
  );
});
