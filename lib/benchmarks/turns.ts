/** What a model wrote in its turns. */

/**
 * The last of the turns, where benchmarks look for the answer.
 *
 * @throws {RangeError} If there is none.
 */
export function lastTurn(turns: readonly string[]): string {
  const last = turns.at(-1);
  if (last === undefined) {
    throw new RangeError(
      "Cannot score an answer as it must have a turn: current value is none",
    );
  }
  return last;
}
