import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Insertion,
  type MemgenBase,
  MemgenMemory,
  type MemgenModules,
  withSnippets,
} from "@/lib/memgen/mod.ts";
import { type Generation, Generator, type Model } from "@/lib/models/mod.ts";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import { replay, rowOf } from "@/tests/memgen/full_pass.ts";
import { memgenConfig, randomModules } from "@/tests/memgen/tiny_memgen.ts";
import {
  retrieveSome,
  variantBase,
  VARIANTS,
} from "@/tests/memgen/weaver_variants.ts";
import { randomPrompts, tensorTest } from "@/tests/models/tiny.ts";

/** What a variant generates for prompts of 1 to 9 tokens. */
interface Generated {
  readonly model: Model & MemgenBase;
  readonly modules: MemgenModules;
  readonly prompts: readonly (readonly number[])[];
  generate(count: number, batchSize: number): Generation[];
}

/** Runs `use` with a variant that inserts at some of its candidates. */
function withVariant(
  name: string,
  insertion: Insertion,
  use: (generated: Generated) => void,
): void {
  const model = variantBase(name);
  const config = memgenConfig({
    ...VARIANTS[name],
    insertion,
    maxInferenceAugmentations: 3,
  });
  const modules = randomModules(model, config, 3);
  const memory = new MemgenMemory(model, modules, {
    functions: "never",
    decide: { probability: 0.6, positions: "any" },
    retrieve: retrieveSome,
  });
  const generator = new Generator(model, "never");
  const prompts = [
    [3],
    ...randomPrompts(model.config, { count: 2, maxLength: 9, seed: 4 }),
  ];
  try {
    use({
      model,
      modules,
      prompts,
      generate: (count, batchSize) =>
        generator.generate(prompts.slice(0, count), {
          maxNewTokens: 8,
          memory,
          batchSize,
        }),
    });
  } finally {
    generator.dispose();
    memory.dispose();
    disposeTree([
      model.weights,
      model.weaverBase?.weights ?? {},
      modules.weaver,
      modules.trigger,
    ]);
  }
}

/** Each variant, and both insertions where it reads with them in view. */
const CASES: readonly (readonly [name: string, insertion: Insertion])[] = [
  ["pause tokens", "append"],
  ["hidden states and snippets", "append"],
  ["hidden states and snippets", "prepend"],
  ["snippets", "prepend"],
  ["snippets alone", "append"],
  ["another size, all parameters, hidden states", "prepend"],
];

for (const [name, insertion] of CASES) {
  tensorTest(
    `Cached generation, ${name}, ${insertion}, equals one full pass`,
    () =>
      withVariant(name, insertion, ({ model, modules, prompts, generate }) => {
        const results = generate(3, 2);
        const points = results.map((result, i) =>
          tidy(() => {
            const plain = rowOf(prompts[i], result);
            const row = modules.config.maxSnippetTokens === 0
              ? plain
              : withSnippets(plain, retrieveSome);
            const { best } = replay(model, modules, row);
            const start = prompts[i].length - 1;
            assertEquals(result.ids, [...best.slice(start, -1)]);
            return row.points;
          })
        );
        const lengths = points.map(({ length }) => length);
        assert(Math.max(...lengths) > 2, `${lengths}`);
      }),
  );
}

tensorTest(
  "Generation: what one row reads depends on no other row",
  () =>
    withVariant("hidden states and snippets", "prepend", ({ generate }) => {
      assertEquals(generate(2, 1), generate(3, 3).slice(0, 2));
    }),
);

tensorTest("MemgenMemory refuses to be without what finds its snippets", () => {
  const model = variantBase("snippets");
  const modules = randomModules(
    model,
    memgenConfig({ maxSnippetTokens: 1 }),
    3,
  );
  assertThrows(
    () => new MemgenMemory(model, modules),
    TypeError,
    "Cannot make memory as 'retrieve' must find the snippets that the weaver reads: current value is undefined",
  );
  disposeTree([model.weights, modules.weaver, modules.trigger]);
});

tensorTest(
  "Generation refuses a row that the weaver has no positions for",
  () => {
    const { weaverBase, ...model } = variantBase("another size");
    const small = {
      ...weaverBase!,
      config: { ...weaverBase!.config, maxPositions: 20 },
    };
    const base = { ...model, weaverBase: small };
    const modules = randomModules(base, memgenConfig(), 3);
    const memory = new MemgenMemory(base, modules, { functions: "never" });
    const generator = new Generator(base, "never");
    // 5 tokens of the prompt, 9 new ones that are run, 2 + 2 x 3 latents.
    assertThrows(
      () => generator.generate([[1, 2, 3, 4, 5]], { maxNewTokens: 10, memory }),
      RangeError,
      "Cannot generate as a row with its memory and snippets must fit into the weaver's 20 positions: current value is 22",
    );
    generator.dispose();
    memory.dispose();
    disposeTree([base.weights, small.weights, modules.weaver, modules.trigger]);
  },
);
