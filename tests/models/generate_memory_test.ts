import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type GenerateOptions,
  type Generation,
  type GenerationRow,
  type Item,
  KIND,
  logits,
  type Model,
  NOT_ASKED,
  plainItems,
} from "@/lib/models/mod.ts";
import {
  assertBatchesAgree,
  END_TOKENS,
  SOME,
  withGenerator,
} from "./generator.ts";
import { randomPrompts, tensorTest, tinyConfig, wholePass } from "./tiny.ts";

/** A vector that the stub of a memory inserts. */
const LATENT = Float32Array.from({ length: 16 }, (_, i) => Math.sin(7 * i));

/** Whether the stub is asked after this token. */
function isDelimiter(token: number): boolean {
  return token % 5 === 0;
}

/** Whether it appends a latent where it is asked. */
function isInvoked(token: number): boolean {
  return token % 3 !== 0;
}

/** A memory that is asked at the prompt's end and after delimiters. */
function stubMemory(calls: number[][] = []): GenerateOptions["memory"] {
  return {
    maxLatents: 40,
    open: () => ({
      isCandidate: ({ tokens, promptLength }: GenerationRow) =>
        tokens.length === promptLength || isDelimiter(tokens.at(-1)!),
      write: (rows) => {
        calls.push(rows.map(({ index }) => index));
        return rows.map((row) => {
          const items = plainItems(row);
          if (!isInvoked(row.tokens.at(-1)!)) return { items, decision: 0 };
          const position = row.tokens.length + row.shift++;
          const latent = { value: LATENT, position, kind: KIND.text };
          return { items: [...items, latent], decision: 1 };
        });
      },
      startTurn: () => {},
      clear: () => {},
      dispose: () => {},
    }),
  };
}

/** What the stub's memory makes of a prompt, by full passes. */
function continueWithStub(
  { config, weights }: Model,
  prompt: readonly number[],
  maxNewTokens: number,
): Generation {
  const tokens = [...prompt];
  const items: Item[] = prompt.map((value, position) => ({
    value,
    position,
    kind: KIND.text,
  }));
  const augmentation: number[] = [];
  while (augmentation.length < maxNewTokens) {
    const last = tokens.at(-1)!;
    const isAsked = augmentation.length === 0 || isDelimiter(last);
    if (isAsked && isInvoked(last)) {
      items.push({ value: LATENT, position: items.length, kind: KIND.text });
    }
    augmentation.push(isAsked ? Number(isInvoked(last)) : NOT_ASKED);
    const value = tf.tidy(() => {
      const hidden = wholePass(config, { weights }, items)
        .slice(-config.hiddenSize);
      const scores = logits(config, weights, tf.tensor2d([...hidden], [1, 16]));
      return tf.argMax(scores, -1).dataSync()[0];
    });
    tokens.push(value);
    items.push({ value, position: items.length, kind: KIND.text });
    if (config.eosTokenIds.includes(value)) break;
  }
  return { ids: tokens.slice(prompt.length), augmentation };
}

tensorTest(
  "Generator with memory equals full passes with the latents in their places",
  () => {
    const config = tinyConfig("qwen2", { eosTokenIds: END_TOKENS });
    withGenerator(config, (generator, model) => {
      const prompts = randomPrompts(config, SOME);
      const results = generator.generate(prompts, {
        maxNewTokens: 20,
        memory: stubMemory(),
      });
      assertEquals(
        results,
        prompts.map((prompt) => continueWithStub(model, prompt, 20)),
      );
      const decisions = new Set(results.flatMap((row) => row.augmentation));
      assertEquals([...decisions].sort(), [NOT_ASKED, 0, 1]);
    });
  },
);

tensorTest(
  "Generator with memory: a row never depends on its neighbours",
  () => {
    const config = tinyConfig("qwen2", { eosTokenIds: END_TOKENS });
    withGenerator(config, (generator) => {
      const memory = stubMemory();
      for (const temperature of [0, 1]) {
        const sizes = temperature === 0 ? [3, 40] : [32];
        const options = { temperature, memory, sizes };
        assertBatchesAgree(config, generator, options);
      }
    });
  },
);

tensorTest(
  "Generator with memory: the prompts come first, in full blocks",
  () => {
    const config = tinyConfig("qwen2");
    withGenerator(config, (generator) => {
      const prompts = randomPrompts(config, {
        count: 40,
        maxLength: 9,
        seed: 7,
      });
      const calls: number[][] = [];
      generator.generate(prompts, {
        maxNewTokens: 8,
        batchSize: 40,
        memory: stubMemory(calls),
      });
      assertEquals(calls.slice(0, 2).map((rows) => rows.length), [16, 16]);
      assertEquals(calls.slice(0, 3).flat(), prompts.map((_, i) => i));
    });
  },
);

tensorTest(
  "Generator with memory refuses a prompt without room for the latents",
  () => {
    withGenerator(tinyConfig("qwen2"), (generator) => {
      assertThrows(
        () =>
          generator.generate([[1, 2, 3]], {
            maxNewTokens: 220,
            memory: stubMemory(),
          }),
        RangeError,
        "Cannot generate as prompt 0 must fit into 256 positions with its memory and continuation: current value is 263",
      );
    });
  },
);
