/** What ALFWorld calls the things of a game. */

/** A name, with what it is made of. */
export interface Named {
  /** Such as `mug 2`. */
  readonly name: string;
  /** Such as `mug`. */
  readonly type: string;
}

/**
 * Names by PDDL id. Things of a type are numbered by sorted id, the last
 * number first: of two mugs, the one whose id sorts first is `mug 2`.
 *
 * An id is `type_bar_place`; one with `basin` in it is of the type's basin.
 * Source: alfworld/agents/utils/misc.py, Demangler, without shuffling.
 */
export function nameThings(ids: Iterable<string>): Map<string, Named> {
  const sorted = [...ids].sort();
  const counts = new Map<string, number>();
  for (const id of sorted) {
    const type = typeOfId(id);
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return new Map(sorted.map((id) => {
    const type = typeOfId(id);
    const number = counts.get(type)!;
    counts.set(type, number - 1);
    return [id, { name: `${type} ${number}`, type }];
  }));
}

function typeOfId(id: string): string {
  const type = id.split("_bar_", 1)[0];
  return id.includes("basin") ? `${type}basin` : type;
}
