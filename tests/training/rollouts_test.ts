import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemgenMemory } from "@/lib/memgen/mod.ts";
import { Generator, type Model } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { rollOut, type RollOutOptions } from "@/lib/training/mod.ts";
import {
  memgenConfig,
  randomModules,
  tinyModel,
} from "@/tests/memgen/tiny_memgen.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

const PROMPTS = [[3, 24, 5], [7], [11, 2, 25, 13]];
const GROUP = 3;

/** Runs `use` with a random model whose rows end at different times. */
async function withRollouts(
  use: (
    roll: (options?: Partial<RollOutOptions>) => ReturnType<typeof rollOut>,
    model: Model,
  ) => Promise<void>,
): Promise<void> {
  const tiny = tinyModel("qwen2", 1);
  const eosTokenIds = [2, 7, 11, 23, 31, 38];
  const model = { ...tiny, config: { ...tiny.config, eosTokenIds } };
  const generator = new Generator(model, "never");
  const defaults: RollOutOptions = {
    generator,
    eosTokenIds,
    groupSize: GROUP,
    maxNewTokens: 6,
    temperature: 1,
    seed: 0,
    batchSize: 32,
    reward: (_, ids) => ids.length,
  };
  try {
    await use(
      (options) => rollOut(PROMPTS, { ...defaults, ...options }),
      model,
    );
  } finally {
    generator.dispose();
    disposeTree(model.weights);
  }
}

tensorTest(
  "rollOut() gives the groups in order, each with its reward",
  () =>
    withRollouts(async (roll, { config }) => {
      const asked: number[] = [];
      const rollouts = await roll({
        reward(prompt, ids) {
          asked.push(prompt);
          return Promise.resolve(10 * prompt + ids.length);
        },
      });
      const prompts = [0, 0, 0, 1, 1, 1, 2, 2, 2];
      assertEquals(asked, prompts);
      assertEquals(rollouts.map(({ prompt }) => prompt), prompts);
      for (const { prompt, promptIds, ids, ...rest } of rollouts) {
        assertEquals(promptIds, PROMPTS[prompt]);
        assertEquals(rest.reward, 10 * prompt + ids.length);
        assertEquals(rest.augmentation.length, ids.length);
        assertEquals(
          rest.isTruncated,
          !config.eosTokenIds.includes(ids.at(-1)!),
        );
      }
      const kinds = new Set(rollouts.map(({ isTruncated }) => isTruncated));
      assertEquals(kinds.size, 2, "some must end and some must not");
      const distinct = new Set(rollouts.map(({ ids }) => ids.join()));
      assert(distinct.size > PROMPTS.length, "a group must be sampled");
    }),
);

tensorTest(
  "rollOut() depends on the seed, not on the batch",
  () =>
    withRollouts(async (roll, model) => {
      const modules = randomModules(model, memgenConfig(), 2);
      const memory = new MemgenMemory(model, modules, { functions: "never" });
      const whole = await roll({ memory });
      assert(whole.some(({ augmentation }) => augmentation.includes(1)));
      assertEquals(await roll({ memory, batchSize: 2 }), whole);
      const other = await roll({ memory, seed: 1 });
      assert(other.some(({ ids }, i) => `${ids}` !== `${whole[i].ids}`));
      memory.dispose();
      disposeTree([modules.weaver, modules.trigger]);
    }),
);

tensorTest(
  "rollOut() names the completion that was not rewarded",
  () =>
    withRollouts(async (roll) => {
      const broken = new TypeError("no such answer");
      let calls = 0;
      const error = await assertRejects(
        () =>
          roll({
            reward() {
              if (++calls === 5) throw broken;
              return 1;
            },
          }),
        Error,
        "Cannot reward completion 1 of prompt 1 as the reward function must not throw: current value is no such answer",
      );
      assertEquals(error.cause, broken);
      await assertRejects(
        () => roll({ reward: (prompt) => prompt === 2 ? NaN : 0 }),
        RangeError,
        "Cannot reward completion 0 of prompt 2 as its reward must be finite: current value is NaN",
      );
      await assertRejects(
        () => roll({ groupSize: 0 }),
        RangeError,
        "'groupSize' must be an integer of at least 1: current value is 0",
      );
    }),
);
