/**
 * The splits of the GSM8K twin: disjoint by kind, not by text.
 *
 * Some pairs of operations that follow one another occur in the test split
 * only, others in validation only; every test problem holds one. All facts
 * and all single operations are seen in training.
 */
import { seededRandom, shuffled } from "../../random.ts";
import type { Split } from "../task.ts";
import { worldGlossary } from "./glossary.ts";
import {
  bigrams,
  drawProblem,
  OPERATIONS,
  type Problem,
  type Signature,
} from "./gsm8k_problem.ts";

/** Problems in each split. */
export const SPLIT_SIZES: Readonly<Record<Split, number>> = {
  train: 4000,
  valid: 400,
  test: 1000,
};

/** Training sizes: all, a quarter, a sixteenth; each part of the one before. */
export const TRAINING_SIZES = [4000, 1000, 250] as const;

/** Operations in a chain. */
export const CHAIN_LENGTHS = [2, 3] as const;

const TEST_SHARE = 0.3;
const VALID_SHARE = 0.1;

/** Pairs that only the test split holds, and pairs that only validation does. */
export const HELD_OUT_BIGRAMS: Readonly<
  Record<"test" | "valid", ReadonlySet<string>>
> = drawHeldOut();

function drawHeldOut(): Record<"test" | "valid", ReadonlySet<string>> {
  const all = OPERATIONS.filter((first) => first !== "sell")
    .flatMap((first) => OPERATIONS.map((second) => `${first}>${second}`));
  const order = shuffled(seededRandom("gsm8k-twin", "bigrams"), all);
  const tests = Math.round(TEST_SHARE * all.length);
  const valids = Math.round(VALID_SHARE * all.length);
  return {
    test: new Set(order.slice(0, tests)),
    valid: new Set(order.slice(tests, tests + valids)),
  };
}

/** The split that a kind of problem belongs to. */
export function splitOf(signature: Signature): Split {
  const { test, valid } = HELD_OUT_BIGRAMS;
  const pairs = bigrams(signature);
  if (pairs.some((pair) => test.has(pair))) return "test";
  return pairs.some((pair) => valid.has(pair)) ? "valid" : "train";
}

/** Problem number `index` of a split, with the facts of the world. */
export function splitProblem(split: Split, index: number): Problem {
  return drawProblem(seededRandom("gsm8k-twin", split, index), {
    glossary: worldGlossary(),
    lengths: CHAIN_LENGTHS,
    accepts: (signature) => splitOf(signature) === split,
  });
}
