/** Choices of tasks that do not depend on their order or on anyone's state. */
import { createHash } from "node:crypto";
import type { Split, Task } from "./task.ts";

/** Part of a train file that is for validation (valid_ratio, gsm8k.yaml:42). */
const VALIDATION_RATIO = 0.1;

/** main.py's seed, although it does not decide the released split. */
const SPLIT_SEED = 42;

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

/**
 * The train or the validation tasks of a train file that is for both:
 * int(n / 10) of them, chosen by hash, are for validation.
 *
 * @param tasks All tasks of the file.
 * @returns Those of the split, in the order of the file.
 * @throws {RangeError} If there are too few tasks for a validation split.
 */
export function selectPart(
  tasks: readonly Task[],
  split: "train" | "valid",
): Task[] {
  const count = Math.trunc(tasks.length * VALIDATION_RATIO);
  if (split === "valid" && count === 0) {
    throw new RangeError(
      `Cannot load ${
        tasks[0].benchmark
      } valid as the train file must have at least 10 rows: current value is ${tasks.length}`,
    );
  }
  const ids = tasks.map((task) => task.id);
  const validation = chooseIds(ids, { count, seed: SPLIT_SEED });
  return tasks.filter((task) =>
    validation.has(task.id) === (split === "valid")
  );
}

/**
 * Tasks chosen by hash, for studies of scarce experience: a smaller choice is
 * always part of a larger one.
 *
 * @returns `count` of the tasks, in their order.
 * @throws {RangeError} If `count` is not an integer from 1 to their number.
 */
export function chooseTasks(tasks: readonly Task[], count: number): Task[] {
  if (!Number.isInteger(count) || count < 1 || count > tasks.length) {
    throw new RangeError(
      `Cannot choose tasks as their number must be an integer from 1 to ${tasks.length}: current value is ${count}`,
    );
  }
  const ids = tasks.map(({ id }) => id);
  const chosen = chooseIds(ids, { count, seed: SPLIT_SEED });
  return tasks.filter(({ id }) => chosen.has(id));
}

/** Which parts of a benchmark's one file are for test and validation. */
export interface SplitRatios {
  /** Part of all tasks that is for the test. */
  readonly test: number;
  /** Part of the others that is for validation. */
  readonly valid: number;
}

/**
 * The tasks of one split, of a file that is for all three: int(n * test) of
 * them, chosen by hash, are for the test, and of the m others int(m * valid)
 * for validation.
 *
 * @param tasks All tasks of the file.
 * @returns Those of the split, in the order of the file.
 * @throws {RangeError} If there are none.
 */
export function selectSplit(
  tasks: readonly Task[],
  split: Split,
  ratios: SplitRatios,
): Task[] {
  const choose = (tasks: readonly Task[], ratio: number) =>
    chooseIds(tasks.map(({ id }) => id), {
      count: Math.trunc(tasks.length * ratio),
      seed: SPLIT_SEED,
    });
  const test = choose(tasks, ratios.test);
  const others = tasks.filter(({ id }) => !test.has(id));
  const valid = choose(others, ratios.valid);
  const part = tasks.filter(({ id }) =>
    split === (test.has(id) ? "test" : valid.has(id) ? "valid" : "train")
  );
  if (part.length > 0) return part;
  throw new RangeError(
    `Cannot load ${
      tasks[0].benchmark
    } ${split} as the file must have more rows: current value is ${tasks.length}`,
  );
}

/**
 * Chooses `count` of the ids by hash, from each group in proportion to its
 * size: first the whole part of its share, then one more for the groups with
 * the largest remainders (of equal ones, the group whose name comes first).
 *
 * @param groups The group of each id.
 * @throws {RangeError} As `chooseIds` does.
 */
export function chooseEvenly(
  groups: ReadonlyMap<string, string>,
  options: ChooseOptions,
): Set<string> {
  const { count, seed } = options;
  const ids = [...groups.keys()];
  chooseIds(ids, { count, seed }); // refuses a bad count or seed
  const members = Map.groupBy(ids, (id) => groups.get(id)!);
  const shares = [...members].map(([group, ids]) => {
    const share = count * ids.length; // times `groups.size`, to be exact
    const remainder = share % groups.size;
    return { group, ids, whole: (share - remainder) / groups.size, remainder };
  }).sort((a, b) => b.remainder - a.remainder || (a.group < b.group ? -1 : 1));
  const missing = count - shares.reduce((sum, { whole }) => sum + whole, 0);
  return new Set(shares.flatMap(({ ids, whole }, rank) => [
    ...chooseIds(ids, { count: whole + (rank < missing ? 1 : 0), seed }),
  ]));
}
