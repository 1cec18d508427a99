import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  generatedPoints,
  INSERTIONS,
  joinTurns,
  type SupervisedRow,
} from "@/lib/memgen/mod.ts";
import {
  countLatents,
  type Generation,
  type MemoryBlock,
} from "@/lib/models/mod.ts";
import { type Fixture, replay, withMemgen } from "@/tests/memgen/full_pass.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

/** What stands between the turns, a delimiter among it. */
const OBSERVATIONS = [[5, 24, 7], [8], [25, 26], [1, 2, 3, 4], [30], [24], [9]];

/** An episode of three turns, as its row and what was generated. */
interface Played {
  readonly turns: readonly Generation[];
  readonly row: SupervisedRow;
  readonly starts: readonly number[];
}

/** Three turns of every prompt, with the memory of earlier ones in view. */
function play(
  { prompts, modules, generate }: Fixture,
  options: { batchSize?: number; temperature?: number } = {},
): Played[] {
  const blocks = prompts.map((): MemoryBlock[] => []);
  const texts = prompts.map((prompt) => [...prompt]);
  const turns = prompts.map((): Generation[] => []);
  const starts = prompts.map((): number[] => []);
  for (let turn = 0; turn < 3; turn++) {
    texts.forEach((text, i) => starts[i].push(text.length));
    const results = generate(
      { maxNewTokens: 8, blocks, ...options },
      texts,
    );
    results.forEach((result, i) => {
      turns[i].push(result);
      texts[i].push(...result.ids, ...(turn < 2 ? OBSERVATIONS[i] : []));
    });
  }
  return prompts.map((_, i) => {
    const rows = turns[i].map((turn, number) => {
      const end = starts[i][number] + turn.ids.length;
      return {
        ids: texts[i].slice(0, end),
        labels: texts[i].slice(0, end),
        points: generatedPoints(starts[i][number], turn.augmentation),
      };
    });
    const [row] = joinTurns(rows, modules.config);
    return { turns: turns[i], row, starts: starts[i] };
  });
}

/** Latents are read in different places. */
const SETTINGS = [
  { insertion: "append" },
  { insertion: "append", triggerActive: true, triggerReads: "context" },
  { insertion: "append", weaverReads: "hidden" },
  { insertion: "prepend", triggerActive: true, triggerReads: "context" },
  { insertion: "prepend", weaverReads: "hidden" },
] as const;

for (const setting of SETTINGS) {
  tensorTest(
    `Turns, ${
      Object.values(setting).join(", ")
    }: memory of earlier turns stays in view, as in one full pass`,
    () =>
      withMemgen(
        { memoryScope: "episode", prompts: 3, ...setting },
        (fixture) => {
          const blocks = play(fixture).map(({ turns, row, starts }) =>
            tf.tidy(() => {
              const { best } = replay(fixture.model, fixture.modules, row);
              turns.forEach(({ ids }, turn) => {
                const start = starts[turn] - 1;
                const expected = best.slice(start, start + ids.length);
                assertEquals(ids, [...expected], `turn ${turn}`);
              });
              return row.points.filter((point) => point > 0).length;
            })
          );
          assert(Math.max(...blocks) >= 3, `${blocks}`);
        },
      ),
  );
}

tensorTest("Turns: a row is the same in every batch", () =>
  withMemgen({
    insertion: "prepend",
    memoryScope: "episode",
    triggerActive: true,
    prompts: 3,
  }, (fixture) => {
    const options = { temperature: 1 };
    const all = play(fixture, options);
    assertEquals(play(fixture, { ...options, batchSize: 2 }), all);
  }));

for (const insertion of INSERTIONS) {
  tensorTest(
    `Turns, ${insertion}: earlier memory changes what is generated`,
    () =>
      withMemgen({ insertion, prompts: 5 }, ({ prompts, generate }) => {
        const blocks = prompts.map((): MemoryBlock[] => []);
        const first = generate({ blocks, maxNewTokens: 8 });
        const texts = first.map(({ ids }, i) => [...prompts[i], ...ids]);
        const anew = generate({ maxNewTokens: 8 }, texts);
        const counts = blocks.map(countLatents);
        assert(counts.every((count) => count >= 2), `${counts}`);
        const after = generate({ blocks, maxNewTokens: 8 }, texts);
        const changed = after.filter(({ ids }, i) =>
          `${ids}` !== `${anew[i].ids}`
        );
        assert(changed.length > 1, `${changed.length}`);
        // The blocks of the new turn were added.
        blocks.forEach((each, i) =>
          assert(countLatents(each) > counts[i], `${i}`)
        );
      }),
  );
}

tensorTest(
  "Turns: latents of earlier turns need positions, too",
  () =>
    withMemgen({}, ({ model, generate }) => {
      const blocks: MemoryBlock[][] = [[]];
      generate({ blocks, maxNewTokens: 8 }, [[1, 2, 3]]);
      const latents = countLatents(blocks[0]);
      // 3 tokens, these latents and up to 2 + 2 x 3 more.
      const maxNewTokens = model.config.maxPositions - 3 - 8 - latents;
      assertThrows(
        () => generate({ blocks, maxNewTokens: maxNewTokens + 1 }, [[1, 2, 3]]),
        RangeError,
        "must fit into 256 positions with its memory and continuation: current value is 257",
      );
    }),
);
