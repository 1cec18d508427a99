import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { randomInt, seededRandom } from "@/lib/random.ts";
import {
  groupAdvantages,
  highRewardRate,
  type JudgedCompletion,
  penalizedRewards,
} from "@/lib/training/mod.ts";

/** Worked out by hand: rewards have the median (1 + 0) / 2, so two are high. */
const GROUP: readonly JudgedCompletion[] = [
  { reward: 1, decisions: [1, 0, 1, 0] },
  { reward: 0, decisions: [1, 1, 1] },
  { reward: 1, decisions: [0, 0, 1, 0] },
  { reward: 0, decisions: [0, 0] },
];

function randomGroups(seed: number, groups: number, G: number) {
  const random = seededRandom("groups", seed);
  return Array.from({ length: groups * G }, () => ({
    reward: randomInt(random, 3) / 2,
    decisions: Array.from(
      { length: randomInt(random, 6) },
      () => randomInt(random, 2),
    ),
  }));
}

Deno.test("highRewardRate() averages the rates of the better half", () => {
  assertAlmostEquals(highRewardRate(GROUP), (2 / 4 + 1 / 4) / 2);
});

Deno.test("highRewardRate() takes all completions of equal reward", () => {
  const group = GROUP.map(({ decisions }) => ({ reward: 0, decisions }));
  assertAlmostEquals(highRewardRate(group), (2 / 4 + 1 + 1 / 4 + 0) / 4);
});

Deno.test("highRewardRate() counts a completion without candidates as 0", () => {
  assertEquals(highRewardRate([{ reward: 1, decisions: [] }]), 0);
});

Deno.test("penalizedRewards() charges each insertion 1 minus the rate", () => {
  const rewards = penalizedRewards(GROUP, { groupSize: 4, penalty: 0.1 });
  const price = 0.1 * (1 - 0.375);
  const expected = [1 - 2 * price, -3 * price, 1 - price, 0];
  rewards.forEach((reward, i) => assertAlmostEquals(reward, expected[i]));
});

Deno.test("penalizedRewards() without a penalty are the rewards, so that advantages are the released code's", () => {
  const completions = randomGroups(0, 5, 4);
  const rewards = penalizedRewards(completions, { groupSize: 4, penalty: 0 });
  assertEquals(rewards, completions.map(({ reward }) => reward));
  assertEquals(
    groupAdvantages(rewards, { groupSize: 4, scaleRewards: true }),
    groupAdvantages(completions.map(({ reward }) => reward), {
      groupSize: 4,
      scaleRewards: true,
    }),
  );
});

Deno.test("penalizedRewards() never pay an insertion, and groups do not mix", () => {
  const completions = randomGroups(1, 6, 4);
  const rewards = penalizedRewards(completions, { groupSize: 4, penalty: 2 });
  completions.forEach(({ reward, decisions }, i) => {
    assert(rewards[i] <= reward);
    if (!decisions.includes(1)) assertEquals(rewards[i], reward);
  });
  const second = penalizedRewards(completions.slice(4, 8), {
    groupSize: 4,
    penalty: 2,
  });
  assertEquals(rewards.slice(4, 8), second);
});

Deno.test("penalizedRewards() do not depend on the order within a group", () => {
  const [a, b, c, d] = penalizedRewards(GROUP, { groupSize: 4, penalty: 1 });
  const turned = penalizedRewards([...GROUP].reverse(), {
    groupSize: 4,
    penalty: 1,
  });
  assertEquals(turned, [d, c, b, a]);
});

Deno.test("penalizedRewards() refuse bad input", () => {
  for (
    const [completions, groupSize, penalty, message] of [
      [
        GROUP,
        3,
        0,
        "'groupSize' must be a positive integer that divides the 4",
      ],
      [GROUP, 0, 0, "current value is 0"],
      [GROUP, 4, -1, "'penalty' must be a number of at least 0"],
      [GROUP, 4, NaN, "current value is NaN"],
      [
        [{ reward: 0, decisions: [-100] }],
        1,
        0,
        "the decisions of completion 0 must be 0 or 1: current value is -100",
      ],
    ] as const
  ) {
    assertThrows(
      () => penalizedRewards(completions, { groupSize, penalty }),
      RangeError,
      message,
    );
  }
});
