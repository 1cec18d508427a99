import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { INSERTIONS } from "@/lib/memgen/mod.ts";
import { Generator, loadModel, NOT_ASKED } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { makeTrainStep } from "@/lib/training/mod.ts";
import {
  type BenchCase,
  benchDecoder,
  generationCase,
  randomModel,
  randomRows,
  trainingCase,
  trainingWorkload,
  type Workload,
} from "@/tasks/bench/cases.ts";
import {
  type CaseMemory,
  fixedMemory,
  memgenGenerationCase,
  memgenTrainingCase,
} from "@/tasks/bench/memgen_cases.ts";
import type { PeerWork } from "@/tasks/bench/peer.ts";
import { memgenPolicyCase } from "@/tasks/bench/policy_case.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const CONFIG = benchDecoder("qwen2", {
  hiddenSize: 8,
  layers: 1,
  heads: 2,
  intermediateSize: 8,
});

const MEMORY: CaseMemory = {
  insertion: "append",
  insertions: 6,
  latents: 8,
  every: 12,
};

/** Runs `use` on a prepared case, with the same work for the peer. */
function withCase(
  benchCase: BenchCase,
  use: (workload: Workload, work: PeerWork, folder: string) => unknown,
): Promise<void> {
  return withFolder(async (root) => {
    const folder = join(root, "model");
    const workload = await benchCase.prepare();
    try {
      await use(workload, workload.peerWork(folder), folder);
    } finally {
      workload.dispose();
    }
  });
}

tensorTest(
  "trainingCase() trains on every token but the last of each row",
  () => {
    const training = trainingCase(CONFIG, {
      name: "train",
      rows: 2,
      length: 5,
      runs: 1,
    });
    assertEquals(training.tokens, 10);
    return withCase(training, (workload, { rows, ...work }) => {
      assertEquals([workload.run(), workload.run()], [null, null]);
      assertEquals(rows, randomRows(CONFIG, { rows: 2, length: 6 }));
      assertEquals(work, {
        rate: 1e-3,
        precision: "fp32",
        vocabulary: 1024,
        hidden: 8,
        layers: 1,
        heads: 2,
        intermediate: 8,
      });
    });
  },
);

tensorTest("trainingWorkload() does not measure what has diverged", () => {
  const step = makeTrainStep<null>(
    ({ weight }) => weight.log().sum() as tf.Scalar,
    { name: "diverging" },
  );
  const workload = trainingWorkload(step, {
    parameters: { weight: tf.tensor1d([-1]) },
    batch: null,
    rate: 1,
  });
  assertThrows(
    () => workload.run(),
    Error,
    "Cannot measure a training step as its loss must be finite: current value is NaN",
  );
  workload.dispose();
});

tensorTest("generationCase() gives the peer the same model and prompts", () => {
  const generation = generationCase(CONFIG, {
    name: "generate",
    rows: 3,
    promptLength: 4,
    newTokens: 6,
    runs: 1,
  });
  assertEquals(generation.tokens, 18);
  return withCase(generation, async (workload, work, folder) => {
    const tokens = workload.run()!;
    assertEquals(tokens.map((row) => row.length), [6, 6, 6]);
    assertEquals(workload.run(), tokens);
    assertEquals(work, {
      model: folder,
      prompts: randomRows(CONFIG, { rows: 3, length: 4 }),
      length: 6,
    });
    const model = await loadModel(folder);
    assertEquals(model.config, CONFIG);
    const generator = new Generator(model, "never");
    const prompts = work.prompts as number[][];
    const again = generator.generate(prompts, { maxNewTokens: 6 });
    assertEquals(again.map(({ ids }) => ids), tokens);
    generator.dispose();
    disposeTree(model.weights);
  });
});

tensorTest("memgenGenerationCase() repeats, and says where memory goes", () => {
  const generation = memgenGenerationCase(CONFIG, {
    name: "memgen_generate",
    rows: 2,
    promptLength: 4,
    newTokens: 14,
    runs: 1,
    memory: MEMORY,
  });
  assertEquals(generation.tokens, 28);
  return withCase(generation, (workload, work) => {
    assertEquals([workload.run(), workload.run()], [null, null]);
    const { task, length, every } = work;
    assertEquals({ task, length, every }, {
      task: "generate",
      length: 14,
      every: 12,
    });
  });
});

tensorTest(
  "fixedMemory() inserts at the prompt's end and five times after",
  async () => {
    const model = await randomModel(CONFIG);
    const memory = fixedMemory(model, MEMORY);
    const generator = new Generator(model, "never");
    const [{ augmentation }] = generator.generate([[1, 2, 3]], {
      maxNewTokens: 75,
      memory,
    });
    const expected = Array(75).fill(NOT_ASKED);
    for (const place of [0, 12, 24, 36, 48, 60]) expected[place] = 1;
    assertEquals(augmentation, expected);
    generator.dispose();
    memory.dispose();
    disposeTree(model.weights);
  },
);

for (const insertion of INSERTIONS) {
  tensorTest(`memgenTrainingCase() trains a weaver that ${insertion}s`, () => {
    const training = memgenTrainingCase(CONFIG, {
      name: "memgen",
      memory: { ...MEMORY, insertion },
      rows: 2,
      promptLength: 3,
      answerLength: 70,
      runs: 1,
    });
    assertEquals(training.tokens, 146);
    return withCase(training, (workload, { task, points, rows }) => {
      assertEquals([workload.run(), workload.run()], [null, null]);
      assertEquals(task, "train");
      assertEquals(points, [3, 15, 27, 39, 51, 63]);
      assertEquals(rows, randomRows(CONFIG, { rows: 2, length: 73 }));
    });
  });
}

tensorTest("memgenPolicyCase() trains on a group, half of it right", () => {
  const training = memgenPolicyCase(CONFIG, {
    name: "memgen_grpo",
    memory: MEMORY,
    rows: 4,
    promptLength: 3,
    answerLength: 70,
    runs: 1,
  });
  assertEquals(training.tokens, 292);
  return withCase(training, (workload, work) => {
    assertEquals([workload.run(), workload.run()], [null, null]);
    const { task, points, rows, old } = work;
    assertEquals(task, "policy");
    assertEquals(points, [3, 15, 27, 39, 51, 63]);
    assertEquals(rows, randomRows(CONFIG, { rows: 4, length: 73 }));
    assertEquals((old as number[][]).map((row) => row.length), [
      70,
      70,
      70,
      70,
    ]);
    const advantages = work.advantages as number[];
    assert(advantages[0] < 0);
    assertEquals(advantages, [-1, 1, -1, 1].map((x) => x * advantages[1]));
  });
});
