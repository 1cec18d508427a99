import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import type { Benchmark, Task } from "@/lib/benchmarks/mod.ts";
import { disposeMemgen, loadMemgen } from "@/lib/memgen/mod.ts";
import { Generator } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { triggerMethod } from "@/experiments/methods/trigger.ts";
import { withFolder } from "@/tests/folder.ts";
import { memgenConfig, randomModules } from "@/tests/memgen/tiny_memgen.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import { methodModel, values } from "./tiny_methods.ts";

const MODEL = methodModel();

/** Right is what holds an even number of letters. */
const BENCHMARK: Benchmark = {
  name: "letters",
  load: () => Promise.resolve([]),
  maxTurns: 1,
  failures: [],
  score: ([completion]) => {
    const right = completion.length % 2 === 0 ? 1 : 0;
    return Promise.resolve({ official: right, lenient: right });
  },
};

const TASK: Task = {
  id: "letters/train/0",
  benchmark: "letters",
  split: "train",
  messages: [{ role: "user", content: "0" }],
  demonstration: [],
  gold: "0",
  environment: "static",
  meta: {},
};

tensorTest(
  "triggerMethod() trains the trigger and saves all modules",
  () =>
    withFolder(async (folder) => {
      const modules = randomModules(MODEL, memgenConfig(), 1);
      const method = triggerMethod(MODEL, modules, {
        promptsPerStep: 1,
        groupSize: 4,
        promptLength: 24,
        maxNewTokens: 6,
        rolloutBatch: 4,
        microBatch: 4,
        temperature: 1,
      });
      assertEquals(
        JSON.parse(JSON.stringify(method.settings)),
        method.settings,
      );
      const before = values(modules.trigger);
      const { parameters, metrics } = await method.train(BENCHMARK, [TASK], {
        peakRate: 1e-2,
        steps: 3,
        seed: 0,
        initial: modules.trigger,
      });
      assertEquals(metrics.length, 3);
      const after = values(parameters);
      assert(JSON.stringify(after) !== JSON.stringify(before));
      await method.save(folder, parameters);
      const saved = await loadMemgen(folder, MODEL.config);
      assertEquals(saved.config, { ...modules.config, triggerActive: true });
      assertEquals(values(saved.weaver), values(modules.weaver));
      assertEquals(values(saved.trigger), after);

      const applied = await method.load(folder);
      const generator = new Generator(MODEL, "never");
      const [answer] = generator.generate([[5, 6]], {
        maxNewTokens: 4,
        view: applied.view,
        memory: applied.memory,
      });
      assert([0, 1].includes(answer.augmentation[0]));
      generator.dispose();
      applied.dispose();
      disposeMemgen(saved);
      disposeTree([modules.weaver, parameters]);
    }),
);
