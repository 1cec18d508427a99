import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import {
  type Benchmark,
  encodePrompt,
  type Task,
  taskReward,
} from "@/lib/benchmarks/mod.ts";
import { Generator } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  grpoMethod,
  memgenGrpoMethod,
  type PolicyMethod,
  reinforceMethod,
  reinforcePlusPlusMethod,
} from "@/experiments/methods/policies.ts";
import { withFolder } from "@/tests/folder.ts";
import { memgenConfig } from "@/tests/memgen/tiny_memgen.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import { methodModel, values } from "./tiny_methods.ts";

const MODEL = methodModel();
const GENERATOR = new Generator(MODEL, "never");
const SIZES = {
  promptsPerStep: 1,
  groupSize: 4,
  promptLength: 24,
  maxNewTokens: 6,
  rolloutBatch: 4,
  microBatch: 4,
  temperature: 1,
};
const CONFIG = memgenConfig({ insertion: "prepend" });

/** Right is what holds an even number of letters. */
const BENCHMARK: Benchmark = {
  name: "letters",
  load: () => Promise.resolve([]),
  maxTurns: 1,
  failures: [],
  score: ([completion], gold) => {
    const right = completion.length % 2 === Number(gold) ? 1 : 0;
    return Promise.resolve({ official: right, lenient: right });
  },
};

const TASKS: readonly Task[] = [0, 1].map((gold) => ({
  id: `letters/train/${gold}`,
  benchmark: "letters",
  split: "train",
  messages: [{ role: "user", content: `${gold}` }],
  demonstration: [],
  gold: `${gold}`,
  environment: "static",
  meta: {},
}));

const METHODS: readonly PolicyMethod[] = [
  memgenGrpoMethod(MODEL, CONFIG, SIZES),
  grpoMethod(MODEL, SIZES),
  reinforceMethod(MODEL, SIZES),
  reinforcePlusPlusMethod(MODEL, SIZES),
];

Deno.test("Policy methods are named apart, with settings that are JSON", () => {
  assertEquals(METHODS.map(({ id }) => id), [
    "memgen-grpo-prepend",
    "grpo",
    "reinforce",
    "reinforce-plus-plus",
  ]);
  for (const { settings } of METHODS) {
    assertEquals(JSON.parse(JSON.stringify(settings)), settings);
    assertEquals(settings.groupSize, 4);
  }
});

Deno.test("taskReward() is the score of what was written", async () => {
  const { tokenizer } = MODEL;
  const reward = taskReward(BENCHMARK, TASKS, tokenizer);
  const ids = tokenizer.encode("ab");
  assertEquals([await reward(0, ids), await reward(1, ids)], [1, 0]);
  // The end token is no part of it.
  assertEquals(await reward(0, [...ids, tokenizer.eosTokenId]), 1);
});

// The other two differ from the second in their objective alone.
for (const method of METHODS.slice(0, 2)) {
  tensorTest(
    `${method.id} trains, saves and answers`,
    () =>
      withFolder(async (folder) => {
        const train = (peakRate: number) =>
          method.train(BENCHMARK, TASKS, { peakRate, steps: 4, seed: 0 });
        const still = await train(0);
        const { parameters, metrics } = await train(1e-2);
        assertEquals(metrics.length, 4);
        for (const { reward, insertions } of metrics) {
          assert(reward >= 0 && reward <= 1);
          assertEquals(insertions > 0, method.id.startsWith("memgen"));
        }
        assert(
          JSON.stringify(values(parameters)) !==
            JSON.stringify(values(still.parameters)),
        );
        await method.save(folder, parameters);
        const applied = await method.load(folder);
        const prompt = encodePrompt(MODEL.tokenizer, TASKS[0].messages);
        const [answer] = GENERATOR.generate([prompt], {
          maxNewTokens: 4,
          view: applied.view,
          memory: applied.memory,
        });
        assertEquals(
          answer.augmentation[0] === 1,
          applied.memory !== undefined,
        );
        applied.dispose();
        disposeTree([parameters, still.parameters]);
      }),
  );
}

tensorTest("memgenGrpoMethod() goes on from a weaver", async () => {
  const begun = await METHODS[0].train(BENCHMARK, TASKS, {
    peakRate: 0,
    steps: 1,
    seed: 7,
  });
  const expected = values(begun.parameters);
  const resumed = await METHODS[0].train(BENCHMARK, TASKS, {
    peakRate: 0,
    steps: 1,
    seed: 8,
    initial: begun.parameters,
  });
  assertEquals(values(resumed.parameters), expected);
  disposeTree(resumed.parameters);
});
