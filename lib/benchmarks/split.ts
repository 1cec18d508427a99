/** A choice of tasks that does not depend on their order or on anyone's state. */
import { createHash } from "node:crypto";

/** How many ids to choose, and which of the possible choices. */
export interface ChooseOptions {
  /** How many ids to choose, from 0 to all of them. */
  readonly count: number;
  /** Any integer; another seed gives another choice. */
  readonly seed: number;
}

/**
 * Chooses `count` of the ids: those whose sha256(seed + id) comes first, the
 * seed written in decimal.
 *
 * The same ids and seed give the same choice in any order, and a smaller choice
 * is always part of a larger one. The released code shuffles with the state
 * that NumPy happens to have (data/gsm8k/builder.py:18), so its split cannot be
 * made again; this is our deviation.
 *
 * @param ids Names to choose from, all different.
 * @throws {RangeError} If an id repeats, `count` is not an integer from 0 to
 * the number of ids, or the seed is not an integer.
 */
export function chooseIds(
  ids: readonly string[],
  options: ChooseOptions,
): Set<string> {
  const { count, seed } = options;
  if (!Number.isInteger(count) || count < 0 || count > ids.length) {
    throw new RangeError(
      `Cannot choose ids as count must be an integer from 0 to ${ids.length}: current value is ${count}`,
    );
  }
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(
      `Cannot choose ids as seed must be an integer: current value is ${seed}`,
    );
  }
  const idByHash = new Map<string, string>();
  for (const id of ids) {
    const hash = createHash("sha256").update(`${seed}${id}`).digest("hex");
    if (idByHash.has(hash)) {
      throw new RangeError(
        `Cannot choose ids as they must all differ: current value has ${id} twice`,
      );
    }
    idByHash.set(hash, id);
  }
  return new Set(
    [...idByHash.keys()].sort().slice(0, count).map((hash) =>
      idByHash.get(hash)!
    ),
  );
}
