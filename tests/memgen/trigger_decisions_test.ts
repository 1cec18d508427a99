import "@/tests/backend.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  INSERTIONS,
  learnedPlaces,
  MemgenMemory,
  type MemgenModules,
  packTrigger,
  type SupervisedRow,
  TRIGGER_READS,
  triggerLogits,
  triggerLogProbs,
  triggerLora,
  triggerRow,
} from "@/lib/memgen/mod.ts";
import {
  type Generation,
  type Item,
  KIND,
  type Model,
  NOT_ASKED,
} from "@/lib/models/mod.ts";
import { recording, withMemgen } from "@/tests/memgen/full_pass.ts";
import { assertGradients } from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, tensorTest, wholePass } from "@/tests/models/tiny.ts";

/** float32, through a cache or not. */
const ROUNDING = 1e-4;
const SHAPE = { rows: 5, length: 36, targets: 64, prompt: 10, segment: 34 };

/** A row as it was generated, with its latents in order. */
interface MadeRow extends Generation {
  readonly promptIds: readonly number[];
  readonly latents: readonly Float32Array[];
}

/** Runs `use` with rows whose decisions were sampled. */
function withRows(
  changes: Parameters<typeof withMemgen>[0],
  use: (model: Model, modules: MemgenModules, rows: MadeRow[]) => void,
): void {
  withMemgen(
    { maxInferenceAugmentations: 3, triggerActive: true, ...changes },
    ({ model, modules, prompts, generate }) => {
      const memory = new MemgenMemory(model, modules, {
        functions: "never",
        sampleDecisions: { temperature: 1 },
      });
      const latents: Float32Array[][] = [];
      const made = generate(
        { memory: recording(memory, latents), temperature: 1, seed: 3 },
        3,
      );
      memory.dispose();
      const rows = made.map((row, i) => ({
        ...row,
        promptIds: prompts[i],
        latents: latents[i],
      }));
      const decisions = rows.flatMap(({ augmentation }) => augmentation);
      assert(decisions.includes(0) && decisions.includes(1));
      use(model, modules, rows);
    },
  );
}

/** What the trigger has read before it decides on new token `at`. */
function readBefore(
  { config }: MemgenModules,
  { promptIds, ids, augmentation, latents }: MadeRow,
  at: number,
): Item[] {
  const items: Item[] = [];
  let [shift, used] = [0, 0];
  const tokens = [...promptIds, ...ids];
  for (let t = 0; t < promptIds.length + at; t++) {
    const place = t - promptIds.length;
    if (config.triggerReads === "context" && augmentation[place] === 1) {
      const K = place === 0 ? config.promptLatents : config.inferenceLatents;
      const isPrepended = config.insertion === "prepend";
      for (let k = 0; k < K; k++) {
        items.push({
          value: latents[used++],
          position: isPrepended ? k - K : t + shift + k,
          kind: isPrepended ? KIND.memory : KIND.text,
        });
      }
      if (!isPrepended) shift += K;
    }
    items.push({ value: tokens[t], position: t + shift, kind: KIND.text });
  }
  return items;
}

/** Log-probabilities of all decisions, each by a pass of its own. */
function decisionLogProbs(
  { config, weights }: Model,
  modules: MemgenModules,
  row: MadeRow,
): number[] {
  const lora = triggerLora(modules.trigger, modules.config);
  return row.augmentation.flatMap((decision, at) => {
    if (decision === NOT_ASKED) return [];
    const items = readBefore(modules, row, at);
    const hidden = wholePass(config, { weights, lora }, items)
      .slice(-config.hiddenSize);
    const [skip, invoke] = tf.tidy(() =>
      triggerLogits(
        modules.trigger,
        tf.tensor2d([...hidden], [1, hidden.length]),
      )
        .dataSync()
    );
    const margin = decision === 1 ? invoke - skip : skip - invoke;
    return [-Math.log1p(Math.exp(-margin))];
  });
}

function logProbs(
  model: Model,
  modules: MemgenModules,
  rows: readonly SupervisedRow[],
  shape: typeof SHAPE = SHAPE,
): Float32Array {
  return tf.tidy(() => {
    const batch = packTrigger(rows, shape, modules.config);
    const count = rows.flatMap(learnedPlaces).length;
    return triggerLogProbs(model, modules, modules.trigger, batch)
      .slice([0], [count]).dataSync<"float32">();
  });
}

for (const triggerReads of TRIGGER_READS) {
  for (const insertion of INSERTIONS) {
    tensorTest(
      `triggerLogProbs(), ${triggerReads}, ${insertion}: one pass gives what generation decided with`,
      () =>
        withRows(
          {
            triggerReads,
            insertion,
            triggerHead: triggerReads === "text" ? "softmax" : "sigmoid",
          },
          (model, modules, made) => {
            const rows = made.map(triggerRow);
            const expected = made.flatMap((row) =>
              decisionLogProbs(model, modules, row)
            );
            assertClose(logProbs(model, modules, rows), expected, ROUNDING);
          },
        ),
    );

    tensorTest(
      `triggerLogProbs(), ${triggerReads}, ${insertion}: neither neighbours nor padding matter`,
      () =>
        withRows({ triggerReads, insertion }, (model, modules, made) => {
          const rows = made.map(triggerRow);
          const alone = rows.flatMap((row) => [
            ...logProbs(model, modules, [row], {
              ...SHAPE,
              rows: 2,
              length: 40,
              targets: 21,
            }),
          ]);
          assertClose(logProbs(model, modules, rows), alone, ROUNDING);
        }),
    );

    tensorTest(
      `triggerLogProbs(), ${triggerReads}, ${insertion}: gradients are the slopes`,
      () =>
        withRows(
          { triggerReads, insertion, seed: 2 },
          (model, modules, made) =>
            tf.tidy(() => {
              const rows = made.map(triggerRow);
              const batch = packTrigger(rows, SHAPE, modules.config);
              assertGradients(
                (trigger) =>
                  triggerLogProbs(model, modules, trigger, batch)
                    .mul(batch.targets.weights).mean() as tf.Scalar,
                modules.trigger,
              );
            }),
        ),
    );
  }
}

Deno.test("triggerRow() labels decisions, and nothing else", () => {
  const row = triggerRow({
    promptIds: [7, 8],
    ids: [1, 2, 3, 4],
    augmentation: [0, NOT_ASKED, 1, NOT_ASKED],
  });
  assertEquals(row, {
    ids: [7, 8, 1, 2, 3, 4],
    labels: [-100, -100, 0, -100, 1, -100],
    points: [0, 4],
  });
});

Deno.test("packTrigger() refuses bad input", () =>
  withRows({}, (_, modules, made) => {
    const rows = made.map(triggerRow);
    const silent = rows.map((row) => ({
      ...row,
      labels: row.labels.map(() => -100),
    }));
    for (
      const [bad, message] of [
        [[...rows, ...rows], "it may hold at most 5 rows"],
        [silent, "it must hold 1 to 64 supervised tokens"],
      ] as const
    ) {
      assertThrows(
        () => packTrigger(bad, SHAPE, modules.config),
        RangeError,
        message,
      );
    }
  }));
