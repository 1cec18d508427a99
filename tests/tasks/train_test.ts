import { backend } from "@/tests/backend.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { Interrupted } from "@/experiments/ledger.ts";
import {
  QUICK_TRAINING,
  type TrainingMethod,
  type TrainingPreset,
} from "@/experiments/presets.ts";
import { disposeMemgen, loadMemgen } from "@/lib/memgen/mod.ts";
import { parseDecoderConfig, readJsonObject } from "@/lib/models/mod.ts";
import { parseFigure } from "@/lib/report/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import {
  DEFINITION,
  trainOnBenchmark,
  type TrainOptions,
} from "@/tasks/train.ts";
import { withFolder } from "@/tests/folder.ts";
import { parityPath, tensorTest } from "@/tests/models/tiny.ts";
import { readScalars } from "@/tests/tensorflow/event_file.ts";

const MODEL = parityPath("models", "tiny-qwen2.5");
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
    "memgen-sft": { steps: STEPS, peakRate: 1e-2 },
    "memgen-grpo": { steps: STEPS, peakRate: 1e-2 },
    "trigger": { steps: STEPS, peakRate: 1e-2 },
  },
};

async function train(
  output: string,
  method: TrainingMethod,
  changes: Partial<TrainOptions> = {},
) {
  return await trainOnBenchmark({
    method,
    benchmark: "gsm8k",
    data: DATA,
    model: MODEL,
    preset: PRESET,
    seed: 0,
    output,
    signal: new AbortController().signal,
    ...changes,
  }, () => Promise.resolve(backend));
}

/** The bytes of a trained weaver. */
function weaverBytes(folder: string): Uint8Array {
  return Deno.readFileSync(
    join(folder, "weaver", "weaver", "adapter_model.safetensors"),
  );
}

tensorTest(
  "trainOnBenchmark() stops when told and goes on to the same weaver",
  () =>
    withFolder(async (folder) => {
      const [whole, stopped] = ["whole", "stopped"]
        .map((name) => join(folder, name));
      const metrics = await train(whole, "memgen-sft");
      assertEquals(metrics.length, STEPS);

      const aborted = AbortSignal.abort();
      await assertRejects(
        () => train(stopped, "memgen-sft", { signal: aborted }),
        Interrupted,
        "Stopped; the same command goes on from here",
      );
      assertEquals(await train(stopped, "memgen-sft"), metrics);
      assertEquals(weaverBytes(stopped), weaverBytes(whole));

      const file = join(MODEL, "config.json");
      const modules = await loadMemgen(
        whole,
        parseDecoderConfig(readJsonObject(file), file),
      );
      assertEquals(modules.config.insertion, PRESET.memgen.insertion);
      disposeMemgen(modules);
      const curve = parseFigure(
        Deno.readTextFileSync(join(whole, "loss.json")),
      );
      assertEquals(curve.data[0].y, metrics.map(({ loss }) => loss));
      const { settings, made } = JSON.parse(
        Deno.readTextFileSync(join(whole, "training.json")),
      );
      assertEquals([settings.method, settings.seed], ["memgen-sft", 0]);
      assertEquals(made.command, "deno task train");
      if (backend.name === "tensorflow") {
        const losses = readScalars(join(whole, "run"))
          .filter(({ name }) => name === "loss");
        assertEquals(
          losses.map(({ step, value }) => [step, value]),
          metrics.map(({ loss }, step) => [step, loss]),
        );
      }

      // It is another run with another seed, and another weaver to begin with.
      await assertRejects(
        () => train(stopped, "memgen-sft", { seed: 1 }),
        Error,
        "as it must be of a run with 'seed' 1: current value is 0",
      );
      const rewarded = join(folder, "rewarded");
      const steps = await train(rewarded, "memgen-grpo", { from: whole });
      assert(steps.every(({ reward }) => reward >= 0 && reward <= 1));
      assert(Deno.statSync(join(rewarded, "reward.json")).isFile);

      const triggered = join(folder, "triggered");
      assertEquals(
        (await train(triggered, "trigger", { from: whole })).length,
        STEPS,
      );
      assertEquals(weaverBytes(triggered), weaverBytes(whole));
    }),
);

Deno.test("trainOnBenchmark() begins with a weaver only where one learns", () =>
  withFolder(async (folder) => {
    await assertRejects(
      () => train(folder, "sft", { from: "weaver" }),
      TypeError,
      "Cannot begin with weaver as the method must be one of MemGen's: current value is sft",
    );
    await assertRejects(
      () => train(folder, "trigger"),
      TypeError,
      "Cannot train a trigger as there must be a checkpoint with its weaver",
    );
  }));

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
