import "@/tests/backend.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { SFT_LORA_PREFIX, sftLoss } from "@/lib/baselines/mod.ts";
import { type FrozenModel, IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import {
  FAMILIES,
  type Family,
  initializeLora,
  type LoraConfig,
  loraShapes,
  loraView,
  mergeLora,
} from "@/lib/models/mod.ts";
import { randomInt, seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors, tidy } from "@/lib/tensorflow/mod.ts";
import {
  type CausalBatch,
  causalLoss,
  initialState,
  makeTrainStep,
  packCausal,
} from "@/lib/training/mod.ts";
import { assertGradients } from "@/tests/memgen/tiny_memgen.ts";
import {
  randomFactors,
  randomWeights,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "@/tests/models/tiny.ts";

const ADAPTER: LoraConfig = {
  rank: 2,
  alpha: 3,
  dropout: 0,
  targetModules: ["q_proj", "v_proj"],
  bias: "none",
};

/** float32, summed in another order. */
const ROUNDING = 1e-5;

/** A random model; the caller owns the weights. */
function tinyModel(family: Family): FrozenModel {
  const config = tinyConfig(family);
  return { config, weights: randomWeights(config, 1) };
}

/** Random factors, both of which change something; the caller owns them. */
function tinyFactors(
  { config }: FrozenModel,
  prefix = SFT_LORA_PREFIX,
): NamedTensors {
  return randomFactors(loraShapes(config, ADAPTER, prefix));
}

/** Two rows of random tokens, padded; the caller owns the tensors. */
function tinyBatch(): CausalBatch {
  const random = seededRandom("sft");
  const rows = [7, 5].map((length) => {
    const ids = Array.from({ length }, () => randomInt(random, 40));
    return { ids, labels: ids.map((id, t) => t < 3 ? IGNORED_LABEL : id) };
  });
  return packCausal(rows, { rows: 2, length: 8, targets: 8 });
}

function numberOf(loss: () => tf.Scalar): number {
  return tidy(() => loss().dataSync()[0]);
}

for (const family of FAMILIES) {
  tidyTest(`sftLoss() of ${family} is that of the merged weights`, () => {
    const model = tinyModel(family);
    const { config, weights } = model;
    const factors = tinyFactors(model);
    const batch = tinyBatch();
    const found = numberOf(() => sftLoss(model, ADAPTER, factors, batch));
    const lora = loraView(factors, SFT_LORA_PREFIX, ADAPTER);
    const merged = mergeLora(weights, lora);
    const expected = numberOf(() =>
      causalLoss(config, { weights: merged }, batch)
    );
    assertAlmostEquals(found, expected, ROUNDING * expected);
    const plain = numberOf(() => causalLoss(config, { weights }, batch));
    assert(Math.abs(found - plain) > 0.01, "the adapter must matter");
  });

  tidyTest(`sftLoss() of ${family}: gradients are its slopes`, () => {
    const model = tinyModel(family);
    const batch = tinyBatch();
    assertGradients(
      (factors) => sftLoss(model, ADAPTER, factors, batch),
      tinyFactors(model),
    );
  });
}

tidyTest("sftLoss() begins as the loss of the model: B is zero", () => {
  const model = tinyModel("qwen2");
  const { config, weights } = model;
  const batch = tinyBatch();
  const factors = initializeLora(config, ADAPTER, {
    prefix: SFT_LORA_PREFIX,
    random: seededRandom("adapter"),
  });
  assertEquals(
    numberOf(() => sftLoss(model, ADAPTER, factors, batch)),
    numberOf(() => causalLoss(config, { weights }, batch)),
  );
});

tidyTest("sftLoss() reads the factors of its own prefix only", () => {
  const model = tinyModel("qwen2");
  const { config, weights } = model;
  const batch = tinyBatch();
  const foreign = tinyFactors(model, "weaver.lora.");
  const plain = numberOf(() => causalLoss(config, { weights }, batch));
  assertEquals(
    numberOf(() => sftLoss(model, ADAPTER, foreign, batch)),
    plain,
  );
  const both = { ...foreign, ...tinyFactors(model) };
  assertNotEquals(
    numberOf(() => sftLoss(model, ADAPTER, both, batch)),
    plain,
  );
});

tensorTest(
  "sftLoss() falls in training; the weights stay, no tensor is kept",
  () => {
    const model = tinyModel("qwen2");
    const before = Object.values(model.weights).map((weight) =>
      weight.dataSync().slice()
    );
    const batch = tinyBatch();
    const step = makeTrainStep<CausalBatch>(
      (factors, batch) => sftLoss(model, ADAPTER, factors, batch),
      { name: "sft_test", xla: "never" },
    );
    let state = initialState(tinyFactors(model));
    const losses: number[] = [];
    for (let s = 1; s <= 8; s++) {
      const clock = { rate: tf.scalar(0.03), step: tf.scalar(s) };
      const result = step(state, batch, clock);
      losses.push(result.loss.dataSync()[0]);
      disposeTree([clock, state, result.loss, result.gradNorm]);
      state = result.state;
    }
    assert(losses[7] < losses[0] - 0.5, `losses ${losses}`);
    assertEquals(
      Object.values(model.weights).map((weight) => weight.dataSync()),
      before,
    );
    step.dispose();
    disposeTree([state, batch, model.weights]);
  },
);
