import "@/tests/backend.ts";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type BatchShape,
  blockKinds,
  blockSizes,
  crossEntropy,
  IGNORED_LABEL,
  packIds,
  packTargets,
  PROMPT_SKIPPED,
  requirePoints,
  type SupervisedRow,
  targetLogProbs,
} from "@/lib/memgen/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { assertGradients, memgenConfig } from "@/tests/memgen/tiny_memgen.ts";
import {
  assertClose,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "@/tests/models/tiny.ts";

const NONE = IGNORED_LABEL;
const SHAPE: BatchShape = { rows: 3, length: 4, targets: 5 };
const ROWS: readonly SupervisedRow[] = [
  { ids: [5, 6, 7, 8], labels: [NONE, 6, NONE, 8], points: [1] },
  { ids: [9, 1], labels: [NONE, 1], points: [1] },
];

Deno.test("blockSizes() lists the prompt's block, then those after delimiters", () => {
  assertEquals(blockSizes(memgenConfig()), [2, 3, 3]);
  const none = memgenConfig({ maxInferenceAugmentations: 0 });
  assertEquals(blockSizes(none), [2]);
  assertEquals(blockSizes(none, 3), [2, 2, 2]);
  assertEquals(blockSizes(memgenConfig(), 6), [2, 3, 3, 2, 3, 3]);
  assertEquals(blockKinds(memgenConfig(), 4), [
    ...["prompt", "inference", "inference", "prompt"],
  ]);
});

tensorTest("packIds() pads rows and batch with 0", () => {
  const ids = packIds(ROWS, SHAPE);
  assertEquals(ids.dtype, "int32");
  assertEquals(ids.arraySync(), [[5, 6, 7, 8], [9, 1, 0, 0], [0, 0, 0, 0]]);
  ids.dispose();
});

tensorTest(
  "packTargets() lists what is learned, then padding of weight 0",
  () => {
    const targets = packTargets(ROWS, SHAPE, (b, t) => 10 * b + t);
    // Padding stands at the first places that nobody has.
    assertEquals(targets.places.arraySync(), [1, 3, 11, 0, 2]);
    assertEquals(targets.ids.arraySync(), [6, 8, 1, 0, 0]);
    assertEquals(targets.weights.arraySync(), [1, 1, 1, 0, 0]);
    disposeTree(targets);
  },
);

Deno.test("packTargets() refuses more targets than there are tokens", () => {
  assertThrows(
    () => packTargets(ROWS, { ...SHAPE, targets: 13 }, (_, t) => t),
    RangeError,
    "Cannot pack a batch as 'targets' may be at most all its 12 tokens: current value is 13",
  );
});

tensorTest(
  "packTargets() leaves the first token out: nothing predicts it",
  () => {
    const row = { ids: [5, 6], labels: [5, 6], points: [] };
    const targets = packTargets([row], SHAPE, (_, t) => t);
    assertEquals(targets.weights.arraySync(), [1, 0, 0, 0, 0]);
    disposeTree(targets);
  },
);

tensorTest("packIds() refuses rows that do not fit", () => {
  const refuse = (rows: readonly SupervisedRow[], rule: string) =>
    assertThrows(() => packIds(rows, SHAPE), RangeError, rule);
  refuse(
    [...ROWS, ...ROWS],
    "Cannot pack a batch as it may hold at most 3 rows: current value is 4",
  );
  refuse(
    [{ ids: [1, 2, 3, 4, 5], labels: [1, 2, 3, 4, 5], points: [] }],
    "Cannot pack a batch as its rows may hold at most 4 tokens: current value is 5",
  );
  refuse(
    [ROWS[0], { ids: [1, 2], labels: [1], points: [] }],
    "Cannot pack a batch as row 1 must have a label for each of its 2 tokens: current value is 1",
  );
});

tensorTest("packTargets() refuses a batch with none or too many", () => {
  const refuse = (rows: readonly SupervisedRow[], count: number) =>
    assertThrows(
      () => packTargets(rows, { ...SHAPE, targets: 2 }, (_, t) => t),
      RangeError,
      `Cannot pack a batch as it must hold 1 to 2 supervised tokens: current value is ${count}`,
    );
  refuse(ROWS, 3);
  refuse([], 0);
  refuse([{ ids: [1, 2], labels: [NONE, NONE], points: [] }], 0);
});

Deno.test("requirePoints() refuses points that no block stands for", () => {
  const checkTurns = (turns: number | undefined, ...points: number[]) =>
    requirePoints(
      [ROWS[1], { ids: [1, 2, 3, 4], labels: [1, 2, 3, 4], points }],
      { turns },
      memgenConfig(),
    );
  const check = (...points: number[]) => checkTurns(undefined, ...points);
  assertEquals(check(), 3);
  check(1, 2, 4);
  check(PROMPT_SKIPPED, 1, 4);
  assertEquals(checkTurns(2, 1, PROMPT_SKIPPED, PROMPT_SKIPPED, 2, 4), 6);
  assertThrows(
    () => check(1, 2, 3, 4),
    RangeError,
    "Cannot pack a batch as row 1 may hold at most 3 insertion points: current value is 4",
  );
  for (const points of [[5], [2, 2], [3, 1], [3, 0, 2], [-1], [1.5], [NaN]]) {
    assertThrows(
      () => check(...points),
      RangeError,
      `Cannot pack a batch as the insertion points of row 1 must increase within 1 to 4: current value is ${points}`,
    );
  }
});

/** Two tokens whose scores are the hidden state itself. */
const MODEL = tinyConfig("qwen2", { vocabSize: 2, hiddenSize: 2 });
const STATES = [[0, 0], [Math.log(3), 0], [7, -7]];
/** Hidden states at some places, `[1, P, 2]`. */
const hidden = (places: readonly number[]) =>
  tf.tensor3d([places.map((place) => STATES[place])]);

tidyTest("crossEntropy() is the mean over the targets", () => {
  const weights = { "model.embed_tokens.weight": tf.eye(2) };
  const loss = (places: number[], ids: number[], counts: number[]): number =>
    crossEntropy({ config: MODEL, weights }, hidden(places), {
      places: tf.tensor1d(places, "int32"),
      ids: tf.tensor1d(ids, "int32"),
      weights: tf.tensor1d(counts),
    }).dataSync()[0];
  // Probabilities 1/2; 3/4 and 1/4.
  assertAlmostEquals(loss([0], [1], [1]), Math.log(2), 1e-6);
  assertAlmostEquals(loss([1], [0], [1]), Math.log(4 / 3), 1e-6);
  assertAlmostEquals(
    loss([0, 1, 1], [0, 0, 1], [1, 1, 1]),
    (Math.log(2) + Math.log(4 / 3) + Math.log(4)) / 3,
    1e-6,
  );
  // Padding counts for nothing, however wrong.
  assertAlmostEquals(loss([0, 2], [1, 1], [1, 0]), Math.log(2), 1e-6);
});

tidyTest("targetLogProbs() by hand, at two temperatures", () => {
  const weights = { "model.embed_tokens.weight": tf.eye(2) };
  const ids = tf.tensor1d([1, 0, 1, 0], "int32");
  const logProbs = (temperature?: number) =>
    targetLogProbs(
      { config: MODEL, weights },
      hidden([0, 1, 1, 2]),
      ids,
      temperature,
    ).dataSync();
  const sure = -Math.log1p(Math.exp(-14));
  assertClose(
    logProbs(),
    [-Math.log(2), Math.log(3 / 4), Math.log(1 / 4), sure],
    1e-6,
  );
  // Half the temperature squares the odds, from 3 to 9.
  assertClose(
    logProbs(0.5),
    [-Math.log(2), Math.log(9 / 10), Math.log(1 / 10), 0],
    1e-6,
  );
  for (const temperature of [0, -1, NaN]) {
    assertThrows(
      () => logProbs(temperature),
      RangeError,
      `Cannot take log-probabilities as 'temperature' must be above 0: current value is ${temperature}`,
    );
  }
});

tidyTest("crossEntropy(): gradients are its slopes", () => {
  const weights = { "model.embed_tokens.weight": tf.eye(2) };
  assertGradients(
    ({ states }) =>
      crossEntropy({ config: MODEL, weights }, states as tf.Tensor3D, {
        places: tf.tensor1d([0, 1, 0], "int32"),
        ids: tf.tensor1d([1, 0, 0], "int32"),
        weights: tf.tensor1d([1, 1, 0]),
      }),
    { states: hidden([0, 1, 0]) },
  );
});
