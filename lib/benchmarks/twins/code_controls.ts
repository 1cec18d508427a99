/** Other names for the idioms: a control of what is words and what is structure. */
import type { Idioms } from "./idioms.ts";
import { IDIOMS_OF } from "./idioms.ts";
import { ITEMS, VERBS } from "./lexicon.ts";

/**
 * A word of other twins for each idiom, one to one: invented verbs for what is
 * done to a list, things for what is asked of it.
 */
export const SKIN: ReadonlyMap<string, string> = new Map([
  ...IDIOMS_OF.step.map((name, i) => [name, VERBS[i]] as const),
  ...IDIOMS_OF.result.map((name, i) => [name, ITEMS[i]] as const),
]);

/** The same meanings under other names. */
export function renameIdioms(
  idioms: Idioms,
  names: ReadonlyMap<string, string>,
): Idioms {
  return new Map(
    idioms.entries().map(([name, operation]) =>
      [names.get(name)!, operation] as const
    ),
  );
}
