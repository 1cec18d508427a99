/** The files of a parity folder (see tests/parity/README.md), checked. */
import { join } from "node:path";
import {
  type ChatMessage,
  type Model,
  openSafetensors,
  type SafetensorsReader,
} from "@/lib/models/mod.ts";
import {
  disposeMemgen,
  loadMemgen,
  type MemgenModules,
} from "@/lib/memgen/mod.ts";
import {
  boolean,
  integer,
  listOf,
  number,
  objectOf,
  oneOf,
  type Reader,
  readJson,
  recordOf,
  text,
} from "@/tasks/parity/json_reader.ts";

/** lm.json. */
export interface ExpectedLanguage {
  /** Texts with their token ids and decoded text. */
  readonly texts: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly decoded: string;
  }[];
  /** A chat with its rendering. */
  readonly chat: {
    readonly messages: readonly ChatMessage[];
    readonly rendered: string;
  };
}

/** What was generated after one prompt. */
export interface ExpectedGeneration {
  /** Text of the prompt. */
  readonly prompt: string;
  /** Its tokens. */
  readonly promptIds: readonly number[];
  /** New tokens. */
  readonly ids: readonly number[];
  /** -100 not asked, 0 skipped, 1 inserted before that token. */
  readonly augmentation: readonly number[];
}

/** expected.json of a MemGen case. */
export interface ExpectedMemgen {
  /** K at the prompt's end. */
  readonly promptLatentsLen: number;
  /** K after a delimiter. */
  readonly inferenceLatentsLen: number;
  /** Insertions after delimiters, at most. */
  readonly maxInferenceAugNum: number;
  /** Whether the trigger decides. */
  readonly triggerActive: boolean;
  /** Prompts one by one. */
  readonly generateSingle: readonly ExpectedGeneration[];
  /** Prompts as one left-padded batch. */
  readonly generateBatch: {
    readonly inputIds: readonly (readonly number[])[];
    readonly attentionMask: readonly (readonly number[])[];
    readonly ids: readonly (readonly number[])[];
    readonly augmentation: readonly (readonly number[])[];
  };
  /** Loss of the first batch. */
  readonly sftLoss: number;
  /** Insertion points of its rows. */
  readonly sftAugmentationPoints: readonly (readonly number[])[];
  /** Norm of the gradient of each trainable tensor. */
  readonly sftGradNorms: Readonly<Record<string, number>>;
  /** Numbers that are trained. */
  readonly trainableParameters: number;
  /** A short training run. */
  readonly sftRun: {
    readonly lr: number;
    readonly warmupSteps: number;
    readonly totalSteps: number;
    readonly maxGradNorm: number;
    readonly batch: number;
    readonly steps: readonly {
      readonly loss: number;
      readonly gradNorm: number;
      readonly lr: number;
    }[];
    readonly rows: readonly {
      readonly question: string;
      readonly answer: string;
    }[];
  };
}

const role = oneOf(["system", "user", "assistant", "tool"]);
const ids = listOf(integer);

/** Form of lm.json. */
export const EXPECTED_LANGUAGE: Reader<ExpectedLanguage> = objectOf({
  texts: listOf(objectOf({ text, ids, decoded: text })),
  chat: objectOf({
    messages: listOf(objectOf({ role, content: text })),
    rendered: text,
  }),
});

/** Form of a MemGen case's expected.json. */
export const EXPECTED_MEMGEN: Reader<ExpectedMemgen> = objectOf({
  promptLatentsLen: integer,
  inferenceLatentsLen: integer,
  maxInferenceAugNum: integer,
  triggerActive: boolean,
  generateSingle: listOf(
    objectOf({ prompt: text, promptIds: ids, ids, augmentation: ids }),
  ),
  generateBatch: objectOf({
    inputIds: listOf(ids),
    attentionMask: listOf(ids),
    ids: listOf(ids),
    augmentation: listOf(ids),
  }),
  sftLoss: number,
  sftAugmentationPoints: listOf(ids),
  sftGradNorms: recordOf(number),
  trainableParameters: integer,
  sftRun: objectOf({
    lr: number,
    warmupSteps: integer,
    totalSteps: integer,
    maxGradNorm: number,
    batch: integer,
    steps: listOf(objectOf({ loss: number, gradNorm: number, lr: number })),
    rows: listOf(objectOf({ question: text, answer: text })),
  }),
});

/** A MemGen case with its checkpoint; dispose of it (`using`). */
export interface MemgenCase extends Disposable {
  /** The base model, which is the caller's. */
  readonly model: Model;
  /** The checkpoint. */
  readonly modules: MemgenModules;
  /** expected.json. */
  readonly expected: ExpectedMemgen;
  /** expected.safetensors. */
  readonly tensors: SafetensorsReader;
}

/**
 * Opens `memgen-always` or `memgen-trigger`.
 *
 * @throws As `readJson`, `openSafetensors` and `loadMemgen` for bad files.
 */
export async function openMemgenCase(
  model: Model,
  folder: string,
): Promise<MemgenCase> {
  const expected = readJson(join(folder, "expected.json"), EXPECTED_MEMGEN);
  const checkpoint = join(folder, "checkpoint");
  const modules = await loadMemgen(checkpoint, model.config);
  const tensors = openSafetensors(join(folder, "expected.safetensors"));
  return {
    model,
    modules,
    expected,
    tensors,
    [Symbol.dispose](): void {
      tensors[Symbol.dispose]();
      disposeMemgen(modules);
    },
  };
}
