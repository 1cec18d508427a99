import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { disposeTree, type NamedTensors, tidy } from "@/lib/tensorflow/mod.ts";
import {
  adamwStep,
  initialState,
  lossAndGradients,
  makeTrainStep,
} from "@/lib/training/mod.ts";
import { assertClose, tensorTest, tidyTest } from "@/tests/models/tiny.ts";

interface Line {
  readonly x: tf.Tensor1D;
  readonly y: tf.Tensor1D;
}

/** Mean squared error of y = slope x + offset; `unused` stands aside. */
function lineLoss({ slope, offset }: NamedTensors, { x, y }: Line): tf.Scalar {
  return x.mul(slope).add(offset).sub(y).square().mean() as tf.Scalar;
}

function parameters(): NamedTensors {
  return {
    slope: tf.scalar(2),
    offset: tf.scalar(1),
    unused: tf.tensor1d([5, 6]),
  };
}

function line(): Line {
  return { x: tf.tensor1d([1, 2]), y: tf.tensor1d([3, 9]) };
}

tidyTest("lossAndGradients() gives the loss and every gradient", () => {
  // Errors 0 and -4: loss 8, slope (0 x 1 - 4 x 2) x 2 / 2, offset -4.
  const { loss, gradients } = lossAndGradients(lineLoss, parameters(), line());
  assertEquals(loss.arraySync(), 8);
  assertEquals(gradients.slope.arraySync(), -8);
  assertEquals(gradients.offset.arraySync(), -4);
  assertEquals(Object.keys(gradients), ["slope", "offset", "unused"]);
});

tidyTest("lossAndGradients() is zero where the loss does not look", () => {
  const { gradients } = lossAndGradients(lineLoss, parameters(), line());
  assertEquals(gradients.unused.arraySync(), [0, 0]);
  // Even if it looks at nothing at all.
  const constant = lossAndGradients(() => tf.scalar(3), parameters(), line());
  assertEquals(constant.loss.arraySync(), 3);
  assertEquals(constant.gradients.slope.arraySync(), 0);
});

tensorTest("lossAndGradients() keeps nothing but its results", () => {
  const inputs = [parameters(), line()] as const;
  const result = lossAndGradients(lineLoss, ...inputs);
  disposeTree([result, inputs]);
});

for (const xla of ["never", "always"] as const) {
  tensorTest(`makeTrainStep() equals gradients and update, xla ${xla}`, () => {
    const options = { weightDecay: 0.1, maxGradNorm: 2 };
    const step = makeTrainStep(lineLoss, { ...options, name: "line", xla });
    const batch = line();
    let [found, expected] = [parameters(), parameters()].map(initialState);
    for (let s = 1; s <= 3; s++) {
      const clock = { rate: tf.scalar(0.1 / s), step: tf.scalar(s) };
      const result = step(found, batch, clock);
      const wanted = tidy(() => {
        const { loss, gradients } = lossAndGradients(
          lineLoss,
          expected.parameters,
          batch,
        );
        return { loss, ...adamwStep(expected, gradients, clock, options) };
      });
      assertClose(result.loss.dataSync(), wanted.loss.dataSync(), 1e-6);
      assertClose(result.gradNorm.dataSync(), wanted.gradNorm.dataSync(), 1e-6);
      for (const part of ["parameters", "means", "squares"] as const) {
        for (const name of Object.keys(expected.parameters)) {
          assertClose(
            result.state[part][name].dataSync(),
            wanted.state[part][name].dataSync(),
            1e-6,
          );
        }
      }
      disposeTree([found, expected, clock]);
      disposeTree([result.loss, result.gradNorm, wanted.loss, wanted.gradNorm]);
      [found, expected] = [result.state, wanted.state];
    }
    disposeTree([found, expected, batch]);
    step.dispose();
  });
}

tensorTest("makeTrainStep() leaves the old state alone", () => {
  const step = makeTrainStep(lineLoss, { name: "line", xla: "never" });
  const state = initialState(parameters());
  const [batch, clock] = [
    line(),
    { rate: tf.scalar(0.1), step: tf.scalar(1) },
  ];
  const first = step(state, batch, clock);
  assertEquals(state.parameters.slope.arraySync(), 2);
  assertEquals(state.means.slope.arraySync(), 0);
  const again = step(state, batch, clock);
  assertEquals(
    again.state.parameters.slope.arraySync(),
    first.state.parameters.slope.arraySync(),
  );
  disposeTree([state, batch, clock, first, again]);
  step.dispose();
});

tensorTest("makeTrainStep() learns a line", () => {
  const step = makeTrainStep(lineLoss, { name: "line", xla: "never" });
  const batch = line();
  let state = initialState(parameters());
  const losses: number[] = [];
  for (let s = 1; s <= 200; s++) {
    const clock = { rate: tf.scalar(0.1), step: tf.scalar(s) };
    const result = step(state, batch, clock);
    losses.push(result.loss.dataSync()[0]);
    disposeTree([state, clock, result.loss, result.gradNorm]);
    state = result.state;
  }
  assertEquals(losses[0], 8);
  assert(losses.at(-1)! < 1e-3, `${losses.at(-1)}`);
  disposeTree([state, batch]);
  step.dispose();
});
