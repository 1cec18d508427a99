/** What TextWorld says of the things of ALFWorld (data/alfred.twl2). */
import type { Thing } from "./game.ts";

/** Whether PDDL says a trait of a thing. */
export function has({ traits }: Pick<Thing, "traits">, trait: string): boolean {
  return traits.includes(trait);
}

/** What is seen of a whole room. */
export function roomText(things: readonly string[]): string {
  return `You are in the middle of a room. Looking quickly around you, you see ${
    listed(things)
  }.`;
}

/** `a x, a y, and a z`, as TextWorld lists. */
export function listed(items: readonly string[]): string {
  if (items.length === 0) return "nothing";
  if (items.length === 1) return items[0];
  return `${items.slice(0, -1).join(", ")}, and ${items.at(-1)}`;
}

/** What the command `help` tells. */
export const HELP = `Available commands:
  look:                             look around your current location
  inventory:                        check your current inventory
  go to (receptacle):               move to a receptacle
  open (receptacle):                open a receptacle
  close (receptacle):               close a receptacle
  take (object) from (receptacle):  take an object from a receptacle
  move (object) to (receptacle):  place an object in or on a receptacle
  examine (something):              examine a receptacle or an object
  use (object):                     use an object
  heat (object) with (receptacle):  heat an object using a receptacle
  clean (object) with (receptacle): clean an object using a receptacle
  cool (object) with (receptacle):  cool an object using a receptacle
  slice (object) with (object):     slice an object using a sharp object
`;

/** A thing that is looked at closely; `all` are the things of the game. */
export function describeThing(thing: Thing, all: readonly Thing[]): string {
  const { name } = thing;
  if (has(thing, "isreceptacleobject")) {
    const inside = all
      .filter(({ container }) => container === name)
      .map((inner) => `a ${inner.name}`);
    return `This is a normal ${name}. In it, you see ${listed(inside)}.`;
  }
  const isSliced = has(thing, "issliced");
  const isHot = has(thing, "ishot");
  const isCool = has(thing, "iscool");
  const warmth = isHot ? "hot" : isCool ? "cool" : "";
  const adjectives = [
    warmth,
    warmth !== "" && has(thing, "isclean") ? "and" : "",
    has(thing, "isclean") ? "clean" : "",
    isSliced ? "sliced" : "",
  ].filter((word) => word !== "").join(" ");
  if (adjectives === "cool") return `This is a cold ${name}.`;
  if (adjectives !== "" && adjectives !== "sliced") {
    return `This is a ${adjectives} ${name}.`;
  }
  if (has(thing, "toggleable")) {
    return `This ${name} is ${has(thing, "istoggled") ? "on" : "off"}.`;
  }
  return isSliced
    ? `This is a sliced ${name}.`
    : `There's nothing special about ${name}.`;
}
