import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { adapterPolicy, SFT_LORA_PREFIX } from "@/lib/baselines/mod.ts";
import { MemgenMemory } from "@/lib/memgen/mod.ts";
import { initializeLora } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  disposeTree,
  mapTensors,
  type NamedTensors,
} from "@/lib/tensorflow/mod.ts";
import {
  type EpisodeRun,
  groupAdvantages,
  grpoObjective,
  playEpisodes,
  type Policy,
  PolicyLearner,
  type PolicyObjective,
  reinforcePlusPlusObjective,
  rolloutRows,
  type StepMetrics,
  trainFromRollouts,
  trainInEpisodes,
  triggerPolicy,
  weaverPolicy,
} from "@/lib/training/mod.ts";
import { withFolder } from "@/tests/folder.ts";
import {
  letterGame,
  type TinyPlayers,
  withPlayers,
} from "@/tests/training/tiny_episodes.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

const GRPO = grpoObjective({ lossType: "grpo" });
const TASKS = [0, 1, 2, 3].map(() => () => letterGame());
/** Room for episodes of up to three turns of six tokens. */
const SHAPE = { rows: 4, length: 90, targets: 72, prompt: 90, segment: 90 };

/** The weaver, or the trigger, of players. */
function policyOf(
  kind: "weaver" | "trigger",
  { model, config, modules, functions }: TinyPlayers,
): { policy: Policy<unknown>; initial: NamedTensors } {
  const turns = config.memoryScope === "episode" ? 3 : 1;
  const options = {
    temperature: 1,
    shape: { ...SHAPE, turns },
    memory: (parameters: NamedTensors) =>
      new MemgenMemory(model, { ...modules, [kind]: parameters }, {
        functions,
        ...kind === "trigger" && { sampleDecisions: { temperature: 1 } },
      }),
  };
  return {
    policy:
      (kind === "weaver"
        ? weaverPolicy(model, config, options)
        : triggerPolicy(model, modules, options)) as Policy<unknown>,
    initial: mapTensors(modules[kind], (tensor) => tensor.clone()),
  };
}

/** Runs `use` with a learner and frees it. */
async function withLearner(
  policy: Policy<unknown>,
  objective: PolicyObjective,
  use: (learner: PolicyLearner<unknown>) => Promise<void>,
): Promise<void> {
  const options = { name: "episode_run", xla: "never" } as const;
  const learner = new PolicyLearner(policy, objective, options);
  try {
    await use(learner);
  } finally {
    learner.dispose();
  }
}

for (
  const [kind, memoryScope, insertion] of [
    ["weaver", "turn", "append"],
    ["weaver", "episode", "prepend"],
    ["trigger", "turn", "prepend"],
    ["trigger", "episode", "append"],
  ] as const
) {
  tensorTest(
    `Episodes of a ${kind}, ${insertion}, memory of the ${memoryScope}: what earned more becomes likelier`,
    () =>
      withPlayers({
        memoryScope,
        insertion,
        triggerActive: kind === "trigger",
        triggerReads: "context",
      }, async (players) => {
        const { policy, initial } = policyOf(kind, players);
        const { memory } = policy.apply(initial);
        const groupSize = 4;
        const episodes = await playEpisodes(TASKS, {
          ...players.options,
          memory,
          groupSize,
        });
        const rows = episodes.map((each) => rolloutRows(policy, each));
        const rewards = episodes.map(({ reward }) => reward);
        const advantages = groupAdvantages(rewards, { groupSize });
        await withLearner(policy, GRPO, async (learner) => {
          /** The objective of eq. 16: a mean over the tokens of each episode. */
          const objective = (parameters: NamedTensors): number => {
            const values = learner.logProbs(parameters, rows.flat());
            let next = 0;
            return rows.reduce((sum, own, i) => {
              const logProbs = own.flatMap(() => [...values[next++]]);
              const total = logProbs.reduce((a, b) => a + b, 0);
              return sum +
                advantages[i] * total / Math.max(1, logProbs.length);
            }, 0);
          };
          const before = objective(initial);
          const { parameters } = await trainFromRollouts(initial, {
            learner,
            groupSize,
            tasks: 4,
            tasksPerStep: 4,
            maxCompletionLength: 18,
            rollOut: () => Promise.resolve(episodes),
            schedule: { peakRate: 3e-3, warmupSteps: 0, totalSteps: 3 },
            seed: 0,
          });
          const after = objective(parameters);
          assert(after > before + 1e-3, `${before} ${after}`);
          disposeTree(parameters);
        });
      }),
  );
}

tensorTest(
  "trainInEpisodes(): an adapter earns more",
  () =>
    withPlayers({}, async ({ model, options }) => {
      const settings = {
        rank: 4,
        alpha: 8,
        dropout: 0,
        targetModules: ["q_proj", "v_proj"],
        bias: "none",
      } as const;
      const shape = { ...SHAPE, turns: 3 };
      const policy = adapterPolicy(model, settings, { temperature: 1, shape });
      const initial = initializeLora(model.config, settings, {
        prefix: SFT_LORA_PREFIX,
        random: seededRandom("adapter"),
      });
      await withLearner(policy as Policy<unknown>, GRPO, async (learner) => {
        const { parameters, metrics } = await trainInEpisodes(initial, {
          ...options,
          learner,
          tasks: TASKS,
          tasksPerStep: 2,
          groupSize: 16,
          batchSize: 32,
          schedule: { peakRate: 0.2, warmupSteps: 0, totalSteps: 16 },
        });
        disposeTree(parameters);
        // Games last one to three turns, and pay up to 1 a turn.
        const earned = metrics.map(({ reward, turns }) => reward / turns);
        const mean = (values: number[]) =>
          values.reduce((sum, value) => sum + value) / values.length;
        const [first, last] = [earned.slice(0, 3), earned.slice(-3)].map(mean);
        assert(last > first + 0.08, `${earned}`);
        assert(metrics.every(({ turns }) => turns >= 1 && turns <= 3));
        assert(metrics.some(({ turns }) => turns > 1));
      });
    }),
);

/** Weights and metrics of runs of a weaver, each from the beginning. */
async function train(
  objective: PolicyObjective,
  ...runs: readonly Partial<EpisodeRun<unknown>>[]
): Promise<{ weights: number[]; metrics: readonly StepMetrics[] }[]> {
  const results: { weights: number[]; metrics: readonly StepMetrics[] }[] = [];
  await withPlayers({
    insertion: "prepend",
    memoryScope: "episode",
    maxInferenceAugmentations: 1,
  }, async (players) => {
    const { policy, initial } = policyOf("weaver", players);
    const run = async (
      learner: PolicyLearner<unknown>,
      changes: Partial<EpisodeRun<unknown>>,
    ) => {
      const { parameters, metrics } = await trainInEpisodes(
        mapTensors(initial, (tensor) => tensor.clone()),
        {
          ...players.options,
          learner,
          tasks: TASKS,
          tasksPerStep: 2,
          groupSize: 2,
          schedule: { peakRate: 1e-2, warmupSteps: 0, totalSteps: 2 },
          ...changes,
        },
      );
      const weights = Object.values(parameters)
        .flatMap((tensor) => [...tensor.dataSync()]);
      disposeTree(parameters);
      results.push({ weights, metrics });
    };
    try {
      await withLearner(policy, objective, async (learner) => {
        for (const changes of runs) await run(learner, changes);
      });
    } finally {
      disposeTree(initial);
    }
  });
  return results;
}

tensorTest(
  "trainInEpisodes() depends on the seed, not on the batch",
  async () => {
    const objective = reinforcePlusPlusObjective({ iterations: 2 });
    const [whole, split, other] = await train(
      objective,
      {},
      { batchSize: 3 },
      { seed: 1 },
    );
    assertEquals(split, whole);
    assert(`${other.weights}` !== `${whole.weights}`);
    assert(whole.metrics.every(({ insertions, turns }) => insertions >= turns));
  },
);

tensorTest(
  "trainInEpisodes() goes on after an environment hung",
  () =>
    withFolder(async (folder) => {
      const checkpoint = { folder, saveEvery: 10, settings: {} };
      // The second step asks for more games than these.
      let games = 0;
      const failing = TASKS.map(() => () => {
        if (++games <= 4) return letterGame();
        return { ...letterGame(), step: () => new Promise<never>(() => {}) };
      });
      await assertRejects(
        () => train(GRPO, { checkpoint, tasks: failing, timeoutMs: 500 }),
        Error,
        "must answer within 500 ms",
      );
      // The first step was saved; the second is taken again.
      const [resumed, whole] = await train(GRPO, { checkpoint }, {});
      assertEquals(resumed, whole);
    }),
);

tensorTest(
  "trainInEpisodes() refuses what does not fit, and frees all",
  async () => {
    const refuse = (changes: Partial<EpisodeRun<unknown>>, rule: string) =>
      assertRejects(() => train(GRPO, changes), RangeError, rule);
    await refuse(
      { tasksPerStep: 5 },
      "Cannot train in episodes as there must be at least 5 tasks: current value is 4",
    );
    await refuse(
      { maxLength: 91 },
      "Cannot train in episodes as an episode must fit into 90 tokens of a row: current value is 91",
    );
    await refuse(
      { maxTurns: 4 },
      "Cannot train in episodes as a row must hold 4 turns: current value is 3",
    );
    await refuse(
      { maxNewTokens: 7 },
      "Cannot train in episodes as what is written in 4 rows must fit into 72 targets: current value is 84",
    );
  },
);
