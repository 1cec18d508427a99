import "@/tests/backend.ts";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  type Completion,
  LOSS_TYPES,
  packTokens,
  type ShareOptions,
  tokenShares,
} from "@/lib/training/mod.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

/** A completion of some learned tokens after a prompt of two. */
function completion(
  length: number,
  changes: Partial<Completion> = {},
): Completion {
  const ids = Array.from({ length: length + 2 }, (_, t) => t);
  return {
    ids,
    labels: ids.map((id) => id < 2 ? IGNORED_LABEL : id),
    points: [2],
    advantage: length,
    isTruncated: false,
    ...changes,
  };
}

/** The second was cut off. */
const COMPLETIONS = [
  completion(2),
  completion(5, { isTruncated: true }),
  completion(1),
];

function shares(
  lossType: ShareOptions["lossType"],
  maskTruncated?: boolean,
): number[] {
  return tokenShares(COMPLETIONS, {
    lossType,
    maxCompletionLength: 5,
    maskTruncated,
  });
}

Deno.test("tokenShares() of grpo: completions alike, tokens alike within", () => {
  assertEquals(shares("grpo"), [1 / 6, 1 / 15, 1 / 3]);
  // It still is one of three.
  assertEquals(shares("grpo", true), [1 / 6, 0, 1 / 3]);
});

Deno.test("tokenShares() of bnpo: all tokens alike", () => {
  assertEquals(shares("bnpo"), [1 / 8, 1 / 8, 1 / 8]);
  assertEquals(shares("bnpo", true), [1 / 3, 0, 1 / 3]);
});

Deno.test("tokenShares() of dr_grpo: by the tokens that there could be", () => {
  assertEquals(shares("dr_grpo"), [1 / 15, 1 / 15, 1 / 15]);
  assertEquals(shares("dr_grpo", true), [1 / 15, 0, 1 / 15]);
});

Deno.test("tokenShares(): the rows of an episode count as one completion", () => {
  // Episodes of 3 and 4 tokens; the second is cut off.
  const rows = [
    completion(2, { episode: 0 }),
    completion(4, { episode: 1, isTruncated: true }),
    completion(1, { episode: 0 }),
  ];
  const shares = (lossType: ShareOptions["lossType"], maskTruncated = false) =>
    tokenShares(rows, { lossType, maxCompletionLength: 5, maskTruncated });
  assertEquals(shares("grpo"), [1 / 6, 1 / 8, 1 / 6]);
  assertEquals(shares("grpo", true), [1 / 6, 0, 1 / 6]);
  assertEquals(shares("bnpo"), [1 / 7, 1 / 7, 1 / 7]);
  assertEquals(shares("bnpo", true), [1 / 3, 0, 1 / 3]);
  assertEquals(shares("dr_grpo"), [1 / 10, 1 / 10, 1 / 10]);
  assertThrows(
    () => tokenShares(rows, { lossType: "grpo", maxCompletionLength: 3 }),
    RangeError,
    "a completion may hold at most 3: current value is 4",
  );
});

for (const lossType of LOSS_TYPES) {
  Deno.test(`tokenShares() of ${lossType}: nothing to learn is no division by 0`, () => {
    const options = { lossType, maxCompletionLength: 5, maskTruncated: true };
    const empty = completion(0);
    assertEquals(tokenShares([empty, COMPLETIONS[1]], options), [0, 0]);
    assertEquals(tokenShares([], options), []);
  });
}

Deno.test("tokenShares(): where all are as long as they may be, all means are one", () => {
  const full = [completion(5), completion(5)];
  for (const lossType of LOSS_TYPES) {
    tokenShares(full, { lossType, maxCompletionLength: 5 })
      .forEach((share) => assertAlmostEquals(share, 1 / 10, 1e-15));
  }
});

Deno.test("tokenShares() refuses lengths that cannot be", () => {
  const refuse = (maxCompletionLength: number, rule: string) =>
    assertThrows(
      () => tokenShares(COMPLETIONS, { lossType: "bnpo", maxCompletionLength }),
      RangeError,
      rule,
    );
  refuse(
    4,
    "Cannot weigh tokens as a completion may hold at most 4: current value is 5",
  );
  for (const length of [0, 1.5, NaN]) {
    refuse(
      length,
      `Cannot weigh tokens as 'maxCompletionLength' must be an integer of at least 1: current value is ${length}`,
    );
  }
});

tensorTest(
  "packTokens() lists completion after completion, then padding",
  () => {
    const tokens = packTokens(
      [
        completion(2, { oldLogProbs: [-1, -2], referenceLogProbs: [-5, -6] }),
        completion(1, { oldLogProbs: [-3], referenceLogProbs: [-7] }),
      ],
      [0.25, 0.5],
      { targets: 5 },
    );
    assertEquals(tokens.shares.arraySync(), [0.25, 0.25, 0.5, 0, 0]);
    assertEquals(tokens.advantages.arraySync(), [2, 2, 1, 0, 0]);
    assertEquals(tokens.oldLogProbs?.arraySync(), [-1, -2, -3, 0, 0]);
    assertEquals(tokens.referenceLogProbs?.arraySync(), [-5, -6, -7, 0, 0]);
    disposeTree(tokens);
  },
);

tensorTest("packTokens() holds no log-probabilities that nobody gave", () => {
  const tokens = packTokens(COMPLETIONS, [1, 1, 1], { targets: 8 });
  assertEquals(tokens.oldLogProbs, undefined);
  assertEquals(tokens.referenceLogProbs, undefined);
  disposeTree(tokens);
});

tensorTest("packTokens() refuses what does not fit, and frees all", () => {
  const refuse = (completions: readonly Completion[], rule: string) =>
    assertThrows(
      () => packTokens(completions, completions.map(() => 1), { targets: 7 }),
      RangeError,
      rule,
    );
  refuse(
    COMPLETIONS,
    "Cannot pack completions as they may hold at most 7 learned tokens: current value is 8",
  );
  refuse(
    [completion(2, { oldLogProbs: [-1] })],
    "Cannot pack completions as 'oldLogProbs' of completion 0 must hold one number for each of its 2 learned tokens: current value is 1",
  );
  // Some have them and some do not.
  refuse(
    [completion(2, { referenceLogProbs: [-1, -2] }), completion(1)],
    "Cannot pack completions as 'referenceLogProbs' of completion 1 must hold one number for each of its 1 learned tokens: current value is 0",
  );
});
