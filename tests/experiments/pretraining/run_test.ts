import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { planBatches } from "@/experiments/pretraining/batches.ts";
import { lossSeries, reasonerCard } from "@/experiments/pretraining/card.ts";
import { drawCorpus } from "@/experiments/pretraining/corpus.ts";
import { MINI_QWEN25, type Recipe } from "@/experiments/pretraining/recipe.ts";
import { pretrain, type Pretrained } from "@/experiments/pretraining/run.ts";
import { gsm8kTwin } from "@/lib/benchmarks/twins/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { TOY_TWIN } from "@/tests/benchmarks/twins/toy_twin.ts";
import { withFolder } from "@/tests/folder.ts";

/** Each placement of junk once, in one bucket; one longer sample in another. */
const RECIPE: Recipe = {
  ...MINI_QWEN25,
  name: "tiny",
  hiddenSize: 16,
  intermediateSize: 24,
  layers: 1,
  heads: 2,
  keyValueHeads: 1,
  buckets: [{ length: 64, rows: 2 }, { length: 192, rows: 1 }],
  phases: [
    { mixture: { lookUps: 1 }, samples: 4, passes: 2, peakRate: 1e-3 },
    {
      mixture: { sums: 1, twins: { gsm8k: 2 } },
      samples: 1,
      passes: 1,
      peakRate: 2e-3,
    },
  ],
};

/** Asserts that positions and steps are those of the recipe's batches. */
async function assertPlanned(
  { model, losses, phaseSteps, positions }: Pretrained,
): Promise<void> {
  const { phases, buckets, seed } = RECIPE;
  const planned = await Promise.all(
    phases.map(async ({ mixture, samples, passes }) => {
      const corpus = await drawCorpus(model.tokenizer, mixture, samples);
      return planBatches(corpus, { buckets, passes, seed });
    }),
  );
  assertEquals(phaseSteps, planned.map(({ length }) => length));
  assertEquals(phaseSteps, [4, 1]);
  assertEquals(losses.length, planned.flat().length);
  assertEquals(
    positions,
    planned.flat().reduce(
      (sum, { shape }) => sum + shape.rows * shape.length,
      0,
    ),
  );
}

Deno.test("pretrain() goes on where it was stopped, to the same weights", () =>
  withFolder(async (folder) => {
    const before = tf.memory().numTensors;
    const drawn: number[][] = [];
    const whole = await pretrain(RECIPE, {
      folder: join(folder, "whole"),
      onDraw: (...counts) => drawn.push(counts),
    });
    assertEquals(drawn, [[4, 5], [5, 5]]);
    assert(whole.losses.every(Number.isFinite));
    await assertPlanned(whole);

    const stopped = join(folder, "stopped");
    const steps: number[] = [];
    const totals = new Set<number>();
    await assertRejects(
      () =>
        pretrain(RECIPE, {
          folder: stopped,
          saveEvery: 2,
          onStep(step, _, totalSteps) {
            steps.push(step);
            totals.add(totalSteps);
            if (step === 2) throw new Error("stop");
          },
        }),
      Error,
      "stop",
    );
    // The third step is saved though its report failed.
    const resumed = await pretrain(RECIPE, {
      folder: stopped,
      onStep: (step) => steps.push(step),
    });
    assertEquals(steps, whole.losses.map((_, step) => step));
    assertEquals(totals, new Set([whole.losses.length]));
    assertEquals(resumed.losses, whole.losses);
    assertEquals(resumed.positions, whole.positions);
    for (const [name, tensor] of Object.entries(whole.model.weights)) {
      assertEquals(
        resumed.model.weights[name].dataSync(),
        tensor.dataSync(),
        name,
      );
    }
    disposeTree([whole.model.weights, resumed.model.weights]);
    assertEquals(tf.memory().numTensors, before);

    await assertRejects(
      () => pretrain({ ...RECIPE, weightDecay: 0.1 }, { folder: stopped }),
      Error,
      `Cannot go on from ${
        join(stopped, "checkpoint.safetensors")
      } as it must be of a run with 'weightDecay' 0.1: current value is 0.01`,
    );
    assertEquals(tf.memory().numTensors, before);

    // A finished run does not stand for that of another corpus.
    const { practise } = gsm8kTwin;
    try {
      gsm8kTwin.practise = (random) => [
        ...practise(random),
        { text: " kites", learn: true },
      ];
      await assertRejects(
        () => pretrain(RECIPE, { folder: stopped }),
        Error,
        "must be of a run with 'corpora' [",
      );
    } finally {
      gsm8kTwin.practise = practise;
    }
    assertEquals(tf.memory().numTensors, before);
  }));

Deno.test("pretrain() refuses a sample that fits no bucket", () =>
  withFolder(async (folder) => {
    const before = tf.memory().numTensors;
    const recipe = { ...RECIPE, buckets: [{ length: 10, rows: 1 }] };
    await assertRejects(
      () => pretrain(recipe, { folder }),
      RangeError,
      "Cannot batch sample 0 as it may have at most 10 tokens: current value is ",
    );
    assertEquals(tf.memory().numTensors, before);
  }));

Deno.test("reasonerCard() says what was read, how, and what came of it", () => {
  const { model, ...trained } = {
    losses: [...Array(20).fill(4), ...Array(10).fill(1)],
    phaseSteps: [20, 10],
    positions: 1_234_567,
    model: {
      config: {
        layers: 1,
        heads: 2,
        keyValueHeads: 1,
        hiddenSize: 16,
        vocabSize: 300,
      },
      weights: { a: tf.zeros([40, 25]), b: tf.zeros([500]) },
    },
  };
  const pretrained = { ...trained, model } as unknown as Pretrained;
  const card = reasonerCard(RECIPE, pretrained, [
    {
      twin: gsm8kTwin,
      probed: { n: 100, correct: { vanilla: 25, own: 50, redrawn: 100 } },
    },
    {
      twin: TOY_TWIN,
      probed: { n: 8, correct: { vanilla: 1, own: 1, redrawn: 1 } },
    },
  ], { made: "a test", lossCurve: "loss.svg" });
  disposeTree(model.weights);
  const text = card.replaceAll(/\s+/g, " ");
  for (
    const part of [
      "# tiny A mini reasoner: a language model of 1,500 parameters",
      "It has read nothing but this project's twins of the benchmarks",
      "| Shape | 1 layers, width 16, 2 heads (1 for keys and values), 300 tokens |",
      "| Training | 30 steps (1.2M positions, padding included), AdamW",
      "| Phase 1 | 20 steps, peak rate 0.001: 4 samples, passes over them: 2; look-ups 100 % |",
      "| Phase 2 | 10 steps, peak rate 0.002: 1 samples, passes over them: 1; sums 33 %, gsm8k 67 % |",
      "2 of at most 64, 1 of at most 192 tokens |",
      "| Last loss | 1.0000 nats a token, mean of 20 steps |",
      "| Made by | a test |",
      "| GSM8K | 25.0 [17.5, 34.3] | 50.0 [40.4, 59.6] | 100.0 [96.3, 100.0] |",
      "| toy | 12.5 [2.2, 47.1] | 12.5 [2.2, 47.1] | 12.5 [2.2, 47.1] |",
      "- n = 100, toy 8 ",
      "![Loss of pre-training](loss.svg)",
      "`deno task pretrain --reasoner tiny --output FOLDER`",
    ]
  ) assert(text.includes(part), `${part} is not in\n${card}`);
});

Deno.test("lossSeries() averages over 20 steps, the rest over what is left", () => {
  const losses = [...Array(20).fill(4), ...Array(10).fill(1)];
  assertEquals(lossSeries(losses), { name: "loss", x: [20, 30], y: [4, 1] });
});
