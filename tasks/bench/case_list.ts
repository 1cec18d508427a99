/** All that `deno task bench` measures, and at which sizes. */
import {
  type BenchCase,
  benchDecoder,
  generationCase,
  trainingCase,
} from "./cases.ts";
import {
  APPENDED,
  memgenGenerationCase,
  memgenTrainingCase,
} from "./memgen_cases.ts";
import { memgenPolicyCase } from "./policy_case.ts";

const SMALL_SIZE = {
  hiddenSize: 128,
  layers: 4,
  heads: 4,
  intermediateSize: 384,
};
const SMALL = benchDecoder("smollm3", SMALL_SIZE);
const LARGE_SIZE = {
  hiddenSize: 256,
  layers: 6,
  heads: 8,
  intermediateSize: 768,
};
const LARGE = benchDecoder("smollm3", LARGE_SIZE);
/** Of the family that MemGen's released code was run with. */
const LARGE_QWEN = benchDecoder("qwen2", LARGE_SIZE);
/** The same family at a size that allows rows of thousands of tokens. */
export const SMALL_QWEN = benchDecoder("qwen2", SMALL_SIZE);

const TRAINING = { rows: 16, length: 128 };
const GENERATION = { promptLength: 64, newTokens: 128 };
const SUPERVISED = { rows: 4, promptLength: 96, answerLength: 128, runs: 2 };

/** What is measured, in this order. */
export const CASES: readonly BenchCase[] = [
  trainingCase(SMALL, { name: "train_0.92M", ...TRAINING, runs: 10 }),
  trainingCase(LARGE, { name: "train_5.4M", ...TRAINING, runs: 3 }),
  trainingCase(LARGE, {
    name: "train_5.4M_bf16",
    ...TRAINING,
    runs: 3,
    precision: "bf16",
  }),
  trainingCase(LARGE, {
    name: "train_5.4M_bf16_autocast",
    ...TRAINING,
    runs: 3,
    precision: "bf16",
    peerPrecision: "bf16",
  }),
  ...[1, 8, 32].map((rows) =>
    generationCase(LARGE_QWEN, {
      name: `generate_${rows}`,
      ...GENERATION,
      rows,
      runs: rows === 1 ? 3 : 1,
    })
  ),
  ...[1, 8, 32].map((rows) =>
    memgenGenerationCase(LARGE_QWEN, {
      name: `memgen_generate_${rows}`,
      ...GENERATION,
      memory: APPENDED,
      rows,
      runs: 1,
    })
  ),
  memgenTrainingCase(LARGE_QWEN, {
    name: "memgen_sft",
    ...SUPERVISED,
    memory: APPENDED,
  }),
  memgenTrainingCase(LARGE_QWEN, {
    name: "memgen_sft_bf16",
    ...SUPERVISED,
    memory: APPENDED,
    precision: "bf16",
  }),
  memgenTrainingCase(LARGE_QWEN, {
    name: "memgen_sft_prepend",
    ...SUPERVISED,
    memory: { ...APPENDED, insertion: "prepend" },
  }),
  memgenPolicyCase(LARGE_QWEN, {
    ...SUPERVISED,
    name: "memgen_grpo",
    memory: APPENDED,
    rows: 8,
    runs: 1,
  }),
];
