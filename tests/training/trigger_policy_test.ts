import "@/tests/backend.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { learnedPlaces, triggerRow } from "@/lib/memgen/mod.ts";
import { NOT_ASKED } from "@/lib/models/mod.ts";
import { normals, randomInt, seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  type Completion,
  grpoObjective,
  LOSS_TYPES,
  type LossType,
  packTokens,
  type PolicyRun,
  type Rollout,
  tokenShares,
  trainPolicy,
  triggerObjective,
} from "@/lib/training/mod.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import {
  MAX_NEW_TOKENS,
  type TinyPolicy,
  tinyTriggerPolicy,
  withPolicy,
} from "./tiny_policy.ts";

const random = seededRandom("trigger policy");
/** Two groups of four with decisions at some tokens. */
const ROLLOUTS: readonly Rollout[] = Array.from({ length: 8 }, (_, i) => {
  const ids = Array.from({ length: 2 + i % 5 }, () => randomInt(random, 30));
  return {
    prompt: Math.floor(i / 4),
    promptIds: [1, 2],
    ids,
    augmentation: ids.map((_, t) =>
      t > 0 && random() < 0.3 ? NOT_ASKED : randomInt(random, 2)
    ),
    isTruncated: false,
    reward: randomInt(random, 2),
  };
});
const CONTEXT = { groupSize: 4, before: [] };

Deno.test("triggerObjective() without a penalty has GRPO's advantages", () => {
  for (const scaleRewards of [true, false]) {
    const options = { lossType: "grpo", scaleRewards } as const;
    assertEquals(
      triggerObjective({ ...options, penalty: 0 })
        .advantages(ROLLOUTS, CONTEXT),
      grpoObjective(options).advantages(ROLLOUTS, CONTEXT),
    );
  }
});

Deno.test("triggerObjective() makes insertions cost their completion", () => {
  const alike = ROLLOUTS.map((rollout) => ({ ...rollout, reward: 1 }));
  const advantages = triggerObjective({ lossType: "grpo", penalty: 1 })
    .advantages(alike, CONTEXT) as number[];
  const insertions = alike.map(({ augmentation }) =>
    augmentation.filter((decision) => decision === 1).length
  );
  for (let i = 0; i < 8; i++) {
    for (let j = i - i % 4; j < i; j++) {
      assertEquals(
        Math.sign(advantages[i] - advantages[j]),
        Math.sign(insertions[j] - insertions[i]),
      );
    }
  }
});

/** The released loss, decision by decision (trigger_grpo_trainer.py:252-290). */
function releasedLoss(
  lossType: LossType,
  { now, old, advantages }: {
    readonly now: readonly number[][];
    readonly old: readonly number[][];
    readonly advantages: readonly number[];
  },
): number {
  const sums = now.map((values, b) =>
    values.reduce((sum, value, i) => {
      const ratio = Math.exp(value - old[b][i]);
      const clipped = Math.min(1.2, Math.max(0.8, ratio));
      const A = advantages[b];
      return sum - Math.min(ratio * A, clipped * A);
    }, 0)
  );
  const counts = now.map(({ length }) => length);
  const total = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0);
  if (lossType === "grpo") {
    return total(sums.map((sum, b) => sum / counts[b])) / now.length;
  }
  return total(sums) /
    (lossType === "bnpo" ? total(counts) : now.length * MAX_NEW_TOKENS);
}

for (const lossType of LOSS_TYPES) {
  tensorTest(
    `Without a penalty the loss is the released one, ${lossType}`,
    () => {
      const objective = triggerObjective({
        lossType,
        scaleRewards: true,
        penalty: 0,
      });
      const advantages = objective.advantages(ROLLOUTS, CONTEXT) as number[];
      const rows = ROLLOUTS.map(triggerRow);
      const drawn = () =>
        rows.map((row) => [...normals(random, learnedPlaces(row).length)]);
      const [now, old] = [drawn(), drawn()];
      const completions = rows.map((row, b): Completion => ({
        ...row,
        advantage: advantages[b],
        isTruncated: false,
        oldLogProbs: old[b],
      }));
      const shares = tokenShares(completions, {
        lossType,
        maxCompletionLength: MAX_NEW_TOKENS,
      });
      const loss = tf.tidy(() => {
        const flat = now.flat();
        const tokens = packTokens(completions, shares, {
          targets: flat.length,
        });
        return objective.loss(tf.tensor1d(flat), tokens).dataSync()[0];
      });
      const expected = releasedLoss(lossType, { now, old, advantages });
      assertAlmostEquals(loss, expected, 1e-5);
    },
  );
}

/** Metrics of a run of a fresh trigger, and its parameters as numbers. */
async function run(
  tiny: TinyPolicy,
  changes: Partial<PolicyRun<unknown>>,
  objective = triggerObjective({ lossType: "grpo", penalty: 0 }),
) {
  let outcome: { metrics: unknown[]; weights: number[] } | undefined;
  let insertions: number[] = [];
  await withPolicy(tiny, objective, async (run) => {
    const { parameters, metrics } = await trainPolicy(tiny.initial(), {
      ...run,
      ...changes,
    });
    const weights = Object.values(parameters)
      .flatMap((tensor) => [...tensor.dataSync()]);
    disposeTree(parameters);
    insertions = metrics.map((each) => each.insertions);
    outcome = { metrics: [...metrics], weights };
  });
  return { ...outcome!, insertions };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

for (
  const [triggerReads, insertion] of [
    ["text", "append"],
    ["context", "prepend"],
  ] as const
) {
  tensorTest(
    `trainPolicy(): a trigger that reads ${triggerReads}, ${insertion}, learns what insertions cost`,
    async () => {
      const { insertions } = await run(
        tinyTriggerPolicy({ triggerReads, insertion }),
        {
          reward: () => 1,
          groupSize: 8,
          batchSize: 16,
          schedule: { peakRate: 5e-2, warmupSteps: 0, totalSteps: 10 },
        },
        triggerObjective({
          lossType: "grpo",
          scaleRewards: true,
          penalty: 0.1,
        }),
      );
      assert(
        mean(insertions.slice(-3)) < mean(insertions.slice(0, 3)) - 0.3,
        `${insertions}`,
      );
    },
  );
}
tensorTest(
  "trainPolicy() of a trigger does not depend on the batch",
  async () => {
    const reward = (_: number, ids: readonly number[]) => 1 / ids.length;
    const whole = await run(tinyTriggerPolicy(), { reward });
    const split = await run(tinyTriggerPolicy(), { reward, batchSize: 3 });
    assertEquals(split, whole);
  },
);

tensorTest(
  "trainPolicy() of a trigger minds completions without a decision",
  async () => {
    // Without memory at the prompt's end many have none.
    const { metrics } = await run(
      tinyTriggerPolicy({ maxPromptAugmentations: 0 }),
      {},
      triggerObjective({
        lossType: "bnpo",
        penalty: 0.1,
        beta: 0.1,
        iterations: 2,
      }),
    );
    assertEquals(metrics.length, 3);
  },
);
