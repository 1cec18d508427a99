/** Keeps guesses at chance: where one may be right is drawn before the problem. */
import { randomInt, seededRandom } from "../../random.ts";

/**
 * Whether a guess may be right in problem number `index`: once in so many
 * problems as there are options, so that it is worth no more than chance.
 *
 * @param options How many options there are.
 * @param key Of the split and the guess.
 */
export function isLucky(
  options: number,
  index: number,
  ...key: readonly string[]
): boolean {
  const block = Math.floor(index / options);
  const place = randomInt(seededRandom(...key, "luck", block), options);
  return index % options === place;
}
