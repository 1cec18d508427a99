import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { packPrepend, prependLoss } from "@/lib/memgen/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  initialState,
  inMicroBatches,
  makeAccumulatedStep,
  makeTrainStep,
  trainSupervised,
} from "@/lib/training/mod.ts";
import {
  memgenConfig,
  randomModules,
  randomRow,
  tinyModel,
} from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, tensorTest } from "@/tests/models/tiny.ts";

/** float32, summed in another order. */
const ROUNDING = 1e-5;

interface Points {
  readonly y: tf.Tensor1D;
  readonly targets: { readonly weights: tf.Tensor1D };
}

/** Mean squared distance of `x` from the points; those of weight 0 are none. */
function distance(
  { x }: NamedTensors,
  { y, targets: { weights } }: Points,
): tf.Scalar {
  return x.sub(y).square().mul(weights).sum().div(weights.sum()) as tf.Scalar;
}

const pack = (points: readonly number[]): Points => ({
  y: tf.tensor1d([...points, 99]),
  targets: { weights: tf.tensor1d([...points.map(() => 1), 0]) },
});

tensorTest(
  "makeAccumulatedStep() weighs micro-batches by their targets",
  () => {
    const options = {
      name: "points",
      xla: "never",
      maxGradNorm: Infinity,
    } as const;
    const step = makeAccumulatedStep(distance, options);
    const state = initialState({ x: tf.scalar(0), unused: tf.scalar(1) });
    const batches = [pack([1, 2, 3]), pack([10])];
    const clock = { rate: tf.scalar(0.5), step: tf.scalar(1) };
    const result = step(state, batches, clock);
    // Of four points, not of two means: the mean of squares 1, 4, 9 and 100,
    // and the gradient -2 (1 + 2 + 3 + 10) / 4, of which AdamW keeps a tenth.
    assertEquals(result.loss.arraySync(), 28.5);
    assertEquals(result.gradNorm.arraySync(), 8);
    assertClose(result.state.means.x.dataSync(), [-0.8], 1e-6);
    assertClose(result.state.parameters.x.dataSync(), [0.5], 1e-6);
    assertEquals(result.state.parameters.unused.arraySync(), 1);
    // The old state is the caller's.
    assertEquals(state.parameters.x.arraySync(), 0);
    disposeTree([state, batches, clock, result]);
    step.dispose();
  },
);

tensorTest("makeAccumulatedStep() equals the step of the large batch", () => {
  const config = memgenConfig({ maxInferenceAugmentations: 0 });
  const model = tinyModel("qwen2", 1);
  const { weaver, trigger } = randomModules(model, config, 2);
  const random = seededRandom("accumulation");
  const rows = [[12, 3], [9, 5], [6, 1], [8, 6]].map(([length, point]) =>
    randomRow(random, length, [point])
  );
  const packRows = (part: readonly (typeof rows)[number][]) =>
    packPrepend(part, { rows: part.length, length: 12, targets: 24 }, config);
  const loss = (weaver: NamedTensors, batch: ReturnType<typeof packRows>) =>
    prependLoss(model, config, weaver, batch);
  const settings = { xla: "never", weightDecay: 0.1 } as const;
  const whole = makeTrainStep(loss, { name: "whole", ...settings });
  const inParts = makeAccumulatedStep(loss, {
    name: "parts",
    gradientCheckpointing: true,
    ...settings,
  });
  const state = initialState(weaver);
  const batch = packRows(rows);
  const batches = inMicroBatches(packRows, 2)(rows);
  const clock = { rate: tf.scalar(0.1), step: tf.scalar(1) };
  const expected = whole(state, batch, clock);
  const found = inParts(state, batches, clock);
  assertClose(found.loss.dataSync(), expected.loss.dataSync(), ROUNDING);
  for (const [name, mean] of Object.entries(expected.state.means)) {
    const { means, parameters } = found.state;
    assertClose(means[name].dataSync(), mean.dataSync(), ROUNDING);
    const wanted = expected.state.parameters[name].dataSync();
    assertClose(parameters[name].dataSync(), wanted, 1e-3);
  }
  disposeTree([model.weights, trigger, state, batch, batches, clock]);
  disposeTree([expected, found]);
  whole.dispose();
  inParts.dispose();
});

tensorTest(
  "makeAccumulatedStep() frees its sums if a micro-batch fails",
  () => {
    const step = makeAccumulatedStep(
      (parameters, batch: Points) => {
        if (batch.y.shape[0] === 3) throw new Error("Cannot learn");
        return distance(parameters, batch);
      },
      { name: "failing", xla: "never" },
    );
    const state = initialState({ x: tf.scalar(0) });
    const batches = [pack([1]), pack([1, 2])];
    const clock = { rate: tf.scalar(0.5), step: tf.scalar(1) };
    assertThrows(() => step(state, batches, clock), Error, "Cannot learn");
    disposeTree([state, batches, clock]);
    step.dispose();
  },
);

tensorTest(
  "trainSupervised() accumulates as it takes whole batches",
  async () => {
    const run = async (
      gradientAccumulationSteps: number,
    ): Promise<number[]> => {
      const step = makeAccumulatedStep(distance, { name: "run", xla: "never" });
      const { parameters, metrics } = await trainSupervised(
        { x: tf.scalar(0) },
        {
          rows: [0, 1, 2, 3, 4, 5],
          batchSize: 4,
          pack: inMicroBatches(pack, gradientAccumulationSteps),
          step,
          schedule: { peakRate: 0.1, warmupSteps: 0, totalSteps: 6 },
          seed: 1,
        },
      );
      disposeTree(parameters);
      step.dispose();
      return metrics.map(({ loss }) => loss);
    };
    const whole = await run(1);
    assertClose(await run(2), whole, ROUNDING);
    assertClose(await run(4), whole, ROUNDING);
  },
);

tensorTest("inMicroBatches() keeps the order of the examples", () => {
  const batches = inMicroBatches(pack, 3)([1, 2, 3, 4, 5, 6]);
  assertEquals(
    batches.map(({ y }) => y.arraySync().slice(0, -1)),
    [[1, 2], [3, 4], [5, 6]],
  );
  disposeTree(batches);
});

tensorTest("inMicroBatches() frees what it packed before one fails", () => {
  const packSmall = (points: readonly number[]): Points => {
    if (points.includes(6)) throw new RangeError("Cannot pack");
    return pack(points);
  };
  assertThrows(
    () => inMicroBatches(packSmall, 2)([1, 2, 5, 6]),
    RangeError,
    "Cannot pack",
  );
});

for (const steps of [4, 0, 1.5, 12]) {
  Deno.test(`inMicroBatches() refuses ${steps} parts of six examples`, () => {
    assertThrows(
      () => inMicroBatches(pack, steps)([1, 2, 3, 4, 5, 6]),
      RangeError,
      `Cannot pack micro-batches as 'gradientAccumulationSteps' must divide the 6 examples of a step: current value is ${steps}`,
    );
  });
}
