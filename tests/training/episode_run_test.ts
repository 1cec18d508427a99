import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemgenMemory, type MemoryScope } from "@/lib/memgen/mod.ts";
import { disposeTree, mapTensors } from "@/lib/tensorflow/mod.ts";
import {
  type EpisodeRun,
  grpoObjective,
  PolicyLearner,
  reinforcePlusPlusObjective,
  type StepMetrics,
  trainInEpisodes,
  weaverPolicy,
} from "@/lib/training/mod.ts";
import { withFolder } from "@/tests/folder.ts";
import { letterGame, withPlayers } from "@/tests/training/tiny_episodes.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

const GRPO = grpoObjective({ lossType: "grpo" });
const TASKS = [0, 1, 2, 3].map(() => () => letterGame());

/** Parameters and metrics of a run of the weaver. */
async function train(
  memoryScope: MemoryScope,
  changes: Partial<EpisodeRun<unknown>> = {},
  objective = GRPO,
): Promise<{ weights: number[]; metrics: readonly StepMetrics[] }> {
  let result;
  await withPlayers({ memoryScope, insertion: "prepend" }, async (players) => {
    const { model, config, modules, functions, options } = players;
    const policy = weaverPolicy(model, config, {
      temperature: 1,
      shape: {
        rows: 4,
        length: 90,
        targets: 72,
        prompt: 90,
        segment: 90,
        turns: memoryScope === "episode" ? 3 : 1,
      },
      memory: (weaver) =>
        new MemgenMemory(model, { ...modules, weaver }, { functions }),
    });
    const learner = new PolicyLearner(policy, objective, {
      name: "episode_run",
      xla: "never",
    });
    const initial = mapTensors(modules.weaver, (tensor) => tensor.clone());
    try {
      const { parameters, metrics } = await trainInEpisodes(initial, {
        ...options,
        learner: learner as PolicyLearner<unknown>,
        tasks: TASKS,
        tasksPerStep: 2,
        groupSize: 4,
        schedule: { peakRate: 1e-2, warmupSteps: 0, totalSteps: 2 },
        ...changes,
      });
      const weights = Object.values(parameters)
        .flatMap((tensor) => [...tensor.dataSync()]);
      disposeTree(parameters);
      result = { weights, metrics };
    } finally {
      learner.dispose();
    }
  });
  return result!;
}

tensorTest("trainInEpisodes(): a weaver earns more", async () => {
  const { metrics } = await train("episode", {
    groupSize: 8,
    schedule: { peakRate: 5e-2, warmupSteps: 0, totalSteps: 12 },
  });
  // Games last one to three turns, and pay up to 1 a turn.
  const earned = metrics.map(({ reward, turns }) => reward / turns);
  const mean = (values: number[]) =>
    values.reduce((sum, value) => sum + value) / values.length;
  assert(
    mean(earned.slice(-3)) > mean(earned.slice(0, 3)) + 0.15,
    `${earned}`,
  );
  assert(metrics.every(({ turns }) => turns >= 1 && turns <= 3));
  assert(metrics.some(({ turns }) => turns > 1));
  assert(metrics.every(({ insertions, turns }) => insertions >= turns));
});

for (const memoryScope of ["turn", "episode"] as const) {
  tensorTest(
    `trainInEpisodes(), memory of the ${memoryScope}, depends on the seed, not on the batch`,
    async () => {
      const objective = reinforcePlusPlusObjective({ iterations: 2 });
      const whole = await train(memoryScope, {}, objective);
      const split = await train(memoryScope, { batchSize: 3 }, objective);
      assertEquals(split, whole);
      const other = await train(memoryScope, { seed: 1 }, objective);
      assert(`${other.weights}` !== `${whole.weights}`);
    },
  );
}

tensorTest(
  "trainInEpisodes() goes on after an environment failed",
  () =>
    withFolder(async (folder) => {
      const schedule = { peakRate: 1e-2, warmupSteps: 0, totalSteps: 3 };
      const whole = await train("turn", { schedule });
      const checkpoint = { folder, saveEvery: 10, settings: { schedule } };
      let games = 0;
      const failing = TASKS.map(() => () => {
        if (++games <= 16) return letterGame();
        const step = () => new Promise<never>(() => {});
        return { ...letterGame(), step };
      });
      await assertRejects(
        () =>
          train("turn", {
            schedule,
            checkpoint,
            tasks: failing,
            timeoutMs: 50,
          }),
        Error,
        "must answer within 50 ms",
      );
      // Two steps were taken and saved; the third is taken again.
      assertEquals(await train("turn", { schedule, checkpoint }), whole);
    }),
);

tensorTest(
  "trainInEpisodes() refuses what does not fit, and frees all",
  async () => {
    const refuse = (changes: Partial<EpisodeRun<unknown>>, rule: string) =>
      assertRejects(() => train("episode", changes), RangeError, rule);
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
