import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  blockSizes,
  INSERTIONS,
  MemgenMemory,
  type MemgenModules,
  PROMPT_SKIPPED,
} from "@/lib/memgen/mod.ts";
import {
  FAMILIES,
  type Generation,
  Generator,
  NOT_ASKED,
} from "@/lib/models/mod.ts";
import { randomInt, seededRandom } from "@/lib/random.ts";
import { checkGeneration } from "@/tasks/parity/memgen_generation.ts";
import {
  type Fixture,
  judge,
  recording,
  replay,
  rowOf,
  withMemgen,
} from "@/tests/memgen/full_pass.ts";
import { assertParity, withParityCase } from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, PARITY_NAMES, tensorTest } from "@/tests/models/tiny.ts";

/** float32, summed in another order. */
const ROUNDING = 1e-4;

for (const family of FAMILIES) {
  for (const insertion of INSERTIONS) {
    for (const cap of [0, 1, 3]) {
      tensorTest(
        `Cached generation of ${family}, ${insertion}, ${cap} insertions, equals one full pass`,
        () =>
          withMemgen({
            family,
            insertion,
            maxInferenceAugmentations: cap,
          }, ({ model, modules, prompts, generate }) => {
            const counts = generate({ batchSize: 1 + 2 * cap }).map((
              result,
              i,
            ) =>
              tf.tidy(() => {
                const row = rowOf(prompts[i], result);
                const { best } = replay(model, modules, row);
                assertEquals(
                  result.ids,
                  Array.from(
                    best.slice(prompts[i].length - 1, row.ids.length - 1),
                  ),
                );
                return row.points.length;
              })
            );
            assert(Math.max(...counts) >= Math.min(1 + cap, 3), `${counts}`);
          }),
      );
    }
  }

  tensorTest(
    `Generation of ${family}, prepend, inserts the latents of weaveBlocks()`,
    () =>
      withMemgen({
        family,
        insertion: "prepend",
        maxInferenceAugmentations: 3,
      }, ({ model, modules, prompts }) => {
        const found: Float32Array[][] = [];
        const memory = new MemgenMemory(model, modules, { functions: "never" });
        const generator = new Generator(model, "never");
        // Sampled text is more varied, and its latents are as certain.
        const results = generator.generate(prompts, {
          maxNewTokens: 24,
          temperature: 1,
          memory: recording(memory, found),
        });
        const sizes = blockSizes(modules.config);
        results.forEach((result, i) =>
          tf.tidy(() => {
            const row = rowOf(prompts[i], result);
            const { latents } = replay(model, modules, row);
            const count = sizes.slice(0, row.points.length)
              .reduce((sum, K) => sum + K, 0);
            const flat = found[i].flatMap((vector) => Array.from(vector));
            assertClose(flat, latents!.slice(0, 16 * count), ROUNDING);
          })
        );
        generator.dispose();
        memory.dispose();
      }),
  );
}

for (const insertion of INSERTIONS) {
  tensorTest(
    `Cached generation, ${insertion}, equals one full pass where prompts were skipped`,
    () =>
      withMemgen({
        insertion,
        triggerActive: true,
        maxInferenceAugmentations: 3,
      }, ({ model, modules, prompts, generate }) => {
        const blocks = generate({}).map((result, i) =>
          tf.tidy(() => {
            const row = rowOf(prompts[i], result);
            const { best } = replay(model, modules, row);
            const start = prompts[i].length - 1;
            assertEquals(result.ids, [...best.slice(start, -1)]);
            return row.points.map((point) => point !== PROMPT_SKIPPED);
          })
        );
        const skipped = blocks.filter(([prompt]) => !prompt);
        // Memory after a skipped prompt, and prompts that were not skipped.
        assert(skipped.some(({ length }) => length > 1), `${blocks}`);
        assert(skipped.length < blocks.length, `${blocks}`);
      }),
  );
}

for (const insertion of INSERTIONS) {
  for (const triggerActive of [false, true]) {
    tensorTest(
      `Cached generation, ${insertion}, trigger ${
        triggerActive ? "active" : "inactive"
      }, equals one full pass where prompts are read in pieces`,
      () =>
        withMemgen({
          insertion,
          triggerActive,
          maxInferenceAugmentations: 3,
        }, (fixture) => {
          const { model, modules, generate } = fixture;
          const random = seededRandom("long");
          const prompts = [150, 3, 65, 64, 129, 70].map((length) =>
            Array.from(
              { length },
              () => randomInt(random, model.config.vocabSize),
            )
          );
          const results = generate({ batchSize: 3, maxNewTokens: 12 }, prompts);
          results.forEach((result, i) =>
            tf.tidy(() => {
              const row = rowOf(prompts[i], result);
              const { best } = replay(model, modules, row);
              const start = prompts[i].length - 1;
              assertEquals(result.ids, [...best.slice(start, -1)]);
              assertEquals(
                result.augmentation,
                expectedMarks(fixture, prompts[i], result.ids),
              );
            })
          );
        }),
    );
  }
}

/** What the marks of a row must be, from its tokens alone. */
function expectedMarks(
  { model, modules, points }: Fixture,
  prompt: readonly number[],
  ids: readonly number[],
): number[] {
  const { triggerActive, maxInferenceAugmentations } = modules.config;
  let inserted = 0;
  return ids.map((_, i) => {
    const tokens = [...prompt, ...ids.slice(0, i)];
    const isAsked = i === 0 ||
      inserted < maxInferenceAugmentations &&
        points.isCandidate(tokens, tokens.length);
    if (!isAsked) return NOT_ASKED;
    const mark = triggerActive ? judge(model, modules, tokens) : 1;
    if (i > 0) inserted += mark;
    return mark;
  });
}

for (const insertion of INSERTIONS) {
  for (const triggerActive of [false, true]) {
    tensorTest(
      `Marks, ${insertion}, trigger ${
        triggerActive ? "active" : "inactive"
      }: asked at candidates until the cap`,
      () =>
        withMemgen({ insertion, triggerActive }, (fixture) => {
          const results = fixture.generate({ temperature: 1, seed: 5 });
          results.forEach(({ ids, augmentation }, i) =>
            assertEquals(
              augmentation,
              expectedMarks(fixture, fixture.prompts[i], ids),
            )
          );
          const marks = results.flatMap(({ augmentation }) => augmentation);
          const seen = [...new Set(marks)].sort((a, b) => a - b);
          assertEquals(
            seen,
            triggerActive ? [NOT_ASKED, 0, 1] : [NOT_ASKED, 1],
          );
          // The cap counts insertions after delimiters, not that of the prompt.
          const inserted = results.map(({ augmentation }) =>
            augmentation.slice(1).filter((mark) => mark === 1).length
          );
          assertEquals(Math.max(...inserted), 2);
        }),
    );
  }

  tensorTest(
    `Generation, ${insertion}: a trigger that always invokes is none`,
    () => {
      const run = (triggerActive: boolean, bias: readonly number[]) => {
        let results: Generation[] = [];
        withMemgen({ insertion, triggerActive }, ({ modules, generate }) => {
          forceTrigger(modules, bias);
          results = generate({});
        });
        return results;
      };
      assertEquals(run(true, [0, 1000]), run(false, [0, 0]));
    },
  );

  tensorTest(
    `Generation, ${insertion}: a trigger that never invokes changes no token`,
    () =>
      withMemgen(
        { insertion, triggerActive: true },
        ({ modules, points, prompts, generate }) => {
          forceTrigger(modules, [1000, 0]);
          const plain = generate({ memory: undefined });
          const skipped = generate({});
          assertEquals(
            skipped.map(({ ids }) => ids),
            plain.map(({ ids }) => ids),
          );
          skipped.forEach(({ ids, augmentation }, i) => {
            const row = [...prompts[i], ...ids];
            // Without an insertion the cap is never reached.
            const marks = ids.map((_, j) =>
              j === 0 || points.isCandidate(row, prompts[i].length + j)
                ? 0
                : NOT_ASKED
            );
            assertEquals(augmentation, marks);
          });
        },
      ),
  );

  tensorTest(
    `Generation, ${insertion}: a row is the same in every batch`,
    () =>
      withMemgen(
        { insertion, triggerActive: true, prompts: 20 },
        ({ generate }) => {
          const options = {
            maxNewTokens: 8,
            temperature: insertion === "append" ? 0 : 1,
          };
          const all = generate({ ...options, batchSize: 20 });
          for (const [batchSize, count] of [[1, 3], [2, 7], [5, 13]]) {
            const some = generate({ ...options, batchSize }, count);
            assertEquals(some, all.slice(0, count));
          }
        },
      ),
  );

  tensorTest(
    `Generation, ${insertion}: memory changes what is generated`,
    () =>
      withMemgen({ insertion }, ({ generate }) => {
        const [plain, remembered] = [undefined, {}].map((memory) =>
          generate(memory === undefined ? { memory } : {})
            .map(({ ids }) => `${ids}`)
        );
        const changed = plain.filter((ids, i) => ids !== remembered[i]);
        assert(changed.length > 3, `${changed.length}`);
      }),
  );
}

/** Makes the trigger's scores a constant. */
function forceTrigger(
  { trigger }: MemgenModules,
  bias: readonly number[],
): void {
  const parameters = trigger as Record<string, tf.Tensor>;
  const name = "trigger.output_layer.bias";
  parameters[name].dispose();
  parameters[name] = tf.tensor1d([...bias]);
}

tensorTest(
  "Generation ends with the end token, and so do its marks",
  () =>
    withMemgen(
      { insertion: "prepend" },
      ({ model, modules, prompts, generate }) => {
        const whole = generate({});
        // What most rows write at some time ends them.
        const end = whole[0].ids[8];
        const config = { ...model.config, eosTokenIds: [end] };
        const memory = new MemgenMemory({ ...model, config }, modules, {
          functions: "never",
        });
        const generator = new Generator({ ...model, config }, "never");
        const cut = generator.generate(prompts, { maxNewTokens: 24, memory });
        cut.forEach(({ ids, augmentation }, i) => {
          const at = whole[i].ids.indexOf(end);
          const length = at < 0 ? 24 : at + 1;
          assertEquals(ids, whole[i].ids.slice(0, length));
          assertEquals(augmentation, whole[i].augmentation.slice(0, length));
        });
        assert(cut.some(({ ids }) => ids.length < 24));
        generator.dispose();
        memory.dispose();
      },
    ),
);

tensorTest(
  "Generation refuses a prompt whose latents have no positions left",
  () =>
    withMemgen({}, ({ model, prompts, generate }) => {
      // 1 to 9 tokens, 2 + 2 x 3 latents and what is left of 256 positions.
      const longest = Math.max(...prompts.map((prompt) => prompt.length));
      const maxNewTokens = model.config.maxPositions - 8 - longest + 1;
      assertThrows(
        () => generate({ maxNewTokens }),
        RangeError,
        "must fit into 256 positions with its memory and continuation: current value is 257",
      );
    }),
);

Deno.test("MemgenMemory.maxLatents is what a row may get at most", () =>
  withMemgen({ maxInferenceAugmentations: 5 }, ({ model, modules }) => {
    const memory = new MemgenMemory(model, modules, { functions: "never" });
    assertEquals(memory.maxLatents, 2 + 5 * 3);
    assertEquals(memory.config, modules.config);
    memory.dispose();
  }));

for (const name of PARITY_NAMES) {
  for (const kind of ["memgen-always", "memgen-trigger"] as const) {
    tensorTest(
      `Generation gives the released tokens and marks for ${name} ${kind}`,
      () =>
        withParityCase(name, kind, (parity) => {
          assertParity(checkGeneration(parity));
        }),
    );
  }
}
