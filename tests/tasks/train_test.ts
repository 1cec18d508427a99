import { backend } from "@/tests/backend.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { Interrupted } from "@/experiments/ledger.ts";
import {
  QUICK_TRAINING,
  type TrainingMethod,
  type TrainingPreset,
} from "@/experiments/presets.ts";
import { disposeMemgen, loadMemgen, saveMemgen } from "@/lib/memgen/mod.ts";
import { loadModel, saveModel } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import {
  DEFINITION,
  trainOnBenchmark,
  type TrainOptions,
} from "@/tasks/train.ts";
import { methodModel } from "@/tests/experiments/methods/tiny_methods.ts";
import { withFolder } from "@/tests/folder.ts";
import { memgenConfig, randomModules } from "@/tests/memgen/tiny_memgen.ts";
import { parityPath, tensorTest } from "@/tests/models/tiny.ts";
import { readScalars } from "@/tests/tensorflow/event_file.ts";

/** Ten train rows that we made up. */
const DATA = join(import.meta.dirname!, "..", "benchmarks", "fixtures/gsm8k");

const STEPS = 3;

const PRESET: TrainingPreset = {
  ...QUICK_TRAINING,
  batchSize: 2,
  policy: {
    promptsPerStep: 1,
    groupSize: 2,
    maxNewTokens: 4,
    rolloutBatch: 2,
    microBatch: 2,
    temperature: 1,
  },
  runs: {
    ...QUICK_TRAINING.runs,
    "sft": { steps: STEPS, peakRate: 1e-2 },
    "memgen-grpo": { steps: STEPS, peakRate: 1e-2 },
    "trigger": { steps: STEPS, peakRate: 1e-2 },
  },
};

/** Makes a random model of one layer, which compiles fast. */
function makeModel(parent: string): void {
  const folder = join(parent, "model");
  const files = ["tokenizer.json", "tokenizer_config.json"].map((name) =>
    [
      name,
      Deno.readTextFileSync(parityPath("models", "tiny-qwen2.5", name)),
    ] as const
  );
  const model = methodModel();
  // Its tokens are bytes: prompts are long.
  const config = { ...model.config, maxPositions: 1024 };
  const tokenizerFiles = new Map(files);
  saveModel(folder, { ...model, config }, { tokenizerFiles });
  disposeTree(model.weights);
}

/** Trains the model in a folder, into another one beside it. */
async function train(
  parent: string,
  name: string,
  method: TrainingMethod,
  changes: Partial<TrainOptions> = {},
) {
  return await trainOnBenchmark({
    method,
    benchmark: "gsm8k",
    data: DATA,
    model: join(parent, "model"),
    preset: PRESET,
    seed: 0,
    output: join(parent, name),
    signal: new AbortController().signal,
    ...changes,
  }, () => Promise.resolve(backend));
}

/** The bytes of a trained adapter. */
function adapterBytes(folder: string): Uint8Array {
  return Deno.readFileSync(join(folder, "adapter_model.safetensors"));
}

tensorTest(
  "trainOnBenchmark() stops when told and goes on to the same adapter",
  () =>
    withFolder(async (folder) => {
      makeModel(folder);
      const metrics = await train(folder, "whole", "sft");
      assertEquals(metrics.length, STEPS);

      const signal = AbortSignal.abort();
      await assertRejects(
        () => train(folder, "stopped", "sft", { signal }),
        Interrupted,
        "Stopped; the same command goes on from here",
      );
      assertEquals(await train(folder, "stopped", "sft"), metrics);
      const [whole, stopped] = ["whole", "stopped"]
        .map((name) => join(folder, name));
      assertEquals(adapterBytes(stopped), adapterBytes(whole));
      await assertRejects(
        () => train(folder, "stopped", "sft", { seed: 1 }),
        Error,
        "as it must be of a run with 'seed' 1: current value is 0",
      );

      const { settings, made } = JSON.parse(
        Deno.readTextFileSync(join(whole, "training.json")),
      );
      assertEquals([settings.method, settings.seed], ["sft", 0]);
      assertEquals(made.command, "deno task train");
      if (backend.name === "tensorflow") {
        const losses = readScalars(join(whole, "run"))
          .filter(({ name }) => name === "loss");
        assertEquals(
          losses.map(({ step, value }) => [step, value]),
          metrics.map(({ loss }, step) => [step, loss]),
        );
      }
    }),
);

tensorTest(
  "trainOnBenchmark() begins with a checkpoint's weaver and settings",
  () =>
    withFolder(async (folder) => {
      makeModel(folder);
      const model = await loadModel(join(folder, "model"));
      const { config } = model;
      const before = randomModules(
        model,
        memgenConfig({ promptLatents: 3, maxInferenceAugmentations: 0 }),
        1,
      );
      const from = join(folder, "before");
      await saveMemgen(from, config, before);
      const metrics = await train(folder, "rewarded", "memgen-grpo", { from });
      // A random model earns nothing: without advantages nothing is learned.
      assertEquals(metrics.map(({ reward }) => reward), [0, 0, 0]);
      await train(folder, "decided", "trigger", { from });
      for (const name of ["rewarded", "decided"]) {
        const after = await loadMemgen(join(folder, name), config);
        assertEquals(after.config.promptLatents, 3);
        const query = "weaver.prompt_query_latents";
        assertEquals(
          after.weaver[query].dataSync(),
          before.weaver[query].dataSync(),
        );
        disposeMemgen(after);
      }
      disposeMemgen(before);
      disposeTree(model.weights);
    }),
);

tensorTest(
  "trainOnBenchmark() begins with a weaver only where one learns",
  () =>
    withFolder(async (folder) => {
      makeModel(folder);
      await assertRejects(
        () => train(folder, "output", "sft", { from: "weaver" }),
        TypeError,
        "Cannot begin with weaver as the method must be one of MemGen's: current value is sft",
      );
      await assertRejects(
        () => train(folder, "output", "trigger"),
        TypeError,
        "Cannot train a trigger as there must be a checkpoint with its weaver",
      );
    }),
);

Deno.test("deno task train knows its methods", () => {
  const rest = ["--benchmark", "gsm8k"];
  const { method, preset } = parseArguments(DEFINITION, [
    "--method",
    "memgen-grpo",
    ...rest,
  ]);
  assertEquals([method, preset], ["memgen-grpo", "quick"]);
  assertThrows(
    () => parseArguments(DEFINITION, ["--method", "magic", ...rest]),
    UsageError,
    "Cannot run train as --method must be one of sft, memgen-sft,",
  );
});
