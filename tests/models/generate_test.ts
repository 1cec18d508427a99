import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  FAMILIES,
  type GenerateOptions,
  type Generation,
  type GenerationRow,
  Generator,
  type HostTensor,
  KIND,
  loadModel,
  loraShapes,
  loraView,
  type Memory,
  mergeLora,
  NOT_ASKED,
  openSafetensors,
  plainItems,
  requirePrompt,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  assertBatchesAgree,
  END_TOKENS,
  SOME,
  withGenerator,
} from "./generator.ts";
import {
  continueGreedily,
  fullPass,
  PARITY_NAMES,
  parityPath,
  randomFactors,
  randomPrompts,
  tensorTest,
  tinyConfig,
} from "./tiny.ts";

/** Rows of a padded `[B, T]` matrix, where the mask is 1 or beyond it. */
function rowsOf(matrix: HostTensor, mask: HostTensor): number[][] {
  const [B, T] = matrix.shape;
  const maskT = mask.shape[1];
  return Array.from(
    { length: B },
    (_, row) =>
      Array.from(matrix.data.slice(row * T, (row + 1) * T))
        .filter((_, t) => t >= maskT || mask.data[row * maskT + t] === 1),
  );
}

for (const name of PARITY_NAMES) {
  tensorTest(
    `Generator gives the greedy tokens of transformers for ${name}`,
    async () => {
      const model = await loadModel(parityPath("models", name));
      using numbers = openSafetensors(
        parityPath("expected", name, "lm.safetensors"),
      );
      const mask = numbers.read("attention_mask");
      const prompts = rowsOf(numbers.read("input_ids"), mask);
      const expected = rowsOf(numbers.read("greedy"), mask)
        .map((row, i) => row.slice(prompts[i].length));
      const generator = new Generator(model, "never");
      for (const batchSize of [1, 2]) {
        const results = generator.generate(prompts, {
          maxNewTokens: 24,
          batchSize,
        });
        assertEquals(results.map(({ ids }) => ids), expected);
      }
      generator.dispose();
      disposeTree(model.weights);
    },
  );
}

for (const family of FAMILIES) {
  const config = tinyConfig(family, { eosTokenIds: END_TOKENS });

  tensorTest(
    `Generator of ${family}: cached tokens equal those of full passes`,
    () =>
      withGenerator(config, (generator, { weights }) => {
        const maxNewTokens = 37;
        const expected = randomPrompts(config, SOME).map((prompt) =>
          continueGreedily(config, { weights }, { prompt, maxNewTokens })
        );
        const results = generator.generate(randomPrompts(config, SOME), {
          maxNewTokens,
        });
        assertEquals(results.map(({ ids }) => ids), expected);
      }),
  );

  tensorTest(
    `Generator of ${family}: a row never depends on its neighbours`,
    () =>
      withGenerator(config, (generator) => {
        const sizes = family === "qwen2" ? [2, 3, 7, 32, 40] : [7, 40];
        assertBatchesAgree(config, generator, { temperature: 0, sizes });
      }),
  );
}

tensorTest("Generator samples independently of a row's neighbours", () => {
  const config = tinyConfig("qwen2", { eosTokenIds: END_TOKENS });
  withGenerator(config, (generator) => {
    const options = { temperature: 1, seed: 5, sizes: [7, 32] };
    assertBatchesAgree(config, generator, options);
  });
});

tensorTest("Generator gives the same tokens traced and compiled", () => {
  const config = tinyConfig("qwen3");
  withGenerator(config, (traced, model) => {
    const compiled = new Generator(model, "always");
    const prompts = randomPrompts(config, { count: 2, maxLength: 4, seed: 3 });
    const options = { maxNewTokens: 20 };
    assertEquals(
      compiled.generate(prompts, options),
      traced.generate(prompts, options),
    );
    compiled.dispose();
  });
});

tensorTest(
  "Generator samples by its seed and the row's number",
  () =>
    withGenerator(tinyConfig("smollm3"), (generator) => {
      const prompts = [[1, 2], [1, 2], [3]];
      const run = (seed: number, numbers?: number[]): number[][] =>
        generator.generate(prompts.slice(0, numbers?.length), {
          maxNewTokens: 20,
          temperature: 1,
          seed,
          numbers,
        }).map(({ ids }) => ids);
      const first = run(1);
      assertEquals(run(1), first);
      assert(run(2).every((ids, row) => `${ids}` !== `${first[row]}`));
      assert(
        `${first[0]}` !== `${first[1]}`,
        "equal prompts draw on their own",
      );
      // Alone, under the number of the second.
      assertEquals(run(1, [1]), [first[1]]);
    }),
);

tensorTest(
  "Generator draws tokens as often as softmax says (chi-square)",
  () => {
    const config = tinyConfig("qwen2", { vocabSize: 12 });
    withGenerator(config, (generator, { weights }) => {
      const n = 3000;
      const prompt = [3, 1, 4];
      const temperature = 1.5;
      const counts = Array(config.vocabSize).fill(0);
      const results = generator.generate(Array(n).fill(prompt), {
        maxNewTokens: 1,
        temperature,
        batchSize: 1000,
      });
      for (const { ids: [token] } of results) counts[token]++;
      const probabilities = tf.tidy(() => {
        const scores = fullPass(config, { weights }, [prompt])
          .slice([0, 2, 0]).flatten().div(temperature);
        return tf.softmax(scores).dataSync();
      });
      const statistic = counts.reduce((sum, count, token) => {
        const expected = n * probabilities[token];
        return sum + (count - expected) ** 2 / expected;
      }, 0);
      // 11 degrees of freedom: one right sampler in 1,000 exceeds 31.3.
      assert(statistic < 31.3, `chi-square ${statistic}`);
    });
  },
);

tensorTest(
  "Generator ends a row after an end token, not at one in the prompt",
  () => {
    const config = tinyConfig("qwen2");
    withGenerator(config, (generator, model) => {
      const [free] = generator.generate([[1, 2]], { maxNewTokens: 12 });
      assertEquals(free.ids.length, 12);
      const end = free.ids[4];
      const length = free.ids.indexOf(end) + 1;
      const ending = new Generator(
        { ...model, config: { ...config, eosTokenIds: [39, end] } },
        "never",
      );
      const options = { maxNewTokens: 12 };
      const [row] = ending.generate([[1, 2]], options);
      assertEquals(row.ids, free.ids.slice(0, length));
      assertEquals(row.augmentation, Array(length).fill(NOT_ASKED));
      const [after] = ending.generate([[1, 2, ...row.ids]], options);
      assert(after.ids.length > 0);
      ending.dispose();
    });
  },
);

tensorTest("Generator sees the model through the adapter of a view", () => {
  const config = tinyConfig("qwen2");
  withGenerator(config, (generator, { weights }) => {
    const settings = {
      rank: 2,
      alpha: 8,
      dropout: 0,
      targetModules: ["q_proj", "up_proj"],
      bias: "none",
    } as const;
    const factors = randomFactors(loraShapes(config, settings, ""));
    const lora = loraView(factors, "", settings);
    const merged = mergeLora(weights, lora);
    const run = (view?: GenerateOptions["view"]): Generation[] =>
      generator.generate([[1], [2, 3]], { maxNewTokens: 20, view });
    const adapted = run({ weights, lora });
    assertEquals(adapted, run({ weights: merged }));
    assert(adapted.some(({ ids }, i) => `${ids}` !== `${run()[i].ids}`));
    for (const module of Object.keys(lora.modules)) {
      merged[`${module}.weight`].dispose();
    }
    disposeTree(factors);
  });
});

tensorTest("Generator says how many rows have ended", () => {
  const config = tinyConfig("qwen2", { eosTokenIds: END_TOKENS });
  withGenerator(config, (generator) => {
    const prompts = randomPrompts(config, { count: 9, maxLength: 9, seed: 4 });
    const options = { maxNewTokens: 30, batchSize: 4 };
    const turns = generator.generateInTurns(prompts, options);
    const ended: number[] = [];
    let turn = turns.next();
    for (; !turn.done; turn = turns.next()) ended.push(turn.value);
    assertEquals(turn.value, generator.generate(prompts, options));
    assertEquals(ended.at(-1), 9);
    assertEquals(ended, [...new Set(ended)].sort((a, b) => a - b));
    assert(ended.length > 3, "rows end at different times");
    assertEquals(generator.generate([], { maxNewTokens: 1 }), []);
  });
});

tensorTest("Generator frees its caches where its caller stops", () => {
  const config = tinyConfig("qwen2", { eosTokenIds: END_TOKENS });
  withGenerator(config, (generator) => {
    const prompts = randomPrompts(config, { count: 9, maxLength: 9, seed: 4 });
    const options = { maxNewTokens: 30, batchSize: 4 };
    for (const ended of generator.generateInTurns(prompts, options)) {
      assert(ended < 9);
      break;
    }
  });
});

tensorTest(
  "Generator gives the slot of a row that has ended to the next",
  () => {
    const config = tinyConfig("qwen2");
    withGenerator(config, (generator, model) => {
      // Every eighth prompt goes on for 40 tokens, the others end after one.
      const [prompt] = randomPrompts(config, {
        count: 1,
        maxLength: 5,
        seed: 3,
      });
      const [{ ids: [first] }] = generator.generate([prompt], {
        maxNewTokens: 1,
      });
      const ending = { ...model, config: { ...config, eosTokenIds: [first] } };
      const other = randomPrompts(config, { count: 40, maxLength: 5, seed: 8 })
        .find((long) =>
          long.length === prompt.length &&
          !generator.generate([long], { maxNewTokens: 40 })[0].ids
            .includes(first)
        )!;
      const prompts = Array.from(
        { length: 32 },
        (_, i) => i % 8 === 0 ? other : prompt,
      );
      const slots = new Generator(ending, "never");
      const { memory, order } = memoryThatSeesStarts();
      const options = { maxNewTokens: 40, batchSize: 8, memory };
      const results = slots.generate(prompts, options);
      slots.dispose();
      assertEquals(
        results.map(({ ids }) => ids.length),
        prompts.map((ids) => ids === other ? 40 : 1),
      );
      // Prompt 8 does not wait for prompt 0: it has the slot of a short one.
      assertEquals(order.get(0), 0);
      assert(order.get(8)! > 0);
      assertEquals([...order.keys()], prompts.map((_, i) => i));
    });
  },
);

tensorTest("Generator starts prompts of about a length together", () => {
  const config = tinyConfig("qwen2");
  withGenerator(config, (generator) => {
    const draw = seededRandom("lengths");
    const prompts = [5, 90, 2, 70, 5, 1, 80]
      .map((length) =>
        Array.from({ length }, () => Math.floor(draw() * config.vocabSize))
      );
    const { memory, order } = memoryThatSeesStarts();
    const options = { maxNewTokens: 3, batchSize: 2, memory };
    const together = generator.generate(prompts, options);
    assertEquals([...order.keys()], [1, 6, 3, 0, 4, 2, 5]);
    const alone = prompts.map((prompt) =>
      generator.generate([prompt], { maxNewTokens: 3 })[0]
    );
    assertEquals(together, alone);
  });
});

Deno.test("plainItems() are the pending tokens at their shifted positions", () => {
  const row: GenerationRow = {
    index: 0,
    prompt: 0,
    tokens: [5, 6, 7, 8],
    promptLength: 2,
    ran: 2,
    shift: 3,
    augmentation: [],
    memoryRandom: seededRandom("row"),
  };
  assertEquals(plainItems(row), [
    { value: 7, position: 5, kind: KIND.text },
    { value: 8, position: 6, kind: KIND.text },
  ]);
});

/** Prompts and options, and the rule that they break. */
const REFUSED: readonly (readonly [number[][], GenerateOptions, string])[] = [
  [
    [[1], []],
    { maxNewTokens: 1 },
    "prompt 1 must hold a token: current value is []",
  ],
  [
    [[1, 40]],
    { maxNewTokens: 1 },
    "prompt 0 must hold tokens from 0 to 39: current value is 40",
  ],
  [
    [[1, -1]],
    { maxNewTokens: 1 },
    "prompt 0 must hold tokens from 0 to 39: current value is -1",
  ],
  [
    [[1.5]],
    { maxNewTokens: 1 },
    "prompt 0 must hold tokens from 0 to 39: current value is 1.5",
  ],
  [
    [[1, 2, 3]],
    { maxNewTokens: 254 },
    "prompt 0 must fit into 256 positions with its memory and continuation: current value is 257",
  ],
  [
    [[1]],
    { maxNewTokens: 0 },
    "'maxNewTokens' must be a positive integer: current value is 0",
  ],
  [
    [[1]],
    { maxNewTokens: 1, batchSize: 1.5 },
    "'batchSize' must be a positive integer: current value is 1.5",
  ],
  [
    [[1]],
    { maxNewTokens: 1, temperature: -0.1 },
    "'temperature' must be a number of at least 0: current value is -0.1",
  ],
  [
    [[1]],
    { maxNewTokens: 1, temperature: NaN },
    "'temperature' must be a number of at least 0: current value is NaN",
  ],
  [
    [[1]],
    { maxNewTokens: 1, temperature: Infinity },
    "'temperature' must be a number of at least 0: current value is Infinity",
  ],
];

tensorTest(
  "Generator refuses bad prompts and options before any work",
  () =>
    withGenerator(tinyConfig("qwen2"), (generator) => {
      for (const [prompts, options, message] of REFUSED) {
        assertThrows(
          () => generator.generate(prompts, options),
          RangeError,
          `Cannot generate as ${message}`,
        );
      }
      const onlyJust = generator.generate([[1, 2, 3]], { maxNewTokens: 253 });
      assertEquals(onlyJust[0].ids.length, 253);
    }),
);

Deno.test("requirePrompt() calls a prompt by its name", () => {
  assertThrows(
    () =>
      requirePrompt(tinyConfig("qwen2"), [], {
        name: "p.jsonl line 3",
        maxNewTokens: 1,
        maxLatents: 0,
      }),
    RangeError,
    "Cannot generate as p.jsonl line 3 must hold a token: current value is []",
  );
});

/** No memory, but the slot of each prompt in the order in which they start. */
function memoryThatSeesStarts(): {
  readonly memory: Memory;
  readonly order: Map<number, number>;
} {
  const order = new Map<number, number>();
  const memory: Memory = {
    maxLatents: 0,
    open: () => ({
      isCandidate: ({ index, prompt, tokens, promptLength }) => {
        if (tokens.length === promptLength) order.set(prompt, index);
        return false;
      },
      write: () => [],
      startTurn: () => {},
      clear: () => {},
      dispose: () => {},
    }),
  };
  return { memory, order };
}
