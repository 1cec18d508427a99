import "@/tests/backend.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { CandidatePoints, INSERTIONS } from "@/lib/memgen/mod.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  type Completion,
  completionRow,
  grpoObjective,
  initialState,
  type PolicyLearner,
  type PolicyObjective,
  type Rollout,
  rollOut,
} from "@/lib/training/mod.ts";
import { memgenConfig } from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, randomPrompts, tensorTest } from "@/tests/models/tiny.ts";
import {
  MAX_NEW_TOKENS,
  PROMPTS,
  tinyAdapterPolicy,
  tinyWeaverPolicy,
  withPolicy,
} from "./tiny_policy.ts";

/** float32, summed in another order. */
const ROUNDING = 1e-5;
const GRPO = grpoObjective({ lossType: "grpo" });

/** Completions of a policy with the given advantages. */
function completions(
  rollouts: readonly Rollout[],
  advantages: readonly number[],
): Completion[] {
  return rollouts.map((rollout, b) => ({
    ...completionRow(rollout),
    advantage: advantages[b % advantages.length],
    isTruncated: rollout.isTruncated,
  }));
}

/** What one update makes of parameters, which it frees. */
function updated(
  learner: PolicyLearner<unknown>,
  parameters: NamedTensors,
  rows: readonly Completion[],
): { loss: number; gradNorm: number; means: number[] } {
  const { state, metrics } = learner.update(initialState(parameters), rows, {
    index: 0,
    rate: 1e-2,
    maxCompletionLength: MAX_NEW_TOKENS,
  });
  // A tenth of the gradient.
  const means = Object.values(state.means)
    .flatMap((tensor) => [...tensor.dataSync()]);
  disposeTree(state);
  return { loss: metrics.loss, gradNorm: metrics.gradNorm, means };
}

for (const insertion of INSERTIONS) {
  tensorTest(
    `PolicyLearner, ${insertion}: memory is where the rollout had it`,
    async () => {
      // So cold that only the likeliest token has a probability.
      const tiny = tinyWeaverPolicy({ insertion, triggerActive: true }, 1e-3);
      await withPolicy(tiny, GRPO, async (run) => {
        const parameters = tiny.initial();
        const prompts = randomPrompts(tiny.model.config, {
          count: 24,
          maxLength: 4,
          seed: 1,
        });
        const rollouts = await rollOut(prompts, {
          ...run,
          ...tiny.policy.apply(parameters),
          temperature: 0,
          groupSize: 1,
        });
        const rows = rollouts.map(completionRow);
        const made = run.learner.logProbs(parameters, rows);
        assertEquals(
          made.map(({ length }) => length),
          rollouts.map(({ ids }) => ids.length),
        );
        // Of two tokens that are close, the likelier one has half.
        const lowest = (rows: Float32Array[]): number =>
          Math.min(...rows.map((values) => Math.min(...values)));
        assert(lowest(made) > Math.log(0.49), `${lowest(made)}`);
        // At the first delimiters, as the released code: another policy.
        const points = new CandidatePoints(
          tiny.model.tokenizer,
          memgenConfig(),
        );
        const first = run.learner.logProbs(
          parameters,
          rows.map(({ ids, labels }) => ({
            ids,
            labels,
            points: points.supervisedPoints(ids, labels, memgenConfig()),
          })),
        );
        assert(lowest(first) < -1, `${lowest(first)}`);
        disposeTree(parameters);
      });
    },
  );

  tensorTest(
    `PolicyLearner, ${insertion}: an update does not depend on how it is split`,
    async () => {
      /** Eight completions, of which one has no advantage. */
      const run = async (
        rows: number,
        objective: PolicyObjective,
      ): Promise<ReturnType<typeof updated>> => {
        const tiny = tinyWeaverPolicy({ insertion });
        const shape = { ...tiny.policy.shape, rows };
        const policy = { ...tiny.policy, shape };
        let result: ReturnType<typeof updated>;
        await withPolicy({ ...tiny, policy }, objective, async (run) => {
          const parameters = tiny.initial();
          const rollouts = await rollOut(PROMPTS, {
            ...run,
            ...tiny.policy.apply(parameters),
            temperature: 1,
            groupSize: 2,
          });
          const advantages = [1, -0.5, 0.3, 0, -1, 0.2, 2, 0.4];
          result = updated(
            run.learner,
            parameters,
            completions(rollouts, advantages),
          );
        });
        return result!;
      };
      const whole = await run(4, GRPO);
      assert(whole.gradNorm > 0.01);
      // Two by two; and without leaving out the one of no advantage.
      const splits = [
        await run(2, GRPO),
        await run(3, { ...GRPO, usesReference: true }),
      ];
      for (const split of splits) {
        assertAlmostEquals(split.loss, whole.loss, ROUNDING);
        assertAlmostEquals(split.gradNorm, whole.gradNorm, ROUNDING);
        assertClose(split.means, whole.means, 1e-4);
      }
    },
  );
}

tensorTest("PolicyLearner.statistics() says how far the policy moved", () => {
  const tiny = tinyAdapterPolicy();
  return withPolicy(tiny, GRPO, async ({ learner, ...run }) => {
    const parameters = tiny.initial();
    const rollouts = await rollOut(PROMPTS, {
      ...run,
      ...tiny.policy.apply(parameters),
      temperature: 1,
      groupSize: 1,
    });
    const rows = completions(rollouts, [1]);
    const now = learner.logProbs(parameters, rows);
    const moved = (distance: number) =>
      learner.statistics(
        parameters,
        rows.map((row, b) => ({
          ...row,
          oldLogProbs: now[b].map((value) => value - distance),
          referenceLogProbs: now[b],
        })),
        { maxCompletionLength: MAX_NEW_TOKENS },
      );
    const statistics = moved(0);
    assertEquals(Object.keys(statistics).sort(), [
      "clippedHigh",
      "clippedLow",
      "divergence",
    ]);
    for (const value of Object.values(statistics)) {
      assertAlmostEquals(value, 0, ROUNDING);
    }
    // e^0.5 is above 1.2.
    assertEquals(moved(0.5).clippedHigh, 1);
    disposeTree(parameters);
  });
});
