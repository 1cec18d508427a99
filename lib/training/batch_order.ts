/** The seeded order in which a run sees its examples. */
import { seededRandom, shuffled } from "../random.ts";

/**
 * Endless batches: pass after pass over the examples, each in its own order; a
 * batch may span two passes.
 *
 * @param seed Of the order.
 * @returns The batch of a step, by the step's index.
 * @throws {RangeError} If there is no example.
 */
export function batchOrder<Row>(
  rows: readonly Row[],
  batchSize: number,
  seed: number,
): (index: number) => Row[] {
  if (rows.length === 0) {
    throw new RangeError(
      "Cannot order examples as there must be one: current value is []",
    );
  }
  // Batches are mostly asked for one after another: the last pass is kept.
  let current = { pass: -1, order: rows };
  function rowAt(place: number): Row {
    const pass = Math.floor(place / rows.length);
    if (pass !== current.pass) {
      const random = seededRandom("batches", seed, pass);
      current = { pass, order: shuffled(random, rows) };
    }
    return current.order[place % rows.length];
  }
  return (index) =>
    Array.from({ length: batchSize }, (_, b) => rowAt(index * batchSize + b));
}
