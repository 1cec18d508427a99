import "@/tests/backend.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  grpoObjective,
  type PolicyObjective,
  type PolicyRun,
  reinforceObjective,
  reinforcePlusPlusObjective,
  type TrainedParameters,
  trainPolicy,
} from "@/lib/training/mod.ts";
import { withFolder } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import {
  PROMPTS,
  tinyAdapterPolicy,
  type TinyPolicy,
  tinyWeaverPolicy,
  withPolicy,
} from "./tiny_policy.ts";

const GRPO = grpoObjective({ lossType: "grpo" });

/** Parameters as numbers, which it frees, and metrics of a run. */
function outcome({ parameters, metrics }: TrainedParameters): {
  readonly weights: number[];
  readonly metrics: TrainedParameters["metrics"];
} {
  const weights = Object.values(parameters)
    .flatMap((tensor) => [...tensor.dataSync()]);
  disposeTree(parameters);
  return { weights, metrics };
}

/** Runs of a policy, each from its first parameters. */
async function train(
  tiny: TinyPolicy,
  objective: PolicyObjective,
  ...runs: readonly Partial<PolicyRun<unknown>>[]
): Promise<ReturnType<typeof outcome>[]> {
  const results: ReturnType<typeof outcome>[] = [];
  await withPolicy(tiny, objective, async (run) => {
    for (const changes of runs) {
      const trained = await trainPolicy(tiny.initial(), { ...run, ...changes });
      results.push(outcome(trained));
    }
  });
  return results;
}

/** Share of the tokens of the first half of the vocabulary. */
const shareOfLow: PolicyRun<unknown>["reward"] = (_, ids) =>
  ids.filter((id) => id < 20).length / ids.length;

/** Asserts that the last three steps earned more than the first three. */
function assertRises(metrics: TrainedParameters["metrics"]): void {
  const rewards = metrics.map(({ reward }) => reward);
  const mean = (values: number[]) =>
    values.reduce((sum, value) => sum + value) / values.length;
  assert(
    mean(rewards.slice(-3)) > mean(rewards.slice(0, 3)) + 0.15,
    `${rewards}`,
  );
}

const OBJECTIVES = {
  GRPO,
  REINFORCE: reinforceObjective(),
  "REINFORCE++": reinforcePlusPlusObjective({ iterations: 2 }),
} as const;

for (const [name, objective] of Object.entries(OBJECTIVES)) {
  tensorTest(`trainPolicy(): an adapter earns more by ${name}`, async () => {
    const [{ metrics }] = await train(tinyAdapterPolicy(), objective, {
      reward: shareOfLow,
      groupSize: 16,
      batchSize: 32,
      schedule: { peakRate: 0.2, warmupSteps: 0, totalSteps: 20 },
    });
    assertRises(metrics);
  });
}

tensorTest("trainPolicy(): a weaver earns more by GRPO", async () => {
  const [{ metrics }] = await train(tinyWeaverPolicy(), GRPO, {
    reward: shareOfLow,
    groupSize: 8,
    schedule: { peakRate: 5e-2, warmupSteps: 0, totalSteps: 12 },
  });
  assertRises(metrics);
  assert(metrics.every(({ insertions }) => insertions >= 1));
});

tensorTest("trainPolicy() depends on the seed, not on the batch", async () => {
  const schedule = { peakRate: 1e-2, warmupSteps: 0, totalSteps: 2 };
  const [whole, split, other] = await train(
    tinyWeaverPolicy(),
    GRPO,
    { schedule },
    { schedule, batchSize: 2 },
    { schedule, seed: 1 },
  );
  assertEquals(split, whole);
  assert(`${other.weights}` !== `${whole.weights}`);
});

// The baseline of REINFORCE is all that a run carries besides its state.
for (
  const [name, objective] of Object.entries({
    REINFORCE: reinforceObjective(),
    GRPO: grpoObjective({ lossType: "bnpo", beta: 0.1, iterations: 2 }),
  })
) {
  tensorTest(
    `trainPolicy() by ${name} goes on to the same weights`,
    () =>
      withFolder((folder) => {
        const tiny = tinyAdapterPolicy();
        return withPolicy(tiny, objective, async (run) => {
          const checkpoint = { folder, saveEvery: 10, settings: {} };
          const train = async (changes: Partial<PolicyRun<unknown>>) =>
            outcome(await trainPolicy(tiny.initial(), { ...run, ...changes }));
          const whole = await train({});
          await assertRejects(
            () => train({ checkpoint, reward: rewardOf(8 + 3) }),
            Error,
            "as the reward function must not throw: current value is out of order",
          );
          assertEquals(await train({ checkpoint }), whole);
        });
      }),
  );
}

/** That of `withPolicy`, until it breaks. */
function rewardOf(calls: number): PolicyRun<unknown>["reward"] {
  let left = calls;
  return (_, ids) => {
    if (left-- === 0) throw new Error("out of order");
    return 1 / ids.length;
  };
}

tensorTest("trainPolicy() logs its rollouts and its updates", async () => {
  const objective = grpoObjective({
    lossType: "dr_grpo",
    beta: 0.1,
    iterations: 2,
    maskTruncated: true,
  });
  const rewards: number[] = [];
  const [{ metrics }] = await train(tinyAdapterPolicy(), objective, {
    schedule: { peakRate: 1e-2, warmupSteps: 0, totalSteps: 1 },
    reward(prompt, ids) {
      assert(prompt >= 0 && prompt < PROMPTS.length);
      // The first group is uniform.
      rewards.push(rewards.length < 4 ? 1 : ids.length);
      return rewards.at(-1)!;
    },
  });
  const [first] = metrics;
  const mean = rewards.reduce((sum, value) => sum + value) / 8;
  assertAlmostEquals(first.reward, mean, 1e-12);
  assertEquals(first.uniformGroups, 0.5);
  assertEquals(first.insertions, 0);
  assert(first.length >= 1 && first.length <= 6);
  assert(first.rewardStd > 0 && first.gradNorm > 0 && first.divergence > 0);
  assert("clippedLow" in first && "clippedHigh" in first);
});

tensorTest(
  "trainPolicy() refuses what does not fit before any work",
  () =>
    withPolicy(tinyAdapterPolicy(), GRPO, async (run) => {
      const tiny = tinyAdapterPolicy();
      for (
        const [changes, message] of [
          [
            { promptsPerStep: 5 },
            "there must be at least 5 prompts, those of one step: current value is 4",
          ],
          [
            { maxNewTokens: 7 },
            "a prompt and 7 new tokens must fit into 10: current value is 4 tokens of a prompt",
          ],
          [
            { maxNewTokens: 7, prompts: [[3], [4]] },
            "4 completions of 7 tokens must fit into a micro-batch: current value is 24 targets",
          ],
        ] as const
      ) {
        await assertRejects(
          () =>
            trainPolicy(tiny.initial(), {
              ...run,
              ...changes,
              reward: () => {
                throw new Error("never asked");
              },
            }),
          RangeError,
          message,
        );
      }
      tiny.dispose();
    }),
);

tensorTest("trainPolicy() ends where a loss is not finite", () =>
  assertRejects(
    () =>
      train(tinyAdapterPolicy(), {
        ...GRPO,
        advantages: (rollouts) => rollouts.map(() => NaN),
      }, {}),
    Error,
    "the loss of step 0 must be finite: current value is NaN",
  ));
