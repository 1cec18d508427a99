/** Every supervised loss with and without gradient checkpointing. */
import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { SFT_LORA_PREFIX, sftLoss } from "@/lib/baselines/mod.ts";
import {
  appendLoss,
  type FrozenModel,
  packAppend,
  packPrepend,
  prependLoss,
} from "@/lib/memgen/mod.ts";
import { FAMILIES, loraShapes } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  causalLoss,
  initialState,
  lossAndGradients,
  makeTrainStep,
  packCausal,
} from "@/lib/training/mod.ts";
import {
  assertGradients,
  memgenConfig,
  randomModules,
  randomRow,
  tinyModel,
} from "@/tests/memgen/tiny_memgen.ts";
import {
  assertClose,
  randomFactors,
  randomWeights,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "@/tests/models/tiny.ts";

/** float32, as XLA rounds it. */
const ROUNDING = 1e-5;
const CONFIG = memgenConfig();
const { weaverLora: LORA } = CONFIG;

const random = seededRandom("checkpointing");
const ROWS = [randomRow(random, 12, [3, 6, 9]), randomRow(random, 9, [5, 7])];
const SHAPE = { rows: 2, length: 12, targets: 20, prompt: 6, segment: 3 };

/** A loss, what it trains and its batch; the caller owns the tensors. */
interface Training {
  readonly loss: (parameters: NamedTensors, batch: never) => tf.Scalar;
  readonly parameters: NamedTensors;
  readonly batch: unknown;
}

const TRAININGS: Readonly<Record<string, (model: FrozenModel) => Training>> = {
  "causalLoss() of all weights": ({ config, weights }) => ({
    loss: (weights, batch) => causalLoss(config, { weights }, batch),
    parameters: { ...weights },
    batch: packCausal(ROWS, SHAPE),
  }),
  "sftLoss()": (model) => ({
    loss: (factors, batch) => sftLoss(model, LORA, factors, batch),
    parameters: randomFactors(loraShapes(model.config, LORA, SFT_LORA_PREFIX)),
    batch: packCausal(ROWS, SHAPE),
  }),
  "prependLoss()": (model) => ({
    loss: (weaver, batch) => prependLoss(model, CONFIG, weaver, batch),
    parameters: weaverOf(model),
    batch: packPrepend(ROWS, SHAPE, CONFIG),
  }),
  "appendLoss()": (model) => ({
    loss: (weaver, batch) => appendLoss(model, CONFIG, weaver, batch),
    parameters: weaverOf(model),
    batch: packAppend(ROWS, SHAPE, CONFIG),
  }),
};

function weaverOf(model: FrozenModel): NamedTensors {
  const { weaver, trigger } = randomModules(model, CONFIG, 2);
  disposeTree(trigger);
  return weaver;
}

/** The result of a training's first gradient. */
function gradientsOf(
  { loss, parameters, batch }: Training,
  gradientCheckpointing: boolean,
) {
  const options = { gradientCheckpointing };
  return lossAndGradients(loss, parameters, batch as never, options);
}

for (const family of FAMILIES) {
  for (const [name, prepare] of Object.entries(TRAININGS)) {
    tidyTest(`checkpointed, ${name} of ${family} changes no bit`, () => {
      const training = prepare(tinyModel(family, 1));
      const found = gradientsOf(training, true);
      const expected = gradientsOf(training, false);
      assertEquals(found.loss.dataSync(), expected.loss.dataSync());
      for (const [name, gradient] of Object.entries(expected.gradients)) {
        const [values, bits] = [found.gradients[name], gradient]
          .map((tensor) => tensor.dataSync());
        assertEquals(values, bits, name);
        assert(bits.some((value) => value !== 0), name);
      }
    });
  }
}

for (const xla of ["never", "always"] as const) {
  tensorTest(
    `makeTrainStep() takes the same step checkpointed, xla ${xla}`,
    () => {
      const model = tinyModel("qwen2", 1);
      const { loss, parameters, batch } = TRAININGS["sftLoss()"](model);
      const state = initialState(parameters);
      const clock = { rate: tf.scalar(0.01), step: tf.scalar(1) };
      const [found, expected] = [true, false].map((gradientCheckpointing) => {
        const name = `step_${gradientCheckpointing}`;
        const step = makeTrainStep(loss, { name, xla, gradientCheckpointing });
        const result = step(state, batch as never, clock);
        step.dispose();
        return result;
      });
      for (const [name, mean] of Object.entries(expected.state.means)) {
        const values = found.state.means[name].dataSync();
        assertClose(values, mean.dataSync(), ROUNDING);
      }
      disposeTree([model.weights, state, batch, clock, found, expected]);
    },
  );
}

tidyTest("the slope of a checkpointed loss is its gradient", () => {
  const training = TRAININGS["sftLoss()"](tinyModel("smollm3", 1));
  assertGradients(
    (parameters) => training.loss(parameters, training.batch as never),
    training.parameters,
    { gradientCheckpointing: true },
  );
});

/** Whether a gradient computes a product of the shape of `mlp.gate_proj`. */
async function computesGate(
  prepare: (model: FrozenModel) => Training,
  gradientCheckpointing: boolean,
): Promise<boolean> {
  // A size that nothing else has.
  const intermediateSize = 29;
  const config = tinyConfig("qwen3", { intermediateSize });
  const model = { config, weights: randomWeights(config, 1) };
  const training = prepare(model);
  const { kernels } = await tf.profile(() => {
    disposeTree(gradientsOf(training, gradientCheckpointing));
  });
  disposeTree([model.weights, training.parameters, training.batch]);
  return kernels.some(({ name, outputShapes }) =>
    name === tf.BatchMatMul &&
    outputShapes.some((shape) =>
      `${shape.slice(-2)}` === `${intermediateSize},${config.hiddenSize}`
    )
  );
}

for (const checkpointed of [false, true]) {
  tensorTest(
    `frozen weights get no gradient, checkpointed ${checkpointed}`,
    async () => {
      for (const [name, prepare] of Object.entries(TRAININGS)) {
        const computes = await computesGate(prepare, checkpointed);
        assertEquals(computes, name.includes("all weights"), name);
      }
    },
  );
}
