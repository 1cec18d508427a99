import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { LatentRecorder, meanLatent } from "@/lib/analysis/mod.ts";
import { INSERTIONS, MemgenMemory } from "@/lib/memgen/mod.ts";
import {
  type GenerationRow,
  type Item,
  KIND,
  type Memory,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { withMemgen } from "@/tests/memgen/full_pass.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

/** A row with a prompt of three tokens and `generated` more. */
function rowAt(index: number, generated: number): GenerationRow {
  return {
    index,
    prompt: index,
    tokens: Array(3 + generated).fill(7),
    promptLength: 3,
    ran: 0,
    shift: 0,
    augmentation: [],
    memoryRandom: seededRandom("row", index),
  };
}

Deno.test("LatentRecorder keeps insertions with their prompt and place, and skips none", () => {
  const token: Item = { value: 7, position: 0, kind: KIND.text };
  const latents = [Float32Array.of(1, 2), Float32Array.of(3, 4)];
  const [first, second] = latents
    .map((value): Item => ({ value, position: -1, kind: KIND.memory }));
  const done: string[] = [];
  // Writes two latents into even rows, nothing into odd ones.
  const memory: Memory = {
    maxLatents: 5,
    staysInView: true,
    open: ({ rows }) => ({
      isCandidate: ({ index }) => index === 0,
      write: (due) =>
        due.map(({ index }) =>
          index % 2 === 0
            ? { items: [token, first, second, token], decision: 1 }
            : { items: [token], decision: 0 }
        ),
      startTurn: ({ index }, kept) => done.push(`turn of ${index}, ${kept}`),
      clear: ({ index }) => done.push(`cleared ${index}`),
      dispose: () => done.push(`batch of ${rows}`),
    }),
  };
  const recorder = new LatentRecorder(memory);
  assertEquals([recorder.maxLatents, recorder.staysInView], [5, true]);

  const batch = recorder.open({ rows: 4, capacity: 16 });
  const asked = [0, 1, 2].map((row) => batch.isCandidate(rowAt(row, 0)));
  assertEquals(asked, [true, false, false]);
  const written = batch.write([rowAt(0, 0), rowAt(1, 0), rowAt(2, 0)]);
  assertEquals(written.map(({ decision }) => decision), [1, 0, 1]);
  assertEquals(written[0].items, [token, first, second, token]);
  batch.write([rowAt(2, 6)]);
  batch.startTurn(rowAt(1, 4), 6);
  // Slot 0 goes to another prompt, number 3.
  batch.clear(rowAt(0, 9));
  batch.isCandidate({ ...rowAt(0, 0), prompt: 3 });
  batch.write([{ ...rowAt(0, 1), prompt: 3 }]);
  batch.dispose();
  // The first call had four prompts, so this one begins with number 4.
  const next = recorder.open({ rows: 2, capacity: 16 });
  next.isCandidate(rowAt(0, 0));
  next.write([rowAt(0, 2)]);
  next.dispose();

  assertEquals(recorder.insertions, [
    { prompt: 0, at: 0, latents },
    { prompt: 2, at: 0, latents },
    { prompt: 2, at: 6, latents },
    { prompt: 3, at: 1, latents },
    { prompt: 4, at: 2, latents },
  ]);
  assertEquals(done, ["turn of 1, 6", "cleared 0", "batch of 4", "batch of 2"]);
});

for (const insertion of INSERTIONS) {
  tensorTest(
    `LatentRecorder, ${insertion}: a generation has the insertions that it marks`,
    () =>
      withMemgen(
        { insertion, maxInferenceAugmentations: 3 },
        ({ model, modules, prompts, generate }) => {
          const memory = new MemgenMemory(model, modules, {
            functions: "never",
          });
          const recorder = new LatentRecorder(memory);
          // Seven prompts take turns in three slots.
          const results = generate({ batchSize: 3, memory: recorder });
          memory.dispose();
          assertEquals(results, generate({ batchSize: 3 }));
          const marks = results.flatMap(({ augmentation }, prompt) =>
            augmentation.flatMap((mark, at) => mark === 1 ? [[prompt, at]] : [])
          );
          assert(
            marks.length > prompts.length,
            "some must be after delimiters",
          );
          const found = recorder.insertions
            .map(({ prompt, at }) => [prompt, at])
            .sort(([a, b], [c, d]) => a - c || b - d);
          assertEquals(found, marks);
          // Two latents at a prompt's end, three after a delimiter.
          for (const { at, latents } of recorder.insertions) {
            assertEquals(latents.length, at === 0 ? 2 : 3);
            assert(
              latents.every(({ length }) => length === model.config.hiddenSize),
            );
          }
        },
      ),
  );
}

Deno.test("meanLatent() is the mean in each dimension", () => {
  const latents = [Float32Array.of(1, -2, 0), Float32Array.of(4, 2, 0.5)];
  assertEquals(meanLatent(latents), Float32Array.of(2.5, 0, 0.25));
  assertThrows(
    () => meanLatent([]),
    RangeError,
    "Cannot take the mean latent as there must be at least one: current value is 0",
  );
});
