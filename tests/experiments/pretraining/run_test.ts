import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { lossSeries, reasonerCard } from "@/experiments/pretraining/card.ts";
import { MINI_QWEN25 } from "@/experiments/pretraining/recipe.ts";
import { pretrain } from "@/experiments/pretraining/run.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";

/** Each placement of junk once, and one more step. */
const RECIPE = {
  ...MINI_QWEN25,
  name: "tiny",
  hiddenSize: 16,
  intermediateSize: 24,
  layers: 1,
  heads: 2,
  keyValueHeads: 1,
  batchSize: 2,
  phases: [
    {
      steps: 3,
      peakRate: 1e-3,
      length: 72,
      targets: 120,
      mixture: { sums: 0, lookUps: 1, notes: 2 },
    },
    {
      steps: 2,
      peakRate: 1e-3,
      length: 192,
      targets: 240,
      mixture: { sums: 0.25, lookUps: 0.25, notes: 6 },
    },
  ],
};

Deno.test("pretrain() goes on where it was stopped, to the same weights", async () => {
  const folder = await Deno.makeTempDir();
  const before = tf.memory().numTensors;
  try {
    const whole = await pretrain(RECIPE, { folder: join(folder, "whole") });
    assertEquals(whole.losses.length, 5);
    assert(whole.losses.every(Number.isFinite));
    assert(whole.samples >= 10 + whole.skipped);

    const stopped = join(folder, "stopped");
    const steps: number[] = [];
    await assertRejects(
      () =>
        pretrain(RECIPE, {
          folder: stopped,
          saveEvery: 2,
          onStep(step) {
            steps.push(step);
            if (step === 3) throw new Error("stop");
          },
        }),
      Error,
      "stop",
    );
    // The fourth step is saved though its report failed.
    const resumed = await pretrain(RECIPE, {
      folder: stopped,
      onStep: (step) => steps.push(step),
    });
    assertEquals(steps, [0, 1, 2, 3, 4]);
    assertEquals(resumed.losses, whole.losses);
    assertEquals(resumed.samples, whole.samples);
    for (const [name, tensor] of Object.entries(whole.model.weights)) {
      assertEquals(
        resumed.model.weights[name].dataSync(),
        tensor.dataSync(),
        name,
      );
    }
    const card = reasonerCard(RECIPE, whole, [
      { name: "Vanilla", n: 100, correct: 25 },
    ], { made: "a test", lossCurve: "loss.svg" });
    assert(card.startsWith("# tiny\n"));
    assert(card.includes("| Vanilla | 25.0 [17.5, 34.3] |"), card);
    disposeTree([whole.model.weights, resumed.model.weights]);
    assertEquals(tf.memory().numTensors, before);

    await assertRejects(
      () => pretrain({ ...RECIPE, seed: 1 }, { folder: stopped }),
      Error,
      `Cannot go on from ${
        join(stopped, "checkpoint.safetensors")
      } as it must be of a run with 'seed' 1: current value is 0`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("lossSeries() averages over 20 steps, the rest over what is left", () => {
  const losses = [...Array(20).fill(4), ...Array(10).fill(1)];
  assertEquals(lossSeries(losses), { name: "loss", x: [20, 30], y: [4, 1] });
});
