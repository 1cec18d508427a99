/** The base model against lm.json, lm.safetensors and the adapter's logits. */
import { join } from "node:path";
import type * as tf from "@tensorflow/tfjs";
import {
  decodePadded,
  Generator,
  type HostTensor,
  loadLora,
  logits,
  type Model,
  openSafetensors,
  type PaddedInput,
  type TensorReader,
  toHost,
  toTensor,
} from "@/lib/models/mod.ts";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import {
  type CaseResult,
  compareItems,
  compareTensors,
  type Comparison,
  toLists,
} from "@/tasks/parity/comparison.ts";
import { EXPECTED_LANGUAGE } from "@/tasks/parity/expected_files.ts";
import { readJson } from "@/tasks/parity/json_reader.ts";

/** Share of the largest expected value by which ours may differ. */
const BOUND = 1e-4;
/** Positions, at the end of a row, whose logits are expected. */
const LAST_POSITIONS = 16;

/**
 * Case `lm`: tokenizer, chat template, hidden states, logits, greedy tokens,
 * in a batch and each row alone.
 *
 * @param folder The expected folder of the model.
 */
export function checkLanguageModel(model: Model, folder: string): CaseResult {
  const text = checkTokenizer(model, join(folder, "lm.json"));
  using expected = openSafetensors(join(folder, "lm.safetensors"));
  const greedy = checkGreedy(model, {
    ids: expected.read("input_ids"),
    mask: expected.read("attention_mask"),
    greedy: expected.read("greedy"),
  });
  return tidy(() => {
    const batch = readBatch(expected);
    const { config, weights } = model;
    const hidden = decodePadded(config, { weights }, batch);
    const scores = lastLogits(model, hidden);
    // What pads a row means nothing.
    const isToken = batch.attentionMask.toFloat().expandDims(-1);
    const compare = (
      name: string,
      found: tf.Tensor,
      wanted: tf.Tensor,
    ): Comparison => compareTensors(name, toHost(found), toHost(wanted), BOUND);
    return {
      values: {
        ...text.values,
        ...greedy.values,
        logits_last16: toLists(toHost(scores)),
        last_hidden: toLists(toHost(hidden.mul(isToken))),
      },
      comparisons: [
        ...text.comparisons,
        compare(
          "hidden_1, normed",
          decodePadded({ ...config, layers: 1 }, { weights }, batch)
            .mul(isToken),
          lastNorm(model, toTensor(expected.read("hidden_1"))).mul(isToken),
        ),
        compare(
          "last_hidden",
          hidden.mul(isToken),
          toTensor(expected.read("last_hidden")).mul(isToken),
        ),
        compare(
          "logits_last16",
          scores,
          toTensor(expected.read("logits_last16")),
        ),
        ...greedy.comparisons,
      ],
    };
  });
}

/** Case `adapter`: the logits with a LoRA adapter. */
export function checkAdapter(model: Model, folder: string): CaseResult {
  using inputs = openSafetensors(join(folder, "lm.safetensors"));
  using expected = openSafetensors(join(folder, "adapter_logits.safetensors"));
  const lora = loadLora(join(folder, "adapter"), model.config);
  const { config, weights } = model;
  const found = tidy(() => {
    const batch = readBatch(inputs);
    return lastLogits(model, decodePadded(config, { weights, lora }, batch));
  });
  const host = toHost(found);
  disposeTree([found, lora]);
  const wanted = expected.read("logits_last16");
  return {
    values: { logits_last16: toLists(host) },
    comparisons: [compareTensors("logits_last16", host, wanted, BOUND)],
  };
}

/** The norm that ends every pass, as it ends one of the first layer alone. */
function lastNorm({ config, weights }: Model, hidden: tf.Tensor): tf.Tensor {
  const meanSquare = hidden.square().mean(-1, true);
  return hidden.div(meanSquare.add(config.rmsNormEps).sqrt())
    .mul(weights["model.norm.weight"]);
}

/** Logits of the last positions, `[B, 16, V]`. */
function lastLogits(
  { config, weights }: Model,
  hidden: tf.Tensor3D,
): tf.Tensor3D {
  const [B, T, D] = hidden.shape;
  const last = hidden.slice([0, T - LAST_POSITIONS, 0], [-1, -1, -1]);
  const rows = last.reshape([B * LAST_POSITIONS, D]) as tf.Tensor2D;
  return logits(config, weights, rows)
    .reshape([B, LAST_POSITIONS, config.vocabSize]);
}

function readBatch(file: TensorReader): PaddedInput {
  return {
    ids: toTensor(file.read("input_ids")) as tf.Tensor2D,
    attentionMask: toTensor(file.read("attention_mask")) as tf.Tensor2D,
  };
}

function checkTokenizer({ tokenizer }: Model, path: string): CaseResult {
  const { texts, chat } = readJson(path, EXPECTED_LANGUAGE);
  const found = texts.map(({ text, ids }) => ({
    text,
    ids: tokenizer.encode(text),
    decoded: tokenizer.decode(ids),
  }));
  const rendered = tokenizer.applyChatTemplate(chat.messages, {
    addGenerationPrompt: true,
  });
  return {
    values: { texts: found, chat: { messages: chat.messages, rendered } },
    comparisons: [
      compareItems(
        "texts: ids",
        found.map(({ ids }) => `${ids}`),
        texts.map(({ ids }) => `${ids}`),
      ),
      compareItems(
        "texts: decoded",
        found.map(({ decoded }) => decoded),
        texts.map(({ decoded }) => decoded),
      ),
      compareItems("chat: rendered", [rendered], [chat.rendered]),
    ],
  };
}

/** Greedy tokens after each prompt, in one batch and each row alone. */
function checkGreedy(
  model: Model,
  expected: {
    readonly ids: HostTensor;
    readonly mask: HostTensor;
    readonly greedy: HostTensor;
  },
): CaseResult {
  const [B, T] = expected.ids.shape;
  const [, total] = expected.greedy.shape;
  const rowsOf = ({ data, shape }: HostTensor): number[][] =>
    Array.from(
      { length: B },
      (_, b) => Array.from(data.slice(b * shape[1], (b + 1) * shape[1])),
    );
  const ids = rowsOf(expected.ids);
  const prompts = rowsOf(expected.mask).map((mask, b) =>
    ids[b].filter((_, t) => mask[t] === 1)
  );
  const wanted = rowsOf(expected.greedy)
    .map((row) => untilEnd(model, row.slice(T)));
  const generator = new Generator(model, "never");
  const generate = (batchSize: number): number[][] =>
    generator.generate(prompts, { maxNewTokens: total - T, batchSize })
      .map((row) => row.ids);
  const found = generate(B);
  const alone = generate(1);
  generator.dispose();
  return {
    values: {
      input_ids: ids,
      greedy: found.map((row, b) => [...ids[b], ...row]),
    },
    comparisons: [
      compareItems("greedy", found.flat(), wanted.flat()),
      compareItems("greedy, each row alone", alone.flat(), wanted.flat()),
    ],
  };
}

/** Tokens up to the first that ends a text: what follows is padding. */
export function untilEnd(
  { config }: Pick<Model, "config">,
  ids: readonly number[],
): number[] {
  const end = ids.findIndex((id) => config.eosTokenIds.includes(id));
  return end < 0 ? [...ids] : ids.slice(0, end + 1);
}
