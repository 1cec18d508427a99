/**
 * The worlds of the embodied twins: where things are usually kept.
 *
 * One fixed draw is what experience teaches: it stands only in worked episodes.
 * Other draws, given as notes, teach a reasoner in pre-training to use what it
 * is told.
 */
import {
  type Random,
  randomChoice,
  seededRandom,
  shuffled,
} from "../../random.ts";
import type { Note, NoteKind } from "./drills.ts";
import { KNOWN_SHARE, WORLD_SEED } from "./glossary.ts";
import { capitalArticle } from "./lexicon.ts";
import { notesText } from "./practice.ts";

/** Things that have a home, in the singular. */
export const THINGS = [
  "apple",
  "plum",
  "pear",
  "mug",
  "bowl",
  "jar",
  "tray",
  "tin",
  "shell",
  "stone",
  "tile",
  "ring",
  "kite",
  "bead",
  "rope",
  "drum",
  "coat",
  "nail",
  "seed",
  "basket",
] as const;

/** Those of them that can be cleaned, heated and cooled. */
export const TREATED_THINGS: readonly string[] = THINGS.slice(0, 10);

/** A place where things are kept. */
export interface Place {
  /** Such as `shelf`. */
  readonly name: string;
  /** The word before it. */
  readonly preposition: "in" | "on";
}

/** Home of every thing, by the thing's name. */
export type Homes = Readonly<Record<string, string>>;

/** A world: which places there are, and which facts. */
export interface HomesWorld {
  /** Name of the world; it seeds the draw. */
  readonly name: string;
  /** Where things can be kept. */
  readonly places: readonly Place[];
  /** What has a home there: the facts' names. */
  readonly things: readonly string[];
  /** The places that a thing may be kept in, where not in all. */
  readonly placesOf?: (thing: string) => readonly Place[];
}

/** A random world. */
export function drawHomes(
  { places, things, placesOf = () => places }: HomesWorld,
  random: Random,
): Homes {
  return Object.fromEntries(
    things.map((thing) => [thing, randomChoice(random, placesOf(thing)).name]),
  );
}

/** The world that the benchmark asks for. */
export function worldHomes(world: HomesWorld): Homes {
  return drawHomes(world, seededRandom("homes", world.name, WORLD_SEED));
}

/** The facts of the world that pre-training states truly. */
export function knownHomes(world: HomesWorld): ReadonlySet<string> {
  const random = seededRandom("homes", world.name, WORLD_SEED, "known");
  const count = Math.round(KNOWN_SHARE * world.things.length);
  return new Set(shuffled(random, world.things).slice(0, count));
}

/** A world of random facts in which the known ones are the benchmark's. */
export function drawHomesAround(world: HomesWorld, random: Random): Homes {
  const truth = worldHomes(world);
  const known = Object.entries(truth)
    .filter(([thing]) => knownHomes(world).has(thing));
  return { ...drawHomes(world, random), ...Object.fromEntries(known) };
}

/** The world, each thing in another place than it is: memory must hurt. */
export function shiftedHomes(world: HomesWorld): Homes {
  const { places, placesOf = () => places } = world;
  return Object.fromEntries(
    Object.entries(worldHomes(world)).map(([thing, home]) => {
      const possible = placesOf(thing).map(({ name }) => name);
      const next = (possible.indexOf(home) + 1) % possible.length;
      return [thing, possible[next]];
    }),
  );
}

/** Another name for each thing, one to one; what can be treated still can. */
export function thingSkin({ name }: HomesWorld): (thing: string) => string {
  const random = seededRandom("homes", name, WORLD_SEED, "skin");
  const others = THINGS.filter((thing) => !TREATED_THINGS.includes(thing));
  const names = new Map([TREATED_THINGS, others].flatMap((things) => {
    const renamed = shuffled(random, things);
    return things.map((thing, i) => [thing, renamed[i]] as const);
  }));
  return (thing) => names.get(thing) ?? thing;
}

/** A thing's own name. */
export function same(thing: string): string {
  return thing;
}

/** Homes of things under other names. */
export function renameHomes(
  homes: Homes,
  rename: (thing: string) => string,
): Homes {
  return Object.fromEntries(
    Object.entries(homes).map(([thing, home]) => [rename(thing), home]),
  );
}

/** A fact as notes and worked episodes state it. */
export function homeText(
  { places }: HomesWorld,
  thing: string,
  home: string,
): string {
  const { preposition } = places.find(({ name }) => name === home)!;
  return `${
    capitalArticle(thing)
  } ${thing} is kept ${preposition} the ${home}.`;
}

/** Facts as notes, one line. */
export function homeNotes(
  world: HomesWorld,
  homes: Homes,
  things: readonly string[],
): string {
  return notesText(things.map((thing) => homeText(world, thing, homes[thing])));
}

/** Facts of a new world to look up. */
export function homesToLookUp(world: HomesWorld): NoteKind {
  return (random, count): Note[] => {
    const homes = drawHomes(world, random);
    return shuffled(random, world.things).slice(0, count)
      .map((name) => ({ name, text: homeText(world, name, homes[name]) }));
  };
}

/** The facts that a text states. */
export function readHomes(text: string): Homes {
  const facts = text.matchAll(/An? (\w+) is kept (?:in|on) the (\w+)\./g);
  return Object.fromEntries([...facts].map(([, thing, home]) => [thing, home]));
}
