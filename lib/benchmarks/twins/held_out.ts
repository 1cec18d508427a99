/** Splits that are disjoint by kind: some combinations are kept from training. */
import { type Random, shuffled } from "../../random.ts";
import type { Split } from "../task.ts";

const TEST_SHARE = 0.3;
const VALID_SHARE = 0.1;

/** Combinations that only the test split holds, and that only validation does. */
export type HeldOut = Readonly<
  Record<"test" | "valid", ReadonlySet<string>>
>;

/** Keeps 30 % of the combinations for the test split, 10 % for validation. */
export function holdOut(random: Random, all: readonly string[]): HeldOut {
  const order = shuffled(random, all);
  const tests = Math.round(TEST_SHARE * all.length);
  const valids = Math.round(VALID_SHARE * all.length);
  return {
    test: new Set(order.slice(0, tests)),
    valid: new Set(order.slice(tests, tests + valids)),
  };
}

/** The split that a problem with these combinations belongs to. */
export function splitOf(
  { test, valid }: HeldOut,
  combinations: readonly string[],
): Split {
  if (combinations.some((each) => test.has(each))) return "test";
  return combinations.some((each) => valid.has(each)) ? "valid" : "train";
}
