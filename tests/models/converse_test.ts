import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type ConversationOptions,
  converse,
  converseAnew,
} from "./conversation.ts";
import { END_TOKENS, withGenerator } from "./generator.ts";
import { randomPrompts, tensorTest, tinyConfig } from "./tiny.ts";

const CONFIG = tinyConfig("qwen2", { eosTokenIds: END_TOKENS });
const PROMPTS = randomPrompts(CONFIG, { count: 11, maxLength: 12, seed: 2 });
/** Some of them are read in pieces, one says nothing. */
const OBSERVATIONS = [
  ...randomPrompts(CONFIG, { count: 6, maxLength: 80, seed: 5 }),
  [],
];

/** Rows of one to three turns. */
function observe(prompt: number, turn: number): readonly number[] | undefined {
  return turn === prompt % 3
    ? undefined
    : OBSERVATIONS[(prompt + 3 * turn) % OBSERVATIONS.length];
}

for (const temperature of [0, 1]) {
  tensorTest(
    `Generator.converse(), temperature ${temperature}: rows go on as if all were read anew, in every batch`,
    () =>
      withGenerator(CONFIG, (generator) => {
        const options = { maxNewTokens: 12, temperature, observe };
        const anew = converseAnew(generator, PROMPTS, options);
        assertEquals(
          new Set(anew.map(({ length }) => length)),
          new Set([1, 2, 3]),
        );
        const lengths = anew.flat().map(({ ids }) => ids.length);
        assert(new Set(lengths).size > 2, "turns must end at different times");
        for (const batchSize of [3, 32]) {
          assertEquals(
            converse(generator, PROMPTS, { ...options, batchSize }),
            anew,
          );
        }
      }),
  );
}

tensorTest(
  "Generator.converse() asks for each turn once, and ends where nothing is answered",
  () =>
    withGenerator(CONFIG, (generator) => {
      const options = { maxNewTokens: 12, maxTurns: 1, maxLength: 24 };
      const prompts = PROMPTS.slice(0, 7);
      const ended = [
        ...generator.converse(prompts, { ...options, batchSize: 3 }),
      ].flat();
      assertEquals(ended.map(({ prompt }) => prompt).sort(), [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
      ]);
      const results = generator.generate(prompts, { maxNewTokens: 12 });
      for (const { prompt, ...generation } of ended) {
        assertEquals(generation, results[prompt]);
      }
      assertEquals([...generator.converse([], options)], []);
    }),
);

tensorTest(
  "Generator.converse() refuses what goes beyond its limits",
  () =>
    withGenerator(CONFIG, (generator) => {
      const refuse = (changes: Partial<ConversationOptions>, rule: string) =>
        assertThrows(
          () =>
            converse(generator, [[3, 4]], {
              maxNewTokens: 4,
              observe: () => [1, 2, 3],
              ...changes,
            }),
          RangeError,
          rule,
        );
      refuse(
        { maxTurns: 0 },
        "Cannot generate as 'maxTurns' must be a positive integer: current value is 0",
      );
      refuse(
        { maxLength: 2.5 },
        "Cannot generate as 'maxLength' must be a positive integer: current value is 2.5",
      );
      refuse(
        { maxLength: 8 },
        "Cannot continue row 0 as its cache holds at most 7 tokens and latents: current value is 9",
      );
      refuse(
        { maxLength: 5 },
        "Cannot generate as prompt 0 and 4 new tokens must fit into 5: current value is 6",
      );
    }),
);
