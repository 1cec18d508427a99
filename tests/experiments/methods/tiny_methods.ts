/** What every method that learns must do, on a model that compiles fast. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { loadTokenizer, type Model } from "@/lib/models/mod.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import { supervisedRow, type TrainedParameters } from "@/lib/training/mod.ts";
import type { Method, TrainSettings } from "@/experiments/methods/method.ts";
import {
  parityPath,
  randomWeights,
  tensorTest,
  tinyConfig,
} from "@/tests/models/tiny.ts";

/** A random model of one layer over a real vocabulary. */
export function methodModel(): Model {
  const tokenizer = loadTokenizer(parityPath("models", "tiny-qwen2.5"));
  const config = tinyConfig("qwen2", {
    vocabSize: tokenizer.vocabSize,
    layers: 1,
    ropeLayers: [true],
  });
  return { config, weights: randomWeights(config, 1), tokenizer };
}

/** Six sums with worked answers. */
function sums({ tokenizer }: Model) {
  return [[2, 3], [4, 4], [1, 7], [5, 2], [3, 3], [6, 1]].map(([a, b]) =>
    supervisedRow(
      tokenizer,
      [{ role: "user", content: `${a}+${b}` }],
      `So ${a}+${b} is ${a + b}, yes.`,
    )
  );
}

/** Prompts of two of the sums. */
export function prompts(model: Model): number[][] {
  return sums(model).slice(0, 2)
    .map(({ ids, labels }) => ids.filter((_, t) => labels[t] < 0));
}

/** Twelve steps over the sums; one shape, so one compilation a method. */
export function train(
  method: Method,
  model: Model,
  changes: Partial<TrainSettings> = {},
): Promise<TrainedParameters> {
  return method.train(sums(model), {
    shape: { rows: 2, length: 32, targets: 32, prompt: 20, segment: 10 },
    peakRate: 1e-2,
    steps: 12,
    seed: 3,
    ...changes,
  });
}

/** Every value of named tensors. */
export function values(tensors: NamedTensors): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tensor.arraySync()]),
  );
}

/** Tests of what methods have in common. */
export function testMethod(name: string, model: Model, method: Method): void {
  Deno.test(`${name} has settings that are JSON`, () => {
    assertEquals(JSON.parse(JSON.stringify(method.settings)), method.settings);
  });

  tensorTest(`${name} lowers the loss, repeatably`, async () => {
    const losses: number[][] = [];
    for (const seed of [3, 3, 4]) {
      const trained = await train(method, model, { seed });
      losses.push(trained.metrics.map(({ loss }) => loss));
      disposeTree(trained.parameters);
    }
    const [first, again, other] = losses;
    const sum = (values: number[]) => values.reduce((a, b) => a + b);
    assertEquals(first.length, 12);
    // Three steps are one pass.
    assert(sum(first.slice(-3)) < sum(first.slice(0, 3)) - 0.5, `${first}`);
    assertEquals(again, first);
    assertNotEquals(other, first);
  });

  tensorTest(`${name} stops when told`, async () => {
    let steps = 0;
    const onStep = (): void => {
      if (++steps === 2) throw new Error("stop");
    };
    await assertRejects(() => train(method, model, { onStep }), Error, "stop");
    assertEquals(steps, 2);
  });
}

/** Where training begins: at a rate of 0 parameters stay what they were. */
export async function start(
  method: Method,
  model: Model,
  seed: number,
): Promise<Record<string, unknown>> {
  const { parameters } = await train(method, model, { seed, peakRate: 0 });
  const started = values(parameters);
  disposeTree(parameters);
  return started;
}

/** Tests of methods whose first parameters are drawn. */
export function testSeededStart(
  name: string,
  model: Model,
  method: Method,
): void {
  tensorTest(`${name} begins where its seed says`, async () => {
    const first = await start(method, model, 3);
    assertEquals(await start(method, model, 3), first);
    assertNotEquals(await start(method, model, 4), first);
  });
}
