import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type DecisionOptions,
  INSERTIONS,
  MemgenMemory,
  PROMPT_SKIPPED,
  resolveDecisions,
} from "@/lib/memgen/mod.ts";
import { type Generation, NOT_ASKED } from "@/lib/models/mod.ts";
import { type Fixture, replay, rowOf, withMemgen } from "./full_pass.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

/** Generates with decisions of its own. */
function generate(
  { model, modules, generate }: Fixture,
  decisions: DecisionOptions,
  options: Parameters<Fixture["generate"]>[0] = {},
): Generation[] {
  const memory = new MemgenMemory(model, modules, {
    functions: "never",
    ...decisions,
  });
  const results = generate({ ...options, memory });
  memory.dispose();
  return results;
}

/** Asserts that a greedy row's tokens are those of one pass over all of it. */
function assertOnePass(
  { model, modules, prompts }: Fixture,
  result: Generation,
  prompt: number,
): void {
  tf.tidy(() => {
    const { best } = replay(model, modules, rowOf(prompts[prompt], result));
    const start = prompts[prompt].length - 1;
    assertEquals(result.ids, [...best.slice(start, -1)]);
  });
}

const marksOf = (results: readonly Generation[]): number[] =>
  results.flatMap(({ augmentation }) => augmentation);

Deno.test("resolveDecisions() asks the trigger if it is active, else inserts always", () => {
  const decide = (triggerActive: boolean, options: DecisionOptions = {}) =>
    resolveDecisions(options, { triggerActive }).decide;
  assertEquals(decide(true), "trigger");
  assertEquals(decide(false), "always");
  assertEquals(decide(true, { decide: "never" }), "never");
  assertEquals(decide(false, { decide: "trigger" }), "trigger");
});

const REFUSED: readonly (readonly [DecisionOptions, string])[] = [
  ...[-0.1, 1.1, NaN].map((probability) =>
    [
      { decide: { probability, positions: "any" } },
      `Cannot insert at random as 'probability' must be in [0, 1]: current value is ${probability}`,
    ] as const
  ),
  ...[0, -1, NaN, Infinity].map((temperature) =>
    [
      { decide: "trigger", sampleDecisions: { temperature } },
      `Cannot sample decisions as 'temperature' must be a number above 0: current value is ${temperature}`,
    ] as const
  ),
  [
    { sampleDecisions: { temperature: 1 } },
    `Cannot sample decisions as the trigger must decide: current value is "always"`,
  ],
];

for (const [options, message] of REFUSED) {
  Deno.test(`resolveDecisions() refuses ${JSON.stringify(options)}: ${message.slice(-12)}`, () => {
    assertThrows(
      () => resolveDecisions(options, { triggerActive: false }),
      RangeError,
      message,
    );
  });
}

tensorTest(
  'Decisions: "always" and "never" overrule an active trigger',
  () =>
    withMemgen({ insertion: "prepend", triggerActive: true }, (fixture) => {
      const always = generate(fixture, { decide: "always" });
      assertEquals([...new Set(marksOf(always))].sort(), [NOT_ASKED, 1]);
      assert(always.every(({ augmentation }) => augmentation[0] === 1));
      assertEquals(
        always,
        generate(fixture, {
          decide: { probability: 1, positions: "delimiters" },
        }),
      );
      const never = generate(fixture, { decide: "never" });
      assertEquals([...new Set(marksOf(never))].sort(), [NOT_ASKED, 0]);
      assertEquals(
        never,
        generate(fixture, {
          decide: { probability: 0, positions: "delimiters" },
        }),
      );
      assertEquals(
        never.map(({ ids }) => ids),
        fixture.generate({ memory: undefined }).map(({ ids }) => ids),
      );
    }),
);

tensorTest(
  "Decisions: random ones come at their rate and from the row's own numbers",
  () =>
    withMemgen({
      insertion: "prepend",
      maxInferenceAugmentations: 6,
      prompts: 40,
    }, (fixture) => {
      const decide = { probability: 0.3, positions: "any" } as const;
      const sampled = { temperature: 1, seed: 3, maxNewTokens: 6 };
      const all = generate(fixture, { decide }, sampled);
      const marks = marksOf(all);
      assert(marks.every((mark) => mark !== NOT_ASKED));
      const rate = marks.filter((mark) => mark === 1).length / marks.length;
      // 240 draws: a standard deviation of 0.03.
      assert(Math.abs(rate - 0.3) < 0.12, `${rate}`);
      // Neither the batch nor its size changes them.
      const few: Fixture = {
        ...fixture,
        generate: (options) => fixture.generate(options, 6),
      };
      assertEquals(
        generate(few, { decide }, { ...sampled, batchSize: 3 }),
        all.slice(0, 6),
      );
      const other = generate(few, { decide }, { ...sampled, seed: 4 });
      assert(`${marksOf(other)}` !== `${marksOf(all.slice(0, 6))}`);
    }),
);

for (const insertion of INSERTIONS) {
  tensorTest(
    `Decisions, ${insertion}: at any position until the cap, as one pass over the row gives`,
    () =>
      withMemgen({ insertion, maxInferenceAugmentations: 4 }, (fixture) => {
        const { prompts, points } = fixture;
        const results = generate(fixture, {
          decide: { probability: 0.4, positions: "any" },
        });
        let betweenDelimiters = 0;
        results.forEach((result, i) => {
          assertOnePass(fixture, result, i);
          const { ids, augmentation } = result;
          const row = [...prompts[i], ...ids];
          const start = prompts[i].length;
          let inserted = 0;
          augmentation.forEach((mark, t) => {
            assertEquals(mark === NOT_ASKED, inserted === 4);
            if (mark !== 1 || t === 0) return;
            inserted++;
            betweenDelimiters += Number(
              !points.isCandidate(row, start + t),
            );
          });
        });
        assert(betweenDelimiters > 0);
      }),
  );

  tensorTest(
    `Decisions, ${insertion}: none at the prompt's end without prompt augmentations`,
    () =>
      withMemgen({ insertion, maxPromptAugmentations: 0 }, (fixture) => {
        const { model, modules, prompts } = fixture;
        const memory = new MemgenMemory(model, modules);
        assertEquals(memory.maxLatents, 2 * 3);
        memory.dispose();
        const results = generate(fixture, {});
        results.forEach((result, i) => {
          assertOnePass(fixture, result, i);
          const { points } = rowOf(prompts[i], result);
          assertEquals(points[0], PROMPT_SKIPPED);
          assertEquals(result.augmentation[0], NOT_ASKED);
        });
        assert(marksOf(results).includes(1));
      }),
  );
}
