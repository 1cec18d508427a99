import "@/tests/backend.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  makeTrainStep,
  type SupervisedRun,
  trainSupervised,
} from "@/lib/training/mod.ts";
import { assertClose, tensorTest } from "@/tests/models/tiny.ts";

interface Targets {
  readonly y: tf.Tensor1D;
}

/** Mean squared distance of `x` from the batch. */
const STEP = makeTrainStep<Targets>(
  ({ x }, { y }) => x.sub(y).square().mean() as tf.Scalar,
  { name: "distance", xla: "never" },
);

const start = (): NamedTensors => ({ x: tf.scalar(0) });
const pack = (rows: readonly number[]): Targets => ({
  y: tf.tensor1d([...rows]),
});

/** Twelve steps over seven examples, three at a time. */
function run(
  changes: Partial<SupervisedRun<number, Targets>> = {},
): SupervisedRun<number, Targets> {
  return {
    rows: [0, 1, 2, 3, 4, 5, 6],
    batchSize: 3,
    pack,
    step: STEP,
    schedule: { peakRate: 0.1, warmupSteps: 1, totalSteps: 12 },
    seed: 1,
    ...changes,
  };
}

/** The examples of every step of a run, and its losses. */
async function record(
  changes: Partial<SupervisedRun<number, Targets>>,
): Promise<{ batches: number[][]; losses: number[] }> {
  const batches: number[][] = [];
  const { parameters, metrics } = await trainSupervised(
    start(),
    run({
      pack: (rows) => {
        batches.push([...rows]);
        return pack(rows);
      },
      ...changes,
    }),
  );
  disposeTree(parameters);
  return { batches, losses: metrics.map(({ loss }) => loss) };
}

tensorTest("trainSupervised() takes the steps worked out by hand", async () => {
  // Rates 1/2 and 1/4; every gradient so far had the same sign and, clipped,
  // the norm 1, so AdamW moves by the whole rate: 0, 1/2, 3/4.
  const { parameters, metrics } = await trainSupervised(
    start(),
    run({
      rows: [1],
      batchSize: 1,
      schedule: { peakRate: 0.5, warmupSteps: 0, totalSteps: 2 },
    }),
  );
  assertClose(metrics.map(({ loss }) => loss), [1, 1 / 4], 1e-6);
  assertEquals(metrics.map(({ rate }) => rate), [1 / 2, 1 / 4]);
  // Of (x - 1)^2 at 0 and at 1/2.
  assertClose(metrics.map(({ gradNorm }) => gradNorm), [2, 1], 1e-6);
  assertClose(parameters.x.dataSync(), [3 / 4], 1e-5);
  disposeTree(parameters);
});

tensorTest("trainSupervised() sees every example once a pass", async () => {
  const { batches } = await record({
    schedule: { peakRate: 0.1, warmupSteps: 0, totalSteps: 14 },
  });
  assertEquals(batches.map((batch) => batch.length), Array(14).fill(3));
  // A batch may span two passes: 14 batches of 3 are 6 passes over 7.
  const order = batches.flat();
  const passes = [0, 1, 2, 3, 4, 5].map((n) => order.slice(7 * n, 7 * n + 7));
  for (const pass of passes) {
    assertEquals(pass.toSorted(), [0, 1, 2, 3, 4, 5, 6]);
  }
  assertEquals(new Set(passes.map(String)).size, 6);
});

tensorTest("trainSupervised() repeats itself with the same seed", async () => {
  const [first, again, other] = [
    await record({ seed: 5 }),
    await record({ seed: 5 }),
    await record({ seed: 6 }),
  ];
  assertEquals(again, first);
  assertNotEquals(other.batches, first.batches);
  assertNotEquals(other.losses, first.losses);
});

tensorTest("trainSupervised() reports every step after it", async () => {
  const reports: [number, number][] = [];
  const { losses } = await record({
    onStep: (step, { loss }) => reports.push([step, loss]),
  });
  assertEquals(losses.length, 12);
  assertEquals(reports, losses.map((loss, step) => [step, loss]));
});

tensorTest("trainSupervised() of no steps gives back what it got", async () => {
  const { parameters, metrics } = await trainSupervised(
    { x: tf.scalar(7) },
    run({ schedule: { peakRate: 0.1, warmupSteps: 0, totalSteps: 0 } }),
  );
  assertEquals(metrics, []);
  assertEquals(parameters.x.arraySync(), 7);
  disposeTree(parameters);
});

tensorTest("trainSupervised() ends with what onStep throws", async () => {
  const reached: number[] = [];
  const stop = new Error("stop");
  const onStep = (step: number): void => {
    reached.push(step);
    if (step === 3) throw stop;
  };
  const error = await assertRejects(() =>
    trainSupervised(start(), run({ onStep }))
  );
  assertEquals(error, stop);
  assertEquals(reached, [0, 1, 2, 3]);
});

tensorTest("trainSupervised() ends with what packing throws", async () => {
  const pack = (): never => {
    throw new RangeError("Cannot pack");
  };
  await assertRejects(
    () => trainSupervised(start(), run({ pack })),
    RangeError,
    "Cannot pack",
  );
});

tensorTest("trainSupervised() gives other work its turn", async () => {
  let steps = 0;
  const done = trainSupervised(start(), run({ onStep: () => steps++ }));
  await nextTurn();
  assert(steps > 0 && steps < 12, `${steps}`);
  disposeTree((await done).parameters);
});

tensorTest(
  "trainSupervised() refuses fewer examples than a batch",
  async () => {
    await assertRejects(
      () => trainSupervised(start(), run({ rows: [1, 2] })),
      RangeError,
      "Cannot train as there must be at least 3 examples, one batch: current value is 2",
    );
  },
);

for (const totalSteps of [-1, 1.5, NaN]) {
  tensorTest(`trainSupervised() refuses ${totalSteps} steps`, async () => {
    const schedule = { peakRate: 0.1, warmupSteps: 0, totalSteps };
    await assertRejects(
      () => trainSupervised(start(), run({ schedule })),
      RangeError,
      `Cannot train as 'totalSteps' must be an integer of at least 0: current value is ${totalSteps}`,
    );
  });
}

for (const bad of [Infinity, NaN]) {
  tensorTest(`trainSupervised() stops at a loss of ${bad}`, async () => {
    let packed = 0;
    let reports = 0;
    await assertRejects(
      () =>
        trainSupervised(
          start(),
          run({
            pack: (rows) => pack(packed++ === 2 ? [bad] : rows),
            onStep: () => reports++,
          }),
        ),
      Error,
      `Cannot go on training as the loss of step 2 must be finite: current value is ${bad}`,
    );
    assertEquals(reports, 2);
  });
}

tensorTest("trainSupervised() ends with what a step throws", async () => {
  const step = Object.assign((): never => {
    throw new Error("Cannot trace");
  }, { dispose: () => {} });
  await assertRejects(
    () => trainSupervised(start(), run({ step })),
    Error,
    "Cannot trace",
  );
});
