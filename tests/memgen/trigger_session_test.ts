import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  INSERTIONS,
  MemgenMemory,
  type MemgenModules,
  triggerLogits,
  triggerLora,
} from "@/lib/memgen/mod.ts";
import {
  causalMask,
  decode,
  embedInputs,
  type Generation,
  Generator,
  type Item,
  KIND,
  type Model,
  NOT_ASKED,
  visibility,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { recording, withMemgen } from "@/tests/memgen/full_pass.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

/** One row as it was generated, with its latents in order. */
interface MadeRow extends Generation {
  readonly prompt: readonly number[];
  readonly latents: readonly Float32Array[];
}

/**
 * What a trigger reads of a row: text, and where it reads latents, each block
 * after the token before it, so that this token has not seen it.
 */
function readings(
  { config }: MemgenModules,
  { prompt, ids, augmentation, latents }: MadeRow,
): Item[] {
  const items: Item[] = [];
  let [shift, used] = [0, 0];
  [...prompt, ...ids].forEach((value, t) => {
    const at = t - prompt.length;
    if (config.triggerReads === "context" && augmentation[at] === 1) {
      const K = at === 0 ? config.promptLatents : config.inferenceLatents;
      const isPrepended = config.insertion === "prepend";
      latents.slice(used, used + K).forEach((latent, k) =>
        items.push({
          value: latent,
          position: isPrepended ? k - K : t + shift + k,
          kind: isPrepended ? KIND.memory : KIND.text,
        })
      );
      used += K;
      if (!isPrepended) shift += K;
    }
    items.push({ value, position: t + shift, kind: KIND.text });
  });
  return items;
}

/** By how much INVOKE outscores SKIP before each new token, in one pass. */
function margins(model: Model, modules: MemgenModules, row: MadeRow): number[] {
  const { config, weights } = model;
  const items = readings(modules, row);
  const isText = items.map(({ value }) => typeof value === "number");
  const places = items.flatMap((_, i) => isText[i] ? [i] : []);
  return tf.tidy(() => {
    const vectors = items.flatMap(({ value }) =>
      typeof value === "number" ? [] : [...value]
    );
    let m = 0;
    const row2d = (values: readonly number[]): tf.Tensor2D =>
      tf.tensor2d([...values], [1, values.length], "int32");
    const kinds = row2d(items.map(({ kind }) => kind));
    const view = {
      weights,
      lora: triggerLora(modules.trigger, modules.config),
    };
    const { hidden } = decode(config, view, {
      embeddings: embedInputs(view, {
        ids: row2d(
          items.map(({ value }) => typeof value === "number" ? value : 0),
        ),
        vectors: tf.tensor3d(vectors, [
          1,
          vectors.length / config.hiddenSize,
          config.hiddenSize,
        ]),
        vectorIndex: row2d(isText.map((text) => text ? -1 : m++)),
      }),
      positions: row2d(items.map(({ position }) => position)),
      mask: causalMask(items.length).add(visibility(kinds, kinds)),
    });
    const scores = triggerLogits(
      modules.trigger,
      hidden.squeeze<tf.Tensor2D>([0]),
    ).arraySync();
    return row.ids.map((_, i) => {
      const [skip, invoke] = scores[places[row.prompt.length + i - 1]];
      return invoke - skip;
    });
  });
}

/** Generates, and hands over what each row got. */
function withRows(
  { seed, temperature, ...changes }: Parameters<typeof withMemgen>[0] & {
    readonly temperature?: number;
  },
  use: (made: {
    readonly model: Model;
    readonly modules: MemgenModules;
    readonly rows: readonly MadeRow[];
  }) => void,
): void {
  withMemgen({
    triggerActive: true,
    triggerReads: "context",
    maxInferenceAugmentations: 3,
    seed,
    ...changes,
  }, ({ model, modules, prompts }) => {
    const memory = new MemgenMemory(model, modules, {
      functions: "never",
      sampleDecisions: temperature === undefined ? undefined : { temperature },
    });
    const generator = new Generator(model, "never");
    const latents: Float32Array[][] = [];
    const results = generator.generate(prompts, {
      maxNewTokens: 24,
      temperature: 1,
      seed: 5,
      batchSize: 3,
      memory: recording(memory, latents),
    });
    generator.dispose();
    memory.dispose();
    const rows = results.map((result, i) => ({
      ...result,
      prompt: prompts[i],
      latents: latents[i],
    }));
    use({ model, modules, rows });
  });
}

for (const insertion of INSERTIONS) {
  tensorTest(
    `The trigger, ${insertion}, decides as in one pass over text and latents`,
    () =>
      withRows({ insertion }, ({ model, modules, rows }) => {
        const config = { ...modules.config, triggerReads: "text" } as const;
        let [sees, seen] = [0, 0];
        for (const row of rows) {
          const expected = margins(model, modules, row);
          const ofText = margins(model, { ...modules, config }, row);
          const first = row.augmentation.indexOf(1);
          row.augmentation.forEach((mark, i) => {
            if (mark !== NOT_ASKED) {
              assertEquals(mark, Number(expected[i] > 0));
              seen |= 1 << mark;
            }
            // Whoever decides on the first block has seen none.
            const difference = Math.abs(expected[i] - ofText[i]);
            if (first < 0 || i <= first) {
              assert(difference < 1e-4);
            } else {
              assert(difference > 1e-4);
              sees++;
            }
          });
        }
        assertEquals(seen, 3);
        assert(sees > 10);
      }),
  );

  tensorTest(
    `Sampled decisions, ${insertion}: INVOKE where the row's number is below the softmax`,
    () =>
      withRows({
        insertion,
        triggerHead: "sigmoid",
        temperature: 2,
      }, ({ model, modules, rows }) => {
        let unlikely = 0;
        rows.forEach((row, prompt) => {
          const random = seededRandom("memory", 5, prompt);
          const expected = margins(model, modules, row);
          row.augmentation.forEach((mark, i) => {
            if (mark === NOT_ASKED) return;
            const probability = 1 / (1 + Math.exp(-expected[i] / 2));
            assertEquals(mark, Number(random() < probability));
            unlikely += Number(mark !== Number(probability > 0.5));
          });
        });
        assert(unlikely > 0);
      }),
  );
}
