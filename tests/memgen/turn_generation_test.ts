import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  generatedPoints,
  INSERTIONS,
  joinTurns,
  type SupervisedRow,
} from "@/lib/memgen/mod.ts";
import type { GenerateOptions, Generation, Memory } from "@/lib/models/mod.ts";
import {
  type Fixture,
  recording,
  replay,
  withMemgen,
} from "@/tests/memgen/full_pass.ts";
import { converse, converseAnew } from "@/tests/models/conversation.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

/** What stands between the turns, a delimiter among it. */
const OBSERVATIONS = [[5, 24, 7], [8], [25, 26], [1, 2, 3, 4], [30], [24], [9]];

/** Three turns of every prompt. */
function observe(prompt: number, turn: number): readonly number[] | undefined {
  return turn === 2 ? undefined : OBSERVATIONS[prompt];
}

/** The turns of all prompts. */
function play(
  { generator, memory, prompts }: Pick<Fixture, "generator" | "prompts"> & {
    readonly memory: Memory;
  },
  options: Partial<GenerateOptions> = {},
): Generation[][] {
  return converse(generator, prompts, {
    maxNewTokens: 8,
    memory,
    observe,
    ...options,
  });
}

/** An episode as a row, and where its turns were generated. */
function rowOf(
  { prompts, modules }: Fixture,
  turns: readonly Generation[],
  number: number,
): { row: SupervisedRow; starts: readonly number[] } {
  const text = [...prompts[number]];
  const starts: number[] = [];
  const rows = turns.map(({ ids, augmentation }, turn) => {
    starts.push(text.length);
    text.push(...ids);
    const row = {
      ids: [...text],
      labels: [...text],
      points: generatedPoints(starts[turn], augmentation),
    };
    text.push(...OBSERVATIONS[number]);
    return row;
  });
  const [row] = joinTurns(rows, modules.config);
  return { row, starts };
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
  const name = Object.values(setting).join(", ");

  tensorTest(
    `Turns, ${name}: memory of earlier turns stays in view, as in one full pass`,
    () =>
      withMemgen(
        { memoryScope: "episode", prompts: 3, ...setting },
        (fixture) => {
          const blocks = play(fixture).map((turns, number) =>
            tf.tidy(() => {
              const { row, starts } = rowOf(fixture, turns, number);
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

  tensorTest(
    `Turns, ${name}: no turn sees the memory of earlier ones, as if all were read anew`,
    () =>
      withMemgen(
        { memoryScope: "turn", prompts: 3, ...setting },
        (fixture) => {
          const { generator, memory, prompts } = fixture;
          const sampled = { maxNewTokens: 8, temperature: 1 };
          const turns = play(fixture, sampled);
          const options = { ...sampled, memory, observe };
          assertEquals(turns, converseAnew(generator, prompts, options));
          const counts = turns.flat().map(({ augmentation }) =>
            augmentation.filter((decision) => decision === 1).length
          );
          assert(Math.max(...counts) > 1, `${counts}`);
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
    () => {
      const [turns, latents] = [new Map<string, Generation[][]>(), new Map()];
      for (const memoryScope of ["turn", "episode"] as const) {
        withMemgen({ insertion, memoryScope, prompts: 5 }, (fixture) => {
          const inserted: Float32Array[][] = [];
          const memory = recording(fixture.memory, inserted);
          turns.set(memoryScope, play({ ...fixture, memory }));
          latents.set(memoryScope, inserted.map(({ length }) => length));
        });
      }
      const [alone, all] = [turns.get("turn")!, turns.get("episode")!];
      // The first turn is the same: it sees its own memory.
      assertEquals(all.map(([first]) => first), alone.map(([first]) => first));
      const changed = all.filter((each, i) =>
        JSON.stringify(each) !== JSON.stringify(alone[i])
      );
      assert(changed.length > 1, `${changed.length}`);
      // Each turn has its own allowance of memory.
      for (const counts of latents.values()) {
        assert(counts.every((count: number) => count >= 6), `${counts}`);
      }
    },
  );
}
