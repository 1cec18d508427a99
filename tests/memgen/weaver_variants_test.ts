import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  appendLoss,
  blockSizes,
  initializeWeaver,
  type Insertion,
  INSERTIONS,
  type MemgenConfig,
  packAppend,
  packPrepend,
  prependLoss,
  PROMPT_SKIPPED,
  type SupervisedRow,
  weaveBlocks,
  weaveInTurn,
  withSnippets,
} from "@/lib/memgen/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  latentsOf,
  retrieveSome,
  variantBase,
  VARIANTS,
} from "@/tests/memgen/weaver_variants.ts";
import {
  assertGradients,
  largest,
  memgenConfig,
  randomModules,
  randomRow,
  tinyModel,
} from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, tidyTest } from "@/tests/models/tiny.ts";

/** float32, summed in another order. */
const ROUNDING = 1e-5;

const random = seededRandom("weaver variants");
/** All blocks; one next to another; a skipped prompt. */
const ROWS: readonly SupervisedRow[] = [
  randomRow(random, 11, [3, 6, 9]),
  randomRow(random, 9, [5, 6]),
  { ...randomRow(random, 10, [4]), points: [PROMPT_SKIPPED, 4, 8] },
];
const SHAPE = { rows: 3, length: 12, targets: 36, prompt: 6, segment: 4 };

/** The rows as a configuration reads them. */
function rowsFor(config: MemgenConfig): readonly SupervisedRow[] {
  return config.maxSnippetTokens === 0
    ? ROWS
    : ROWS.map((row) => withSnippets(row, retrieveSome));
}

/** The latents of all rows, `[B, M, D]`, as training makes them. */
function trainedLatents(
  name: string,
  insertion: Insertion,
): { found: tf.Tensor3D; expected: tf.Tensor3D[][]; sizes: number[] } {
  const base = variantBase(name);
  const config = memgenConfig({ ...VARIANTS[name], insertion });
  const modules = randomModules(base, config, 3);
  const rows = rowsFor(config);
  const { weaver } = modules;
  return {
    found: insertion === "prepend"
      ? weaveBlocks(base, config, weaver, packPrepend(rows, SHAPE, config))
      : weaveInTurn(base, config, weaver, packAppend(rows, SHAPE, config)),
    expected: rows.map((row) => latentsOf(base, modules, row)),
    sizes: blockSizes(config),
  };
}

for (const name of Object.keys(VARIANTS)) {
  for (const insertion of INSERTIONS) {
    tidyTest(`Latents of ${name}, ${insertion}, follow the rules`, () => {
      const { found, expected, sizes } = trainedLatents(name, insertion);
      expected.forEach((blocks, b) =>
        blocks.forEach((block, n) => {
          if (block.shape[1] === 0) return;
          const start = sizes.slice(0, n).reduce((sum, K) => sum + K, 0);
          const own = found.slice([b, start, 0], [1, sizes[n], -1]);
          assertClose(own.dataSync(), block.dataSync(), ROUNDING);
        })
      );
    });
  }
}

/** Each variant once; hidden states are a gradient's longest way. */
const LOSSES: readonly (readonly [name: string, insertion: Insertion])[] = [
  ["all parameters", "prepend"],
  ["pause tokens", "append"],
  ["hidden states", "append"],
  ["hidden states and snippets", "prepend"],
  ["snippets alone", "append"],
  ["another size", "prepend"],
];

for (const [name, insertion] of LOSSES) {
  tidyTest(`Loss of ${name}, ${insertion}: gradients are its slopes`, () => {
    const base = variantBase(name);
    const config = memgenConfig({
      ...VARIANTS[name],
      insertion,
      maxInferenceAugmentations: 1,
    });
    const { weaver } = randomModules(base, config, 3);
    const row = { ...ROWS[0], points: [3, 6] };
    const rows = [
      config.maxSnippetTokens === 0 ? row : withSnippets(row, retrieveSome),
    ];
    const shape = { ...SHAPE, rows: 1, targets: 9 };
    const prepended = packPrepend(rows, shape, config);
    const appended = packAppend(rows, shape, config);
    assertGradients(
      (parameters) =>
        insertion === "prepend"
          ? prependLoss(base, config, parameters, prepended)
          : appendLoss(base, config, parameters, appended),
      weaver,
      {},
      // Blocks that read each other through hidden states bend the loss.
      0.004,
    );
  });
}

/** Sizes of the paper's ablations: ranks of table 7, K of figure 6. */
for (const [rank, K] of [[4, 2], [8, 4], [16, 8], [24, 16], [32, 32]]) {
  tidyTest(`A weaver of rank ${rank} writes ${K} latents a block`, () => {
    const base = tinyModel("qwen3", 1);
    const { weaverLora } = memgenConfig();
    for (const insertion of INSERTIONS) {
      const config = memgenConfig({
        insertion,
        promptLatents: K,
        inferenceLatents: K,
        maxInferenceAugmentations: 1,
        weaverLora: { ...weaverLora, rank },
      });
      const modules = randomModules(base, config, 3);
      const [factor] = Object.entries(modules.weaver)
        .filter(([name]) => name.endsWith("lora_A.weight"));
      assertEquals(factor[1].shape[0], rank);
      const row = { ...ROWS[0], points: [3, 6] };
      const found = insertion === "prepend"
        ? weaveBlocks(
          base,
          config,
          modules.weaver,
          packPrepend([row], SHAPE, config),
        )
        : weaveInTurn(
          base,
          config,
          modules.weaver,
          packAppend([row], SHAPE, config),
        );
      const expected = tf.concat(latentsOf(base, modules, row), 1);
      assertEquals(expected.shape, [1, 2 * K, 16]);
      const first = found.slice([0, 0, 0], [1, -1, -1]);
      assertClose(first.dataSync(), expected.dataSync(), ROUNDING);
    }
  });
}

tidyTest(
  "A full weaver begins as the base model, pause tokens as tokens",
  () => {
    for (const name of ["all parameters", "another size"]) {
      const base = variantBase(name);
      const { weights } = base.weaverBase ?? base;
      const config = memgenConfig({ weaver: "full" });
      const weaver = initializeWeaver(base, config, seededRandom("w"));
      const layers = Object.keys(weights).filter((name) =>
        name !== "model.embed_tokens.weight" && name !== "lm_head.weight"
      );
      const own = Object.keys(weaver).filter((name) =>
        name.startsWith("weaver.base.")
      );
      assertEquals(
        own.sort(),
        layers.map((name) => `weaver.base.${name}`).sort(),
      );
      for (const name of layers) {
        assertEquals(largest(weaver[`weaver.base.${name}`], weights[name]), 0);
      }
    }
    const base = variantBase("pause tokens");
    const config = memgenConfig({ weaver: "pause" });
    const weaver = initializeWeaver(base, config, seededRandom("w"));
    assertEquals(Object.keys(weaver), [
      "weaver.prompt_pause_tokens",
      "weaver.inference_pause_tokens",
    ]);
    const rows = (tensor: tf.Tensor): string[] =>
      (tensor.arraySync() as number[][]).map((row) => `${row}`);
    const table = rows(base.weights["model.embed_tokens.weight"]);
    const tokens = Object.values(weaver).flatMap(rows);
    assertEquals(tokens.length, 2 + 3);
    assert(tokens.every((token) => table.includes(token)));
  },
);

tidyTest(
  "Packing refuses rows without snippets where the weaver reads them",
  () => {
    const config = memgenConfig({ maxSnippetTokens: 2 });
    const refuse = (snippets: number[][] | undefined, current: string) => {
      const row = { ...ROWS[0], points: [3, 6], snippets };
      for (const pack of [packAppend, packPrepend]) {
        assertThrows(
          () => pack([row], SHAPE, config),
          RangeError,
          `Cannot pack a batch as row 0 must have at most 2 tokens of snippets for each of its 2 insertion points: current value is ${current}`,
        );
      }
    };
    refuse(undefined, "[]");
    refuse([[1]], "[1]");
    refuse([[1], [1, 2, 3]], "[1,3]");
  },
);
