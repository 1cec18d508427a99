import { assert, assertAlmostEquals, assertNotEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  disposeTree,
  type NamedTensors,
  type Precision,
  withPrecision,
} from "@/lib/tensorflow/mod.ts";
import {
  adamwStep,
  type CausalBatch,
  causalLoss,
  initialState,
  lossAndGradients,
  makeTrainStep,
  packCausal,
} from "@/lib/training/mod.ts";
import { tensorflowTest } from "@/tests/backend.ts";
import { randomWeights, tinyConfig } from "@/tests/models/tiny.ts";

const CONFIG = tinyConfig("qwen2", { layers: 1, ropeLayers: [true] });
const IDS = [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]];
const NORM = "model.norm.weight";
const RATE = 1e-5;

interface Report {
  readonly loss: number;
  /** Gradients, all in one list: Adam's first mean is a tenth of them. */
  readonly gradients: Float32Array;
  /** How far the step moved the last norm's weights, which lie around 1. */
  readonly moves: Float32Array;
}

/** One training step of a small decoder. */
function takeStep(
  mode: "eager" | "never" | "always",
  precision: Precision,
): Report {
  const state = initialState(randomWeights(CONFIG, 1));
  const batch = packCausal(
    IDS.map((ids) => ({ ids, labels: ids })),
    { rows: 2, length: 6, targets: 10 },
  );
  const loss = (weights: NamedTensors, batch: CausalBatch): tf.Scalar =>
    causalLoss(CONFIG, { weights }, batch);
  const options = { name: "step", weightDecay: 0, maxGradNorm: Infinity };
  const jitted = makeTrainStep(loss, {
    ...options,
    xla: mode === "eager" ? undefined : mode,
  });
  const step: typeof jitted = mode !== "eager" ? jitted : Object.assign(
    (...[state, batch, clock]: Parameters<typeof jitted>) => {
      const found = lossAndGradients(loss, state.parameters, batch);
      const updated = adamwStep(state, found.gradients, clock, options);
      return { ...updated, loss: found.loss };
    },
    { dispose: () => {} },
  );
  const report = tf.tidy(() => {
    const clock = { rate: tf.scalar(RATE), step: tf.scalar(1) };
    const result = withPrecision(precision, () => step(state, batch, clock));
    const { means } = result.state;
    // By name, as a jitted function sorts its results.
    const all = Object.keys(means).sort().map((name) => means[name].flatten());
    return {
      loss: result.loss.dataSync()[0],
      gradients: tf.concat(all).dataSync<"float32">(),
      moves: result.state.parameters[NORM].sub(state.parameters[NORM])
        .dataSync<"float32">(),
    };
  });
  jitted.dispose();
  disposeTree([state, batch]);
  return report;
}

/** Length of the difference by the length of what was expected. */
function relativeError(found: Float32Array, expected: Float32Array): number {
  const length = (values: Float32Array): number => Math.hypot(...values);
  return length(found.map((x, i) => x - expected[i])) / length(expected);
}

/** 8 bits keep 2^-9 of a factor; a step has some ten products in a row. */
const TOLERANCE = 0.03;

for (const mode of ["eager", "never", "always"] as const) {
  tensorflowTest(
    `a training step in bf16 rounds products only, ${mode}`,
    () => {
      const [exact, found] = [
        takeStep("eager", "fp32"),
        takeStep(mode, "bf16"),
      ];
      assertNotEquals(found.loss, exact.loss);
      assertAlmostEquals(found.loss, exact.loss, TOLERANCE);
      const error = relativeError(found.gradients, exact.gradients);
      assert(error > 1e-4 && error < TOLERANCE, `relative error ${error}`);
      // Adam's first step is the rate; in bfloat16, 1 - 1e-5 would be 1.
      for (const move of found.moves) {
        assertAlmostEquals(Math.abs(move), RATE, 2e-7);
      }
    },
  );
}
