import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { normals, seededRandom } from "@/lib/random.ts";
import { groupAdvantages } from "@/lib/training/mod.ts";

const REWARDS = [...normals(seededRandom("rewards"), 12)];

Deno.test("groupAdvantages() is the distance from the mean of the group", () => {
  assertEquals(
    groupAdvantages([1, 0, 0, 1, 5, 1, 3, 3], { groupSize: 4 }),
    [0.5, -0.5, -0.5, 0.5, 2, -2, 0, 0],
  );
});

Deno.test("groupAdvantages() divides by the deviation of its group", () => {
  // Squares sum to 1 and to 8, each over three degrees of freedom.
  const found = groupAdvantages([1, 0, 0, 1, 5, 1, 3, 3], {
    groupSize: 4,
    scaleRewards: true,
  });
  const [first, second] = [
    0.5 / (Math.sqrt(1 / 3) + 1e-4),
    2 / (Math.sqrt(8 / 3) + 1e-4),
  ];
  [first, -first, -first, first, second, -second, 0, 0].forEach((value, i) =>
    assertAlmostEquals(found[i], value, 1e-12)
  );
});

for (const scaleRewards of [false, true]) {
  const options = { groupSize: 4, scaleRewards };

  Deno.test(`groupAdvantages(), scaled ${scaleRewards}: a group sums to 0`, () => {
    const found = groupAdvantages(REWARDS, options);
    for (const start of [0, 4, 8]) {
      const sum = found.slice(start, start + 4).reduce((a, b) => a + b);
      assertAlmostEquals(sum, 0, 1e-12);
    }
  });

  Deno.test(`groupAdvantages(), scaled ${scaleRewards}: groups do not meet`, () => {
    const found = groupAdvantages(REWARDS, options);
    const swapped = groupAdvantages(
      [...REWARDS.slice(4), ...REWARDS.slice(0, 4)],
      options,
    );
    assertEquals(swapped, [...found.slice(4), ...found.slice(0, 4)]);
  });

  Deno.test(`groupAdvantages(), scaled ${scaleRewards}: equal rewards give 0`, () => {
    const equal = groupAdvantages([0, 0, 0, 0, 7, 7, 7, 7], options);
    assertEquals(equal, Array(8).fill(0));
    // 0.1 is none of the numbers that a double has: a sum of them rounds.
    for (const value of groupAdvantages(Array(4).fill(0.1), options)) {
      assertAlmostEquals(value, 0, 1e-12);
    }
  });

  Deno.test(`groupAdvantages(), scaled ${scaleRewards}: a bonus for all is none`, () => {
    const found = groupAdvantages(REWARDS, options);
    const raised = groupAdvantages(REWARDS.map((r) => r + 3), options);
    found.forEach((value, i) => assertAlmostEquals(raised[i], value, 1e-12));
  });
}

Deno.test("groupAdvantages() refuses groups that are none", () => {
  for (const groupSize of [1, 0, 2.5, NaN]) {
    assertThrows(
      () => groupAdvantages([1, 0], { groupSize }),
      RangeError,
      `Cannot compare completions as 'groupSize' must be an integer of at least 2: current value is ${groupSize}`,
    );
  }
  assertThrows(
    () => groupAdvantages(REWARDS.slice(1), { groupSize: 4 }),
    RangeError,
    "Cannot compare completions as their number must be a multiple of 4: current value is 11",
  );
});

Deno.test("groupAdvantages() refuses a reward that is no number", () => {
  for (const reward of [NaN, Infinity, -Infinity]) {
    assertThrows(
      () => groupAdvantages([1, 0, reward, 1], { groupSize: 2 }),
      RangeError,
      `Cannot compare completions as the reward of completion 2 must be finite: current value is ${reward}`,
    );
  }
});
